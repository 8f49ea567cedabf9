package nn_test

import (
	"math"
	"testing"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// Masks mean what they mean in PyTorch, alone and together, and queries may
// come from other elements than keys and values.
func TestAttentionMasksAgainstPyTorch(t *testing.T) {
	fixture := torchtest.Fixture(t, layersFile)
	masks := torchtest.Group(fixture, "masks")
	g := torch.NewGenerator(0, torch.CPU)
	masked := func(m nn.AttentionMask) func(a *nn.MultiheadAttention, x *torch.Tensor) *torch.Tensor {
		return func(a *nn.MultiheadAttention, x *torch.Tensor) *torch.Tensor { return a.Attend(x, x, x, m) }
	}
	for name, forward := range map[string]func(a *nn.MultiheadAttention, x *torch.Tensor) *torch.Tensor{
		"multihead hidden":    masked(nn.AttentionMask{AttnMask: masks["hidden"]}),
		"multihead padded":    masked(nn.AttentionMask{KeyPaddingMask: masks["padding"]}),
		"multihead causal":    masked(nn.AttentionMask{IsCausal: true}),
		"multihead all masks": masked(nn.AttentionMask{AttnMask: masks["added"], KeyPaddingMask: masks["padding"], IsCausal: true}),
		"multihead cross": func(a *nn.MultiheadAttention, x *torch.Tensor) *torch.Tensor {
			return a.Attend(x.Slice(1, 0, 2, 1), x.Slice(1, 1, 4, 1), x.Slice(1, 2, 5, 1), nn.AttentionMask{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			torchtest.NoLeak(t)
			a := nn.NewMultiheadAttention(6, 2, nn.AttentionOptions{Bias: true}, g)
			defer nn.Free(a)
			checkCase(t, a, func(x *torch.Tensor) *torch.Tensor { return forward(a, x) }, torchtest.Group(fixture, name), torch.ContiguousFormat)
		})
	}
	t.Run("encoder padded", func(t *testing.T) {
		torchtest.NoLeak(t)
		l := nn.NewTransformerEncoderLayer(6, 3, nn.TransformerOptions{DimFeedforward: 8}, g)
		defer nn.Free(l)
		checkCase(t, l, func(x *torch.Tensor) *torch.Tensor {
			return l.ForwardMasked(x, nn.AttentionMask{KeyPaddingMask: masks["padding"]})
		}, torchtest.Group(fixture, "encoder padded"), torch.ContiguousFormat)
	})
}

// Dropping weights with probability zero, step by step, is the fused attention;
// so is the mean over many masks.
func TestAttentionDropout(t *testing.T) {
	torchtest.NoLeak(t)
	g := torch.NewGenerator(1, torch.CPU)
	const dim, heads, samples = 4, 2, 4000
	a := nn.NewAttention(dim, heads, nn.AttentionOptions{Bias: true, Dropout: .3}, g)
	defer nn.Free(a)
	s := torch.NewScope()
	defer s.Close()
	x := g.Randn(s, []int{1, 3, dim}, torch.Float32)
	torch.NoGrad(func() {
		many := a.Forward(x.Expand([]int{samples, -1, -1}))
		nn.SetTraining(a, false)
		want := a.Forward(x)
		mean, std := many.MeanDim([]int{0}, true), many.Std([]int{0}, 1, true)
		if spread := std.Amin(nil, false).Item(); spread < 1e-3 {
			t.Errorf("the results have a deviation of %v only", spread)
		}
		z := mean.Sub(want).Abs().Div(std).MulScalar(math.Sqrt(samples)).Amax(nil, false).Item()
		if z > 5 {
			t.Errorf("the mean is %v standard errors off", z)
		}
	})
}

// Queries do not see what a causal mask hides, with dropout too.
func TestCausalAttention(t *testing.T) {
	torchtest.NoLeak(t)
	for _, dropout := range []float64{0, .5} {
		g := torch.NewGenerator(1, torch.CPU)
		a := nn.NewMultiheadAttention(4, 1, nn.AttentionOptions{Dropout: dropout}, g)
		s := torch.NewScope()
		x := g.Randn(s, []int{1, 5, 4}, torch.Float32).RequireGrad(true)
		y := a.Attend(x, x, x, nn.AttentionMask{IsCausal: true})
		y.Select(1, 2).Sum().Backward()
		if later := x.Grad().Slice(1, 3, 5, 1).Abs().Sum().Item(); later != 0 {
			t.Errorf("dropout %v: position 2 depends on later ones, gradient %v", dropout, later)
		}
		s.Close()
		nn.Free(a)
	}
}
