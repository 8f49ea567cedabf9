package nn

import (
	"cmp"
	"fmt"
	"math"

	"sslmem/torch"
)

// Conv is what convolutions over one, two and three dimensions have in common.
// The sizes are the same along all of them.
type Conv struct {
	Weight   *torch.Tensor // [Out, In/Groups, K, …]; of a transposed one [In, Out/Groups, K, …]
	Bias     *torch.Tensor // [Out], or nil
	Stride   int
	Padding  int // zeros around the input
	Dilation int // distance between the inputs of a kernel
	Groups   int // of channels that do not see each other
}

// ConvOptions are the options of convolutions; the zero value means stride 1,
// dilation 1, one group, no padding and, unlike in PyTorch, no bias.
type ConvOptions struct {
	Stride   int // 0 means 1
	Padding  int
	Dilation int // 0 means 1
	Groups   int // 0 means 1; In stands for a depthwise convolution
	Bias     bool
}

// newConv draws PyTorch's default weights: uniform in ±1/√fan-in, weight and
// bias alike.
func newConv(dims, in, out, k int, o ConvOptions, g *torch.Generator) Conv {
	c := Conv{Stride: cmp.Or(o.Stride, 1), Padding: o.Padding, Dilation: cmp.Or(o.Dilation, 1), Groups: cmp.Or(o.Groups, 1)}
	mustDivide("conv", in, out, c.Groups)
	shape := []int{out, in / c.Groups}
	for range dims {
		shape = append(shape, k)
	}
	c.Weight = empty(shape...)
	fanIn, _ := fans("conv", c.Weight)
	bound := 1 / math.Sqrt(float64(fanIn))
	g.Uniform(c.Weight, -bound, bound).RequireGrad(true)
	if o.Bias {
		c.Bias = uniform(g, bound, out)
	}
	return c
}

func mustDivide(op string, in, out, groups int) {
	if groups < 1 || in%groups != 0 || out%groups != 0 {
		panic(&torch.Error{Op: op, Kind: torch.Value,
			Msg: fmt.Sprintf("%d groups do not divide %d and %d channels", groups, in, out)})
	}
}

// Register implements [Module].
func (c *Conv) Register(r *Registry) {
	r.Param("weight", &c.Weight)
	r.Param("bias", &c.Bias)
}

// Conv1d convolves [N, In, L] to [N, Out, L'], as torch.nn.Conv1d.
type Conv1d struct{ Conv }

// NewConv1d returns a convolution with kernels of k elements; see [NewConv2d].
func NewConv1d(in, out, k int, o ConvOptions, g *torch.Generator) *Conv1d {
	return &Conv1d{newConv(1, in, out, k, o, g)}
}

// Forward returns the convolution of x [N, In, L]; see [Conv2d.Forward].
func (c *Conv1d) Forward(x *torch.Tensor) *torch.Tensor {
	return x.Conv1d(c.Weight, c.Bias, []int{c.Stride}, []int{c.Padding}, []int{c.Dilation}, c.Groups)
}

// Conv2d convolves [N, In, H, W] to [N, Out, H', W'], as torch.nn.Conv2d.
type Conv2d struct{ Conv }

// NewConv2d returns a convolution with kernels of k × k pixels and PyTorch's
// default weights: uniform in ±1/√(In/Groups·k²), weight and bias alike (He et
// al. 2015 with a = √5). The same seed of g gives PyTorch's numbers. They are
// float32 root tensors on the CPU; see [To] and [Free]. It panics unless the
// groups divide both numbers of channels.
func NewConv2d(in, out, k int, o ConvOptions, g *torch.Generator) *Conv2d {
	return &Conv2d{newConv(2, in, out, k, o, g)}
}

