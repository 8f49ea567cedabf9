package optim_test

import (
	"math"
	"testing"

	"sslmem/torch"
	"sslmem/torch/optim"
	"sslmem/torch/torchtest"
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

const (
	schedulesFile   = "testdata/schedules.safetensors"
	schedulesScript = "testdata/make_schedules.py"
)

func TestSchedulesAgainstPyTorch(t *testing.T) {
	fixture := torchtest.Fixture(t, schedulesFile)
	const base = .4
	schedules := map[string]optim.Schedule{
		"step":              optim.StepLR{Base: base, StepSize: 7, Gamma: .3},
		"multistep":         optim.MultiStepLR{Base: base, Milestones: []int{41, 5, 20, 20}, Gamma: .1},
		"exponential":       optim.ExponentialLR{Base: base, Gamma: .9},
		"linear":            optim.LinearLR{Base: base, StartFactor: .25, EndFactor: .8, TotalIters: 30},
		"polynomial":        optim.PolynomialLR{Base: base, TotalIters: 40, Power: 2},
		"constant":          optim.ConstantLR{Base: base, Factor: .25, TotalIters: 12},
		"cosine":            optim.CosineAnnealingLR{Base: base, EtaMin: .05, TMax: 40},
		"restarts":          optim.CosineAnnealingWarmRestarts{Base: base, T0: 10},
		"restarts longer":   optim.CosineAnnealingWarmRestarts{Base: base, EtaMin: .02, T0: 5, TMult: 2},
		"restarts tripled":  optim.CosineAnnealingWarmRestarts{Base: base, T0: 4, TMult: 3},
		"onecycle":          optim.OneCycleLR{MaxLR: base, TotalSteps: 60},
		"onecycle linear":   optim.OneCycleLR{MaxLR: base, TotalSteps: 60, PctStart: .4, Linear: true, DivFactor: 10, FinalDivFactor: 100},
		"onecycle in three": optim.OneCycleLR{MaxLR: base, TotalSteps: 60, ThreePhase: true},
	}
	if len(fixture) != len(schedules) {
		t.Errorf("%d schedules, the fixture has %d", len(schedules), len(fixture))
	}
	for name, schedule := range schedules {
		t.Run(name, func(t *testing.T) {
			for step, want := range torch.ToSlice[float64](fixture[name]) {
				// PyTorch multiplies its way from step to step.
				if got := schedule.At(step); math.Abs(got-want) > 1e-12 {
					t.Errorf("step %d: %v, want %v", step, got, want)
				}
			}
		})
	}
}

func TestSchedulesFixture(t *testing.T) {
	torchtest.Remake(t, schedulesScript, schedulesFile, 1e-12, 1e-12)
}

// Beyond their end, schedules stay where they are and never divide by zero.
func TestSchedulesBeyondTheirEnd(t *testing.T) {
	for _, test := range []struct {
		schedule optim.Schedule
		step     int
		want     float64
	}{
		{optim.LinearLR{Base: 2, StartFactor: .5, EndFactor: .25}, 0, .5},
		{optim.LinearLR{Base: 2, StartFactor: .5, EndFactor: .25, TotalIters: 3}, 1000, .5},
		{optim.PolynomialLR{Base: 2, TotalIters: 3, Power: 1}, 1000, 0},
		{optim.PolynomialLR{Base: 2, Power: 1}, 0, 0},
		{optim.ConstantLR{Base: 2}, 0, 2},
		{optim.OneCycleLR{MaxLR: 1, TotalSteps: 10, DivFactor: 2, FinalDivFactor: 4}, 1000, .125},
		{optim.OneCycleLR{MaxLR: 1, TotalSteps: 4, PctStart: .25}, 0, 1},
		{optim.CosineAnnealingLR{Base: 2, TMax: 10}, 20, 2},
		{optim.MultiStepLR{Base: 2}, 1000, 2},
	} {
		if got := test.schedule.At(test.step); math.Abs(got-test.want) > 1e-15 {
			t.Errorf("%+v at step %d: %v, want %v", test.schedule, test.step, got, test.want)
		}
	}
}
