package optim

import "math"

// A WarmupCosine raises the learning rate linearly from Start to Base over the
// first Warmup steps and then lowers it along half a cosine to Final at step
// Total (Goyal et al. 2017; Loshchilov and Hutter 2017).
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
	done := float64(step-w.Warmup) / float64(w.Total-w.Warmup)
	return w.Final + (w.Base-w.Final)*(1+math.Cos(math.Pi*done))/2
}
