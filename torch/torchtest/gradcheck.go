package torchtest

import (
	"math"
	"testing"

	"sslmem/torch"
)

// GradCheck makes the test fail unless the gradients that autograd finds agree
// with differences of the function's values. fn computes its tensors from the
// inputs, which are float64 leaves on the CPU that require gradients; it is
// called many times and must give the same values for the same inputs. What
// is differentiated is a weighted sum of all floating-point elements of its
// results, the parts of complex ones included.
//
// Each element of an input is moved by h = 10⁻⁵ either way; the central
// difference must be within 10⁻⁶ + 10⁻⁵·|gradient| of the gradient. So the
// function must be smooth around the inputs: no kinks, ties or jumps within h.
func GradCheck(t testing.TB, fn func() []*torch.Tensor, inputs ...*torch.Tensor) {
	t.Helper()
	s := torch.NewScope()
	defer s.Close()
	for _, x := range inputs {
		x.SetGrad(nil)
		defer x.SetGrad(nil)
	}
	if l := weightedSum(s, fn()); l != nil && l.RequiresGrad() {
		l.Backward()
	}
	value := func() (v float64) {
		torch.NoGrad(func() {
			in := torch.NewScope()
			defer in.Close()
			if l := weightedSum(in, fn()); l != nil {
				v = l.Item()
			}
		})
		return v
	}
	const h = 1e-5
	for n, x := range inputs {
		got := make([]float64, x.Numel())
		if g := x.Grad(); g != nil {
			got = torch.ToSlice[float64](g)
			g.Free()
		}
		want := make([]float64, len(got))
		elements := torch.Data[float64](x)
		for i, at := range elements {
			elements[i] = at + h
			above := value()
			elements[i] = at - h
			want[i] = (above - value()) / (2 * h)
			elements[i] = at
		}
		for i := range want {
			if !(math.Abs(got[i]-want[i]) <= 1e-6+1e-5*math.Abs(got[i])) {
				t.Errorf("the gradient by element %v of input %d is %v, differences say %v", position(i, x.Shape()), n, got[i], want[i])
				break
			}
		}
	}
}

// weightedSum adds up the floating-point elements of the results with weights
// between 1 and 2, so that no two errors cancel; nil if there is none.
func weightedSum(s *torch.Scope, results []*torch.Tensor) *torch.Tensor {
	var sum *torch.Tensor
	for k, y := range results {
		if y.DType().IsComplex() {
			y = y.ViewAsReal()
		}
		if !y.DType().IsFloating() {
			continue
		}
		w := make([]float64, y.Numel())
		for i := range w {
			_, part := math.Modf(float64(i+1)*math.Phi + float64(k)/7)
			w[i] = 1 + part
		}
		l := s.Use(y).Mul(torch.FromSlice(s, w, y.Shape()...)).Sum()
		if sum != nil {
			l = l.Add(sum)
		}
		sum = l
	}
	return sum
}
