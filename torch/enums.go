package torch

// A Reduction says what becomes of the losses of single elements. The numbers
// are those of at::Reduction.
type Reduction int

const (
	ReduceNone Reduction = 0 // keep one loss for each element
	ReduceMean Reduction = 1 // return their mean, a weighted one where there are weights
	ReduceSum  Reduction = 2 // return their sum
)

// An Interpolation says how [Tensor.GridSampler] reads between pixels. The
// numbers are ATen's.
type Interpolation int

const (
	Bilinear Interpolation = 0 // weigh the four pixels around
	Nearest  Interpolation = 1 // take the nearest pixel
	Bicubic  Interpolation = 2 // weigh the sixteen pixels around by cubics
)

// A GridPadding says what [Tensor.GridSampler] finds outside the image. The
// numbers are ATen's.
type GridPadding int

const (
	PadZeros      GridPadding = 0 // zero
	PadBorder     GridPadding = 1 // the nearest pixel of the border
	PadReflection GridPadding = 2 // the image, mirrored at the border
)
