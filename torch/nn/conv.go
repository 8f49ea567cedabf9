package nn

import (
	"math"

	"sslmem/torch"
)

// Conv2d convolves [N, In, H, W] to [N, Out, H', W'], as torch.nn.Conv2d.
type Conv2d struct {
	Weight  *torch.Tensor // [Out, In, K, K]
	Bias    *torch.Tensor // [Out], or nil
	Stride  int
	Padding int
}

// ConvOptions are the options of [NewConv2d]; the zero value means stride 1,
// no padding and no bias.
type ConvOptions struct {
	Stride  int // 0 means 1
	Padding int
	Bias    bool
}

// NewConv2d returns a convolution with kernels of k × k pixels and PyTorch's
// default weights: uniform in ±1/√(In·k²), weight and bias alike (He et al.
// 2015 with a = √5). The same seed of g gives PyTorch's numbers. They are
// float32 root tensors on the CPU; see [To] and [Free].
func NewConv2d(in, out, k int, o ConvOptions, g *torch.Generator) *Conv2d {
	bound := 1 / math.Sqrt(float64(in*k*k))
	c := &Conv2d{Weight: uniform(g, bound, out, in, k, k), Stride: max(o.Stride, 1), Padding: o.Padding}
	if o.Bias {
		c.Bias = uniform(g, bound, out)
	}
	return c
}

// Forward returns the convolution of x [N, In, H, W], with zeros around it:
// [N, Out, (H + 2·Padding − K)/Stride + 1, …]. It panics if x has another
// number of channels, dtype or device than the weight, or is smaller than the
// kernel.
func (c *Conv2d) Forward(x *torch.Tensor) *torch.Tensor {
	stride := c.Stride
	if c.overrunsOneDNN() && x.Dim() == 4 {
		// A 1×1 kernel reads every stride-th pixel: taking those first is the same.
		x = x.Slice(2, 0, x.Size(2), stride).Slice(3, 0, x.Size(3), stride)
		stride = 1
	}
	return x.Conv2d(c.Weight, c.Bias, []int{stride, stride}, []int{c.Padding, c.Padding}, nil, 1)
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

// Register implements [Module].
func (c *Conv2d) Register(r *Registry) {
	r.Param("weight", &c.Weight)
	r.Param("bias", &c.Bias)
}

// uniform draws a parameter from ±bound.
func uniform(g *torch.Generator, bound float64, shape ...int) *torch.Tensor {
	t := torch.Root.Empty(shape, torch.Float32, torch.CPU)
	return g.Uniform(t, -bound, bound).RequireGrad(true)
}
