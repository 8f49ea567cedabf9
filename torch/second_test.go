package torch_test

import (
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// clippedExp is exp(min(x, 1)), with the derivative 0 above 1.
type clippedExp struct{}

func (clippedExp) Forward(ctx *torch.FunctionContext, in []*torch.Tensor) []*torch.Tensor {
	y := in[0].Clamp(-1e9, 1).Exp()
	ctx.SaveForBackward(in[0], y)
	return []*torch.Tensor{y}
}

func (clippedExp) Backward(ctx *torch.FunctionContext, grads []*torch.Tensor) []*torch.Tensor {
	saved := ctx.SavedTensors()
	x, y := saved[0], saved[1]
	return []*torch.Tensor{grads[0].Mul(y).Mul(x.Le(torch.Scalar(x.Scope(), 1.0)).ToDType(x.DType()))}
}

const secondFixture = "testdata/second.safetensors"

// TestGradientPenalty compares second derivatives through a convolution,
// BatchNorm, a Function, a linear layer and a penalty with PyTorch's.
func TestGradientPenalty(t *testing.T) {
	noCallback(t)
	s := torch.NewScope()
	defer s.Close()
	want := torchtest.Fixture(t, secondFixture)
	leaf := func(name string) *torch.Tensor { return s.Use(want[name]).Detach().RequireGrad(true) }
	names := []string{"x", "conv", "scale", "shift", "linear"}
	leaves := map[string]*torch.Tensor{}
	for _, name := range names {
		leaves[name] = leaf(name)
	}
	x := leaves["x"]
	h := x.Conv2d(leaves["conv"], nil, []int{1, 1}, []int{1, 1}, []int{1, 1}, 1)
	h = h.BatchNorm(leaves["scale"], leaves["shift"], nil, nil, true, 0.1, 1e-5, false).Gelu()
	h = torch.Apply(clippedExp{}, h)[0].MeanDim([]int{2, 3}, false)
	y := h.Linear(leaves["linear"], nil).Tanh()
	first := torch.Gradients(y.Sum(), []*torch.Tensor{x}, true)[0]
	loss := y.Mul(y).Mean().Add(first.Mul(first).Mean())
	loss.Backward()
	torchtest.AllClose(t, loss, want["loss"], 1e-12, 0)
	torchtest.AllClose(t, first, want["first"], 1e-10, 1e-12)
	for _, name := range names {
		torchtest.AllClose(t, leaves[name].Grad(), want[name+".grad"], 1e-9, 1e-12)
	}
}

func TestGradientPenaltyRemake(t *testing.T) {
	torchtest.Remake(t, "testdata/make_autograd.py", secondFixture, 1e-9, 1e-12)
}
