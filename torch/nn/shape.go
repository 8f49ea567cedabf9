package nn

import (
	"slices"

	"sslmem/torch"
)

// Flatten joins all dimensions but the first: [N, C, H, W] to [N, C·H·W].
type Flatten struct{ Stateless }

// Forward returns x as [N, D]. It panics for a scalar.
func (Flatten) Forward(x *torch.Tensor) *torch.Tensor { return x.Flatten(1, -1) }

// Unflatten splits dimension Dim into dimensions of the given Sizes, of which
// one may be −1.
type Unflatten struct {
	Stateless
	Dim   int // negative ones count from the end
	Sizes []int
}

// Forward returns x with dimension Dim split. It panics if the Sizes do not
// multiply to its size.
func (u Unflatten) Forward(x *torch.Tensor) *torch.Tensor {
	shape, dim := x.Shape(), u.Dim
	x.Size(dim) // panics if there is none
	if dim < 0 {
		dim += len(shape)
	}
	return x.Reshape(slices.Concat(shape[:dim], u.Sizes, shape[dim+1:]))
}

// UpsampleMode says how [Upsample] fills the pixels between.
type UpsampleMode int

const (
	Nearest  UpsampleMode = iota // the pixel that is there
	Bilinear                     // between four pixels
)

// Upsample makes images Scale times as large along both sides, as
// torch.nn.Upsample with align_corners=False.
type Upsample struct {
	Stateless
	Scale int
	Mode  UpsampleMode
}

// Forward returns x [N, C, H, W] as [N, C, Scale·H, Scale·W].
func (u Upsample) Forward(x *torch.Tensor) *torch.Tensor {
	size := []int{u.Scale * x.Size(2), u.Scale * x.Size(3)}
	if u.Mode == Bilinear {
		return x.UpsampleBilinear2d(size, false)
	}
	return x.UpsampleNearest2d(size)
}

// PixelShuffle turns channels into pixels, as torch.nn.PixelShuffle (Shi et al.
// 2016).
type PixelShuffle struct {
	Stateless
	Factor int
}

// Forward returns x [N, C·Factor², H, W] as [N, C, Factor·H, Factor·W]. It
// panics if Factor² does not divide the channels.
func (p PixelShuffle) Forward(x *torch.Tensor) *torch.Tensor { return x.PixelShuffle(p.Factor) }

// PatchEmbed cuts images into squares and maps each to a vector, the first
// layer of a vision transformer (Dosovitskiy et al. 2021), with timm's names.
type PatchEmbed struct{ Proj *Conv2d }

// NewPatchEmbed returns an embedding of patch × patch pixels into dim numbers,
// drawn like [NewConv2d].
func NewPatchEmbed(in, dim, patch int, g *torch.Generator) *PatchEmbed {
	return &PatchEmbed{NewConv2d(in, dim, patch, ConvOptions{Stride: patch, Bias: true}, g)}
}

// Forward returns a vector for each patch of x [N, In, H, W], row by row:
// [N, H/patch·W/patch, Dim]. What is left at the right and at the bottom is
// dropped.
func (p *PatchEmbed) Forward(x *torch.Tensor) *torch.Tensor {
	return p.Proj.Forward(x).Flatten(2, -1).Transpose(1, 2)
}

// Register implements [Module].
func (p *PatchEmbed) Register(r *Registry) { r.Module("proj", p.Proj) }
