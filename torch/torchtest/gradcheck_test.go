package torchtest_test

import (
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// Right functions pass; one whose graph is not its value, and a kink, do not.
func TestGradCheck(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float64{.5, -1, 2}).RequireGrad(true)
	y := torch.FromSlice(s, []float64{1.5, .25, -.75}).RequireGrad(true)
	kink := torch.FromSlice(s, []float64{1, 0}).RequireGrad(true)
	for _, c := range []struct {
		name, report string
		fn           func() []*torch.Tensor
		inputs       []*torch.Tensor
	}{
		{"product", "", func() []*torch.Tensor { return []*torch.Tensor{x.Mul(y).Exp()} }, []*torch.Tensor{x, y}},
		{"two results", "", func() []*torch.Tensor { return []*torch.Tensor{x.Mul(x), y.Gt(x), y.Sigmoid()} }, []*torch.Tensor{x, y}},
		{"constant", "", func() []*torch.Tensor { return []*torch.Tensor{x.Sign()} }, []*torch.Tensor{x}},
		{"half a gradient", "the gradient by element [0] of input 0", func() []*torch.Tensor { return []*torch.Tensor{x.Detach().Mul(x)} }, []*torch.Tensor{x}},
		{"a gradient lost", "of input 1 is 0", func() []*torch.Tensor { return []*torch.Tensor{x.Mul(y.Detach())} }, []*torch.Tensor{x, y}},
		{"kink", "the gradient by element [1] of input 0", func() []*torch.Tensor { return []*torch.Tensor{kink.Relu()} }, []*torch.Tensor{kink}},
	} {
		t.Run(c.name, func(t *testing.T) {
			expect(t, c.report, func(r *recorder) { torchtest.GradCheck(r, c.fn, c.inputs...) })
		})
	}
	if x.Grad() != nil {
		t.Error("GradCheck left a gradient behind")
	}
}
