package ssl

import "testing"

var byolParity = parityCase{
	name: "byol", perEpoch: 5,
	recipe: parityRecipe("byol",
		Optimizer{Name: "sgd", LR: .05, WarmupEpochs: 1, Momentum: .9, WeightDecay: 1e-4, ExcludeBiasAndNorm: true},
		map[string]any{"projector": []int{16, 8}, "predictor": []int{16, 8}, "momentum": .9}),
}

func TestBYOLAgainstPyTorch(t *testing.T)    { byolParity.run(t) }
func TestBYOLFixtureIsPyTorchs(t *testing.T) { byolParity.remake(t) }
