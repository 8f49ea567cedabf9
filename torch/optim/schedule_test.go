package optim_test

import (
	"math"
	"testing"

	"sslmem/torch/optim"
)

func TestWarmupCosineClosedForm(t *testing.T) {
	w := optim.WarmupCosine{Start: .1, Base: 1, Final: .2, Warmup: 10, Total: 110}
	for step, want := range map[int]float64{
		0:    .1,                                  // start
		5:    .55,                                 // half-way up
		10:   1,                                   // end of the warm-up
		35:   .2 + .8*(1+math.Sqrt2/2)/2,          // a quarter of the way down
		60:   .6,                                  // half-way down
		109:  .2 + .8*(1-math.Cos(math.Pi*.01))/2, // last step: cos(.99π) = −cos(.01π)
		110:  .2,                                  // end
		1000: .2,                                  // beyond
	} {
		if got := w.At(step); math.Abs(got-want) > 1e-15 {
			t.Errorf("step %d: %v, want %v", step, got, want)
		}
	}
}

// Up strictly, then down strictly, without a jump at the joint.
func TestWarmupCosineShape(t *testing.T) {
	w := optim.WarmupCosine{Base: .3, Warmup: 20, Total: 100}
	for step := range w.Total {
		rise := w.At(step+1) - w.At(step)
		if up := step < w.Warmup; up != (rise > 0) {
			t.Errorf("step %d changes by %v", step, rise)
		}
		// No step is steeper than that of the warm-up or the middle of the cosine.
		if most := .3 / 20; math.Abs(rise) > most+1e-12 {
			t.Errorf("step %d jumps by %v", step, rise)
		}
	}
}

// Without a warm-up it starts at Base; with nothing else it never divides by 0.
func TestWarmupCosineEdges(t *testing.T) {
	if got := (optim.WarmupCosine{Base: 2, Total: 4}).At(0); got != 2 {
		t.Errorf("without warm-up the first step has %v, want 2", got)
	}
	only := optim.WarmupCosine{Base: 2, Final: 1, Warmup: 4, Total: 4}
	if a, b := only.At(3), only.At(4); a != 1.5 || b != 1 {
		t.Errorf("warm-up alone: %v and %v, want 1.5 and 1", a, b)
	}
	if got := (optim.WarmupCosine{Base: 2, Final: 1}).At(0); got != 1 {
		t.Errorf("no steps: %v, want Final", got)
	}
}
