package ssl

import (
	"math"
	"testing"

	"sslmem/torch"
)

// Along (1, 1) and back: each variance is 2, and so is the covariance. A second pair
// of dimensions that is constant adds nothing but its hinge.
func TestVICRegTerms(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	for _, c := range []struct {
		z                 []float64
		columns           int
		hinge, covariance float64
	}{
		{[]float64{1, 1, -1, -1}, 2, 0, 2 * 4 / 2.},
		{[]float64{1, 1, 5, 6, -1, -1, 5, 6}, 4, .99 / 2, 2 * 4 / 4.},
		{[]float64{.3, 0, -.3, 0}, 2, (1 - math.Sqrt(.18+1e-4) + .99) / 2, 0},
		{[]float64{3, 0, 0, 2, -3, 0, 0, -2}, 2, 0, 0},
	} {
		z := torch.FromSlice(s, c.z, len(c.z)/c.columns, c.columns)
		if got := VarianceHinge(z).Item(); math.Abs(got-c.hinge) > 1e-12 {
			t.Errorf("%v: variance %v, want %v", c.z, got, c.hinge)
		}
		if got := CovariancePenalty(z).Item(); math.Abs(got-c.covariance) > 1e-12 {
			t.Errorf("%v: covariance %v, want %v", c.z, got, c.covariance)
		}
	}
}

// The fixtures are of both codes: the authors' with views that go through the
// networks by themselves and more dimensions than images, and that with a sum of
// variances.
func vicregParity(forward Forward) parityCase {
	c := parityCase{
		name: "vicreg", perEpoch: 5, gradients: 5e-3, // they are of order 50
		recipe: parityRecipe("vicreg",
			Optimizer{Name: "lars", LR: .5, WarmupEpochs: 1, Momentum: .9, WeightDecay: 1e-4, ExcludeBiasAndNorm: true, TrustCoefficient: .02},
			map[string]any{"projector": []int{16, 16, 12}}),
	}
	if c.recipe.Forward = forward; forward == Joint {
		c.name = "vicreg-joint"
		c.recipe.Options = map[string]any{"projector": []int{16, 6}, "std_reduction": "sum"}
	}
	return c
}

func TestVICRegAgainstPyTorch(t *testing.T)         { vicregParity(Split).run(t) }
func TestVICRegFixtureIsPyTorchs(t *testing.T)      { vicregParity(Split).remake(t) }
func TestVICRegJointAgainstPyTorch(t *testing.T)    { vicregParity(Joint).run(t) }
func TestVICRegJointFixtureIsPyTorchs(t *testing.T) { vicregParity(Joint).remake(t) }

func TestVICRegRefuses(t *testing.T) {
	refuses(t, "vicreg", map[string]map[string]any{
		"projector is empty":        {"projector": []int{}},
		"std_coeff is -1 but":       {"std_coeff": -1},
		"which leaves no loss":      {"sim_coeff": 0, "std_coeff": 0, "cov_coeff": 0},
		`std_reduction is "median"`: {"std_reduction": "median"},
		`did you mean "cov_coeff"`:  {"cov_coef": 1},
	})
}
