package ssl

import (
	"math"
	"testing"

	"sslmem/torch"
)

// All rows equal: every other row is as similar as the partner, so the loss is
// the logarithm of their number.
func TestNTXentOfEqualRows(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	const b = 5
	z := s.Ones([]int{2 * b, 3}, torch.Float64, torch.CPU)
	if got, want := NTXent(z, .5).Item(), math.Log(2*b-1); math.Abs(got-want) > 1e-12 {
		t.Errorf("loss %v, want ln(2B−1) = %v", got, want)
	}
}

// Two images along two axes: the partner has similarity 1, both others 0.
func TestNTXentOfOrthogonalPairs(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	const tau = .1
	z := torch.FromSlice(s, []float64{2, 0, 0, 3, 5, 0, 0, 1}, 4, 2)
	want := -math.Log(math.Exp(1/tau) / (math.Exp(1/tau) + 2))
	if got := NTXent(z, tau).Item(); math.Abs(got-want) > 1e-12 {
		t.Errorf("loss %v, want %v", got, want)
	}
}

func TestNTXentNeedsPairs(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	if err := torch.Try(func() { NTXent(s.Ones([]int{3, 2}, torch.Float32, torch.CPU), .5) }); err == nil {
		t.Error("an odd number of rows was accepted")
	}
}

func simclrParity(forward Forward) parityCase {
	c := parityCase{
		name: "simclr", perEpoch: 5,
		recipe: parityRecipe("simclr", Optimizer{Name: "adam", LR: 5e-4, WarmupEpochs: 1, WeightDecay: 1e-6},
			map[string]any{"temperature": .5, "projector": []int{16, 8}}),
	}
	if c.recipe.Forward = forward; forward == Split {
		c.name = "simclr-split"
	}
	return c
}

func TestSimCLRAgainstPyTorch(t *testing.T)         { simclrParity(Joint).run(t) }
func TestSimCLRFixtureIsPyTorchs(t *testing.T)      { simclrParity(Joint).remake(t) }
func TestSimCLRSplitAgainstPyTorch(t *testing.T)    { simclrParity(Split).run(t) }
func TestSimCLRSplitFixtureIsPyTorchs(t *testing.T) { simclrParity(Split).remake(t) }
