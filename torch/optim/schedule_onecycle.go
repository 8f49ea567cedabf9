package optim

import "cmp"

// A OneCycleLR raises the learning rate to MaxLR and lowers it to nearly nothing
// (Smith and Topin 2018), as PyTorch's does. PyTorch's changes the momentum
// along with it unless cycle_momentum is false; this one does not.
type OneCycleLR struct {
	MaxLR          float64
	TotalSteps     int     // steps of the cycle; the last one has the lowest learning rate
	PctStart       float64 // share of the steps that raise it; 0 means .3
	Linear         bool    // go along lines, else along half cosines
	DivFactor      float64 // MaxLR over the first learning rate; 0 means 25
	FinalDivFactor float64 // the first learning rate over the last; 0 means 10000
	ThreePhase     bool    // lower it to the first value in as many steps as it was raised, and only then to the last
}

// At implements [Schedule]. Steps beyond the last get its learning rate.
func (o OneCycleLR) At(step int) float64 {
	first := o.MaxLR / cmp.Or(o.DivFactor, 25)
	final := first / cmp.Or(o.FinalDivFactor, 1e4)
	up := cmp.Or(o.PctStart, .3) * float64(o.TotalSteps)

	type phase struct{ end, from, to float64 }
	last := float64(o.TotalSteps - 1)
	phases := []phase{{up - 1, first, o.MaxLR}, {last, o.MaxLR, final}}
	if o.ThreePhase {
		phases = []phase{{up - 1, first, o.MaxLR}, {2*up - 2, o.MaxLR, first}, {last, first, final}}
	}
	at, start := min(float64(step), last), 0.0
	for at > phases[0].end && len(phases) > 1 {
		start, phases = phases[0].end, phases[1:]
	}
	p := phases[0]
	if p.end == start { // the first step alone is to raise it
		return p.to
	}
	anneal := cosine
	if o.Linear {
		anneal = linear
	}
	return anneal(p.from, p.to, (at-start)/(p.end-start))
}
