package nn

import (
	"cmp"

	"sslmem/torch"
)

// Activations are plain values; the zero value has PyTorch's defaults. They map
// a tensor of any shape to one of the same shape and hold no parameters.

// ReLU is max(x, 0) as a layer. InPlace overwrites x, which saves memory where
// nothing else needs x: behind a batch norm, not behind a sigmoid.
type ReLU struct {
	Stateless
	InPlace bool
}

// Forward returns max(x, 0).
func (l ReLU) Forward(x *torch.Tensor) *torch.Tensor {
	if l.InPlace {
		return x.ReluInPlace()
	}
	return x.Relu()
}

// LeakyReLU is x where that is positive, and NegativeSlope·x elsewhere.
type LeakyReLU struct {
	Stateless
	NegativeSlope float64 // 0 means PyTorch's 0.01
}

// Forward returns the activation of x.
func (l LeakyReLU) Forward(x *torch.Tensor) *torch.Tensor {
	return x.LeakyRelu(cmp.Or(l.NegativeSlope, .01))
}

// ELU is x where that is positive, and Alpha·(eˣ − 1) elsewhere (Clevert et al.
// 2016).
type ELU struct {
	Stateless
	Alpha float64 // 0 means PyTorch's 1
}

// Forward returns the activation of x.
func (l ELU) Forward(x *torch.Tensor) *torch.Tensor { return x.Elu(cmp.Or(l.Alpha, 1)) }

// GELU is x·Φ(x), with the normal distribution Φ (Hendrycks and Gimpel 2016), or
// its approximation by a hyperbolic tangent, PyTorch's approximate='tanh'.
type GELU struct {
	Stateless
	Tanh bool
}

// Forward returns the activation of x.
func (l GELU) Forward(x *torch.Tensor) *torch.Tensor {
	if l.Tanh {
		return x.GeluTanh()
	}
	return x.Gelu()
}

// SiLU is x·sigmoid(x), also called swish.
type SiLU struct{ Stateless }

// Forward returns the activation of x.
func (SiLU) Forward(x *torch.Tensor) *torch.Tensor { return x.Silu() }

// Sigmoid is 1/(1 + e⁻ˣ).
type Sigmoid struct{ Stateless }

// Forward returns the activation of x.
func (Sigmoid) Forward(x *torch.Tensor) *torch.Tensor { return x.Sigmoid() }

// Tanh is the hyperbolic tangent.
type Tanh struct{ Stateless }

// Forward returns the activation of x.
func (Tanh) Forward(x *torch.Tensor) *torch.Tensor { return x.Tanh() }

// Softmax makes the elements along Dim positive with the sum 1. Losses such as
// [torch.Tensor.CrossEntropy] take logits and need none.
type Softmax struct {
	Stateless
	Dim int
}

// Forward returns the softmax of x. It panics if x has no dimension Dim.
func (l Softmax) Forward(x *torch.Tensor) *torch.Tensor { return x.Softmax(l.Dim) }

// LogSoftmax is the logarithm of [Softmax].
type LogSoftmax struct {
	Stateless
	Dim int
}

// Forward returns the logarithm of the softmax of x. It panics if x has no
// dimension Dim.
func (l LogSoftmax) Forward(x *torch.Tensor) *torch.Tensor { return x.LogSoftmax(l.Dim) }
