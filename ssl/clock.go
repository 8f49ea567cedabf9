package ssl

import "sslmem/torch/optim"

// A Clock says where in its training a step is. All that changes over a training
// is a function of it, so that a training which is resumed goes on exactly.
type Clock struct {
	Step     int // of the updates, counted from 0
	Steps    int // in all
	PerEpoch int // steps of an epoch
}

// Epoch returns the epoch of the step, counted from 0.
func (c Clock) Epoch() int { return c.Step / max(c.PerEpoch, 1) }

// Cosine goes along half a cosine from one value at step 0 to another at the end
// of the training, as the momentum of a teacher and weight decays do.
func (c Clock) Cosine(from, to float64) float64 {
	return optim.WarmupCosine{Base: from, Final: to, Total: c.Steps}.At(c.Step)
}

// Linear goes from one value in the first epoch to another in the last of the given
// number, and stays there. It changes from epoch to epoch, not within one, as the
// temperature of DINO's teacher does. Of a single epoch, it takes the first value.
func (c Clock) Linear(from, to float64, epochs int) float64 {
	e := c.Epoch()
	if e >= epochs {
		return to
	}
	return from + (to-from)*float64(e)/float64(max(epochs-1, 1))
}