// Forward returns the convolution of x [N, In, H, W], with zeros around it:
// [N, Out, ⌊(H + 2·Padding − Dilation·(K − 1) − 1)/Stride⌋ + 1, …]. It panics if
// x has another number of channels, dtype or device than the weight, or is
// smaller than the kernel.
func (c *Conv2d) Forward(x *torch.Tensor) *torch.Tensor {
	stride := c.Stride
	if c.overrunsOneDNN() && x.Dim() == 4 {
		// A 1×1 kernel reads every stride-th pixel: taking those first is the same.
		x = x.Slice(2, 0, x.Size(2), stride).Slice(3, 0, x.Size(3), stride)
		stride = 1
	}
	return x.Conv2d(c.Weight, c.Bias, twice(stride), twice(c.Padding), twice(c.Dilation), c.Groups)
}

// overrunsOneDNN reports whether c is a strided 1×1 convolution of few
// channels. Its gradient writes beyond a buffer in oneDNN, libtorch's library
// for CPUs, where the channels lie last and are fewer than a vector holds (8
// with AVX2, 16 with AVX-512): it then hangs or is wrong, in PyTorch too
// (github.com/uxlfoundation/oneDNN/issues/6035, seen with libtorch 2.14.1).
func (c *Conv2d) overrunsOneDNN() bool {
	const vector = 16
	return c.Stride > 1 && c.Padding == 0 && c.Weight.Size(2) == 1 && c.Weight.Size(3) == 1 && c.Weight.Size(1) < vector
}

// Conv3d convolves [N, In, D, H, W] to [N, Out, D', H', W'], as torch.nn.Conv3d.
type Conv3d struct{ Conv }

// NewConv3d returns a convolution with kernels of k × k × k elements; see
// [NewConv2d].
func NewConv3d(in, out, k int, o ConvOptions, g *torch.Generator) *Conv3d {
	return &Conv3d{newConv(3, in, out, k, o, g)}
}

// Forward returns the convolution of x [N, In, D, H, W]; see [Conv2d.Forward].
func (c *Conv3d) Forward(x *torch.Tensor) *torch.Tensor {
	return x.Conv3d(c.Weight, c.Bias, thrice(c.Stride), thrice(c.Padding), thrice(c.Dilation), c.Groups)
}

// ConvTranspose2d maps [N, In, H, W] to [N, Out, H', W'] as the gradient of a
// convolution by its input does, which makes images larger, as
// torch.nn.ConvTranspose2d (Zeiler et al. 2010).
type ConvTranspose2d struct {
	Conv
	OutputPadding int // rows and columns added at the end of the result
}

// ConvTransposeOptions are the options of [NewConvTranspose2d]: ConvOptions,
// and the OutputPadding that tells apart the sizes a strided convolution maps
// to one.
type ConvTransposeOptions struct {
	ConvOptions
	OutputPadding int // less than the stride or the dilation
}

// NewConvTranspose2d returns a transposed convolution with kernels of k × k
// pixels and PyTorch's default weights: uniform in ±1/√(Out/Groups·k²), weight
// and bias alike; see [NewConv2d].
func NewConvTranspose2d(in, out, k int, o ConvTransposeOptions, g *torch.Generator) *ConvTranspose2d {
	c := newConv(2, out, in, k, ConvOptions{Stride: o.Stride, Padding: o.Padding, Dilation: o.Dilation, Groups: o.Groups}, g)
	if o.Bias {
		fanIn, _ := fans("conv", c.Weight)
		c.Bias = uniform(g, 1/math.Sqrt(float64(fanIn)), out)
	}
	return &ConvTranspose2d{c, o.OutputPadding}
}

// Forward returns the transposed convolution of x [N, In, H, W]:
// [N, Out, (H − 1)·Stride − 2·Padding + Dilation·(K − 1) + OutputPadding + 1, …].
// It panics if x has another number of channels, dtype or device than the
// weight.
func (c *ConvTranspose2d) Forward(x *torch.Tensor) *torch.Tensor {
	return x.ConvTranspose2d(c.Weight, c.Bias, twice(c.Stride), twice(c.Padding), twice(c.OutputPadding), c.Groups, twice(c.Dilation))
}

func twice(n int) []int  { return []int{n, n} }
func thrice(n int) []int { return []int{n, n, n} }
