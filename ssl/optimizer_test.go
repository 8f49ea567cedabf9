package ssl

import (
	"slices"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

func TestOptimizerRefuses(t *testing.T) {
	for want, o := range map[string]Optimizer{
		`name is "rmsprop"`:            {Name: "rmsprop", LR: 1},
		"lr is 0 but":                  {Name: "sgd"},
		"warmup_epochs is 4 but":       {Name: "sgd", LR: 1, WarmupEpochs: 4},
		"final_lr is 2 but":            {Name: "sgd", LR: 1, FinalLR: 2},
		`schedule is "linear" but`:     {Name: "sgd", LR: 1, Schedule: "linear"},
		"bias_lr_scale is -1 but":      {Name: "lars", LR: 1, ExcludeBiasAndNorm: true, BiasLRScale: -1},
		"set optimizer.exclude_bias_a": {Name: "lars", LR: 1, BiasLRScale: .1},
	} {
		if err := o.check(4); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want one with %q", o, err, want)
		}
	}
}

// optimizerCases are the settings of testdata/make_optimizers.py, with one of each
// optimizer that a recipe can name.
func optimizerCases() map[string]Optimizer {
	lars := Optimizer{Momentum: .9, WeightDecay: 1e-3, ExcludeBiasAndNorm: true, WarmupEpochs: 1, LRBatch: 16}
	with := func(o Optimizer, name string, lr, start, final, trust, clip float64) Optimizer {
		o.Name, o.LR, o.WarmupLR, o.FinalLR, o.TrustCoefficient, o.ClipGrad = name, lr, start, final, trust, clip
		return o
	}
	return map[string]Optimizer{
		"sgd": {
			Name: "sgd", LR: .02, WarmupEpochs: 1, Momentum: .9, WeightDecay: 1e-3, ExcludeBiasAndNorm: true, BiasLRScale: .25,
			ClipGrad: .3, ClipEach: true,
		},
		"adam": {Name: "adam", LR: 3e-3, FinalLR: 1e-4, WeightDecay: 1e-2},
		"adamw": {
			Name: "adamw", LR: 3e-3, WarmupEpochs: 1, Betas: []float64{.8, .95}, WeightDecay: .04, WeightDecayEnd: .4, ExcludeBiasAndNorm: true,
			ClipGrad: 10,
		},
		"lars":      with(lars, "lars", 4, .4, .2, 0, 10),
		"lars-you":  with(lars, "lars-you", .8, .08, .02, .01, 0),
		"lars-clip": with(lars, "lars-clip", .4, .04, .02, .02, 0),
		"lamb": {
			Name: "lamb", LR: .02, WarmupEpochs: 1, Betas: []float64{.8, .95}, WeightDecay: .05, ExcludeBiasAndNorm: true,
		},
		"one-cycle": {Name: "sgd", LR: 5e-3, Schedule: OneCycle, WarmupEpochs: 1, WarmupLR: 5e-4, FinalLR: 1e-4, Momentum: .9},
	}
}

// Twenty steps of every optimizer are PyTorch's: learning rates, losses and weights.
func TestOptimizersAgainstPyTorch(t *testing.T) {
	fixture := torchtest.Fixture(t, "testdata/optimizers.safetensors")
	var named []string
	for name, o := range optimizerCases() {
		named = append(named, o.Name)
		t.Run(name, func(t *testing.T) {
			torchtest.NoLeak(t)
			c := supervisedParity
			c.recipe.Optimizer = o
			e := c.engine(t, fixture, true)
			defer e.Free()
			var losses, rates []float64
			for step := range paritySteps {
				rates = append(rates, e.LR())
				e.take(1, func(s *torch.Scope, _ int) Batch { return c.batch(s, e, step) })
				losses = append(losses, e.TakeLoss())
			}
			want := torchtest.Group(fixture, name)
			torchtest.Close(t, rates, torch.ToSlice[float64](want["lr"]), nil, 1e-12, 1e-15)
			torchtest.Close(t, losses, torch.ToSlice[float64](want["loss"]), nil, lossTolerance, lossTolerance)
			compared := 0
			for tensor, x := range nn.State(e.Trainer) {
				if end, ok := want["end/"+tensor]; ok {
					torchtest.AllClose(t, x, end, weightTolerance, weightTolerance)
					compared++
				}
			}
			if compared < 16 {
				t.Errorf("%d tensors were compared", compared)
			}
		})
	}
	for _, name := range OptimizerNames() {
		if !slices.Contains(named, name) {
			t.Errorf("%s is not compared", name)
		}
	}
}

func TestOptimizersFixtureIsPyTorchs(t *testing.T) {
	torchtest.Remake(t, "testdata/make_optimizers.py", "testdata/optimizers.safetensors", 1e-6, 1e-6)
}
