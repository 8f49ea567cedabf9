package optim

import "math"

// A Schedule gives the learning rate of each step, counted from 0. It is a
// function of the step alone, so resuming needs no state.
type Schedule interface {
	At(step int) float64
}

// A WarmupCosine raises the learning rate linearly from Start to Base over the
// first Warmup steps and then lowers it along half a cosine to Final at step
// Total (Goyal et al. 2017; Loshchilov and Hutter 2017). The first step has the
// learning rate Start itself: it changes nothing where that is 0, as it is in
// many implementations. Let Start be Base/Warmup, or larger, if it should.
type WarmupCosine struct {
	Start, Base, Final float64
	Warmup, Total      int // steps
}

// At returns the learning rate of a step, counted from 0. Steps beyond Total
// get Final.
func (w WarmupCosine) At(step int) float64 {
	switch {
	case step < w.Warmup:
		return w.Start + (w.Base-w.Start)*float64(step)/float64(w.Warmup)
	case step >= w.Total:
		return w.Final
	}
	return cosine(w.Base, w.Final, float64(step-w.Warmup)/float64(w.Total-w.Warmup))
}

// cosine goes from one value to another along half a cosine as done goes from 0
// to 1.
func cosine(from, to, done float64) float64 {
	return to + (from-to)*(1+math.Cos(math.Pi*done))/2
}

// linear goes from one value to another along a line as done goes from 0 to 1.
func linear(from, to, done float64) float64 { return from + (to-from)*done }

// A CosineAnnealingLR lowers the learning rate from Base to EtaMin along half a
// cosine over TMax steps (Loshchilov and Hutter 2017), and beyond raises it
// again, as PyTorch's does. TMax must be positive.
type CosineAnnealingLR struct {
	Base, EtaMin float64
	TMax         int // steps
}

// At implements [Schedule].
func (c CosineAnnealingLR) At(step int) float64 {
	return cosine(c.Base, c.EtaMin, float64(step)/float64(c.TMax))
}

// A CosineAnnealingWarmRestarts lowers the learning rate from Base towards
// EtaMin along half a cosine over T0 steps, starts over at Base, and so on
// (SGDR; Loshchilov and Hutter 2017). Each period is TMult times as long as the
// one before. T0 must be positive.
type CosineAnnealingWarmRestarts struct {
	Base, EtaMin float64
	T0           int // steps of the first period
	TMult        int // 0 means 1
}

// At implements [Schedule].
func (c CosineAnnealingWarmRestarts) At(step int) float64 {
	period := c.T0
	if c.TMult <= 1 {
		step %= period
	}
	for step >= period {
		step -= period
		period *= c.TMult
	}
	return cosine(c.Base, c.EtaMin, float64(step)/float64(period))
}
