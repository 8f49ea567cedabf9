package ssl

import (
	"math"
	"testing"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// Two dimensions that tell nothing of each other: views that agree are perfect, views
// that are opposite are off by 2 in each, and constant ones correlate with nothing. A
// dimension that is there twice has two correlations of 1 too many.
func TestCrossCorrelation(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	rows := func(x ...float64) *torch.Tensor { return torch.FromSlice(s, x, len(x)/2, 2) }
	x := rows(1e3, 1e3, 1e3, -1e3, -1e3, 1e3, -1e3, -1e3)
	twice := rows(1e3, 1e3, 1e3, 1e3, -1e3, -1e3, -1e3, -1e3)
	for name, c := range map[string]struct {
		y                    *torch.Tensor
		diagonal, redundancy float64
	}{
		"same": {x, 0, 0}, "larger": {x.MulScalar(3).AddScalar(5), 0, 0}, "opposite": {x.Neg(), 8, 0},
		"constant": {x.MulScalar(0).AddScalar(7), 2, 0}, "twice": {twice, 1, 1},
	} {
		diagonal, redundancy := CrossCorrelation(x, c.y)
		if got := diagonal.Item(); math.Abs(got-c.diagonal) > 1e-9 {
			t.Errorf("%s: diagonal %v, want %v", name, got, c.diagonal)
		}
		if got := redundancy.Item(); math.Abs(got-c.redundancy) > 1e-9 {
			t.Errorf("%s: redundancy %v, want %v", name, got, c.redundancy)
		}
	}
	if _, got := CrossCorrelation(twice, twice); math.Abs(got.Item()-2) > 1e-9 {
		t.Errorf("a dimension that is there twice: redundancy %v, want 2", got.Item())
	}
}

// The fixtures are of both codes: the authors', with views that go through the
// networks by themselves, more dimensions than images and a learning rate of its own
// for biases and norms, and that with a scaled loss.
func barlowParity(forward Forward) parityCase {
	c := parityCase{
		name: "barlow", perEpoch: 5, gradients: 5e-3, // they are of order 50
		recipe: parityRecipe("barlow",
			Optimizer{
				Name: "lars", LR: .5, WarmupEpochs: 1, Momentum: .9, WeightDecay: 1e-4,
				ExcludeBiasAndNorm: true, BiasLRScale: .1, TrustCoefficient: .02,
			},
			map[string]any{"projector": []int{16, 16, 12}}),
	}
	if c.recipe.Forward = forward; forward == Joint {
		c.name = "barlow-joint"
		c.recipe.Options = map[string]any{"projector": []int{16, 6}, "scale_loss": .1}
		c.recipe.Optimizer.BiasLRScale = 0
	}
	return c
}

func TestBarlowTwinsAgainstPyTorch(t *testing.T)         { barlowParity(Split).run(t) }
func TestBarlowTwinsFixtureIsPyTorchs(t *testing.T)      { barlowParity(Split).remake(t) }
func TestBarlowTwinsJointAgainstPyTorch(t *testing.T)    { barlowParity(Joint).run(t) }
func TestBarlowTwinsJointFixtureIsPyTorchs(t *testing.T) { barlowParity(Joint).remake(t) }

// For LARS a factor of the loss is one of the learning rate of biases and norms, as
// the documentation of ScaleLoss says.
func TestScaledLossScalesBiases(t *testing.T) {
	torchtest.NoLeak(t)
	train := func(lossScale, biasScale float64) *Engine {
		c := barlowParity(Split)
		c.recipe = c.recipe.With("scale_loss", lossScale)
		c.recipe.Optimizer.BiasLRScale, c.recipe.Optimizer.WeightDecay = biasScale, 0
		e, err := NewEngine(c.recipe, EngineOptions{Channels: 1, PerEpoch: 1, double: true})
		if err != nil {
			t.Fatal(err)
		}
		for step := range 3 {
			e.take(1, func(s *torch.Scope, _ int) Batch { return c.batch(s, e, step) })
		}
		return e
	}
	a, b := train(.1, 1), train(1, .1)
	defer a.Free()
	defer b.Free()
	want := map[string]*torch.Tensor{}
	for name, p := range nn.Parameters(b.Trainer) {
		want[name] = p
	}
	for name, p := range nn.Parameters(a.Trainer) {
		torchtest.AllClose(t, p, want[name], 1e-9, 1e-9)
	}
}

func TestBarlowTwinsRefuses(t *testing.T) {
	refuses(t, "barlow", map[string]map[string]any{
		"projector is empty":                   {"projector": []int{}},
		"lambda is -1 but":                     {"lambda": -1},
		"scale_loss is 0 but must be a number": {"scale_loss": 0},
		`did you mean "lambda"`:                {"lambd": 1},
	})
}
