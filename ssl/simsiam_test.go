package ssl

import (
	"math"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// The angles of (1, 0) with (3, 4) and of (0, 2) with (0, −1) have cosines .6 and −1.
func TestNegativeCosine(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	p := torch.FromSlice(s, []float64{1, 0, 0, 2}, 2, 2)
	z := torch.FromSlice(s, []float64{3, 4, 0, -1}, 2, 2)
	if got, want := NegativeCosine(p, z).Item(), -(.6-1)/2; math.Abs(got-want) > 1e-12 {
		t.Errorf("%v, want %v", got, want)
	}
	if got := NegativeCosine(p, p.MulScalar(7)).Item(); math.Abs(got+1) > 1e-12 {
		t.Errorf("equal directions give %v, want −1", got)
	}
}

// The gradient is that of the prediction alone.
func TestNegativeCosineStopsTheGradient(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	p := torch.FromSlice(s, []float64{1, 0}, 1, 2).RequireGrad(true)
	z := torch.FromSlice(s, []float64{3, 4}, 1, 2).RequireGrad(true)
	NegativeCosine(p, z).Backward()
	if z.Grad() != nil {
		t.Error("the target has a gradient")
	}
	// −d(p·z/‖p‖‖z‖)/dp = −(z/‖z‖ − cos·p/‖p‖)/‖p‖
	torchtest.AllClose(t, s.Use(p.Grad()), torch.FromSlice(s, []float64{0, -.8}, 1, 2), 1e-12, 0)
}

func simsiamParity(forward Forward) parityCase {
	c := parityCase{
		name: "simsiam", perEpoch: 5,
		recipe: parityRecipe("simsiam", Optimizer{Name: "sgd", LR: .05, WarmupEpochs: 1, Momentum: .9, WeightDecay: 1e-4},
			map[string]any{"projector": []int{16, 16, 8}, "predictor": []int{4, 8}}),
	}
	if c.recipe.Forward = forward; forward == Split {
		c.name = "simsiam-split"
	}
	return c
}

func TestSimSiamAgainstPyTorch(t *testing.T)         { simsiamParity(Joint).run(t) }
func TestSimSiamFixtureIsPyTorchs(t *testing.T)      { simsiamParity(Joint).remake(t) }
func TestSimSiamSplitAgainstPyTorch(t *testing.T)    { simsiamParity(Split).run(t) }
func TestSimSiamSplitFixtureIsPyTorchs(t *testing.T) { simsiamParity(Split).remake(t) }

// Without fix_pred_lr no learning rate is constant.
func TestSimSiamPredictorRate(t *testing.T) {
	for _, fix := range []bool{true, false} {
		r := simsiamParity(Joint).recipe.With("fix_pred_lr", fix)
		m, err := New(r, 1, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(m.(ConstantRater).ConstantLR()) > 0; got != fix {
			t.Errorf("fix_pred_lr %v: constant %v", fix, got)
		}
		Free(m)
	}
}

func TestSimSiamRefuses(t *testing.T) {
	refuses(t, "simsiam", map[string]map[string]any{
		"projector is empty":                {"projector": []int{}},
		"every layer must have between 1":   {"predictor": []int{0, 2048}},
		"predictor ends with 512 units but": {"predictor": []int{512}},
		`did you mean "fix_pred_lr"`:        {"fix_pred_rl": true},
	})
}
