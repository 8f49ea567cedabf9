package eval

import (
	"context"
	"math"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// Probabilities sum to one, and the classes that they put first are right as often as
// the probe says.
func TestLinearProbabilities(t *testing.T) {
	torchtest.NoLeak(t)
	train, test := fixtureSets(torchtest.Fixture(t, evalFile))
	o := ProbeOptions{Method: "lbfgs", WeightDecay: 1e-2, Standardize: true}
	result, err := LinearProbe(context.Background(), train, test, o)
	if err != nil {
		t.Fatal(err)
	}
	p, err := LinearProbabilities(context.Background(), train, test.X, o)
	if err != nil || len(p) != test.Len() {
		t.Fatalf("%d rows, %v", len(p), err)
	}
	right := 0
	for i, row := range p {
		var sum float64
		best := 0
		for c, v := range row {
			sum += v
			if v > row[best] {
				best = c
			}
		}
		if math.Abs(sum-1) > 1e-6 || len(row) != len(train.Names) {
			t.Errorf("row %d: %v sums to %v", i, row, sum)
		}
		if best == test.Labels[i] {
			right++
		}
	}
	if got := float64(right) / float64(len(p)); got != result.Top1 {
		t.Errorf("%v are right, and the probe says %v", got, result.Top1)
	}
	s := torch.NewScope()
	defer s.Close()
	if _, err := LinearProbabilities(context.Background(), train, s.Use(test.X).Narrow(1, 0, 1), o); err == nil || !strings.Contains(err.Error(), "features") {
		t.Errorf("features of another encoder: %v", err)
	}
}
