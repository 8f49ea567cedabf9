package nn

import (
	"math"

	"sslmem/torch"
)

// Linear maps [N, In], or [N, L, In], … to [N, Out], …, as torch.nn.Linear.
type Linear struct {
	Weight *torch.Tensor // [Out, In]
	Bias   *torch.Tensor // [Out], or nil
}

// NewLinear returns a linear layer with PyTorch's default weights: uniform in
// ±1/√In, weight and bias alike, float32 root tensors on the CPU.
func NewLinear(in, out int, bias bool, g *torch.Generator) *Linear {
	bound := 1 / math.Sqrt(float64(in))
	l := &Linear{Weight: uniform(g, bound, out, in)}
	if bias {
		l.Bias = uniform(g, bound, out)
	}
	return l
}

// Forward returns x · Weightᵀ + Bias. It panics if the last dimension of x is
// not In.
func (l *Linear) Forward(x *torch.Tensor) *torch.Tensor { return x.Linear(l.Weight, l.Bias) }

// Register implements [Module].
func (l *Linear) Register(r *Registry) {
	r.Param("weight", &l.Weight)
	r.Param("bias", &l.Bias)
}
