package ssl

import (
	"context"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// The deterministic mode is on while a training runs and as it was before when that
// has ended, well or not. On a CPU it changes nothing about the weights.
func TestDeterministicTraining(t *testing.T) {
	torchtest.NoLeak(t)
	want := run(t, tinyLoop(t))
	for _, before := range []bool{false, true} {
		torch.UseDeterministicAlgorithms(before, false)
		l := tinyLoop(t)
		l.Deterministic = true
		reports := 0
		l.Report = func(Progress) {
			reports++
			if !torch.AreDeterministicAlgorithmsEnabled() || torch.CuDNNBenchmark.On() {
				t.Error("algorithms need not be deterministic within the training")
			}
		}
		sameWeights(t, run(t, l), want)
		l.Recipe.Optimizer.LR = 1e30
		if _, err := l.Run(context.Background()); err == nil {
			t.Error("the training should have diverged")
		}
		if reports < 12 {
			t.Errorf("%d reports, want at least 12", reports)
		}
		if got := torch.AreDeterministicAlgorithmsEnabled(); got != before {
			t.Errorf("deterministic algorithms are %v after the training, were %v", got, before)
		}
	}
	torch.UseDeterministicAlgorithms(false, false)
}
