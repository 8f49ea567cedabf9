package ssl

import "math"

// Progress is what a training reports after each step. What is measured on the
// device is read from it only at the end of an epoch, so that no step waits; it is
// NaN, or nil, in the steps before.
type Progress struct {
	Epoch, Epochs  int     // Epoch counts from 1
	Step, Steps    int     // steps taken, and in all
	EpochEnd       bool    // this was the last step of its epoch
	Loss           float64 // mean over the epoch
	Parts          []Mean  // means over the epoch of Result.Parts
	GradNorm       float64 // mean over the epoch of the norm of all gradients before clipping; NaN unless they are clipped
	Spread         float64 // of the output of the epoch's last step, see [Progress.EvenSpread]; NaN if the method compares no rows
	Width          int     // length of the rows of that output
	Epsilon        float64 // what the steps so far have spent for Privacy.Delta, infinite without noise; NaN for a recipe without privacy
	LR             float64 // of this step
	ViewsPerSecond float64 // since the training was started or resumed
	Wait           float64 // share of the time spent waiting for views
}

// A Mean is the mean of a number that has a name over some steps.
type Mean struct {
	Name  string
	Value float64
}

// EvenSpread is near what Spread is for output that is spread evenly, 1/√Width.
// Spread is the mean over dimensions of the standard deviation of the rows of
// Result.Output, each brought to length one: 0 if all have collapsed onto one
// direction (Chen and He 2020, arXiv 2011.10566, section 4.1). With a batch that is
// computed in parts it is that of the last part.
func (p Progress) EvenSpread() float64 { return 1 / math.Sqrt(float64(p.Width)) }

// observe reads what an epoch has measured into p.
func (e *Engine) observe(p *Progress) {
	for i, mean := range e.journal.take() {
		switch {
		case i == 0:
			p.Loss = mean.Value
		case i == 1 && e.journal.clips:
			p.GradNorm = mean.Value
		default:
			p.Parts = append(p.Parts, mean)
		}
	}
	if e.private != nil {
		p.Epsilon = e.private.guarantee.After(e.step).Epsilon
	}
	if o := e.journal.spread; o.value != nil {
		p.Spread, p.Width = o.value.Item(), o.width
		e.journal.forget()
	}
}
