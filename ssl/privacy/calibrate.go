package privacy

import (
	"fmt"
	"math"
)

// Precision of a noise multiplier, as a part of it.
const precision = 1e-6

// NoiseMultiplier returns the least noise multiplier, to a millionth of it, with which
// a number of steps on samples of a rate cost no more than a target ε > 0 for a δ, by
// the default orders and [Improved]. ε then is the target or a little less, never more.
// It bisects, as ε falls when the noise grows. The error says which argument is out of
// its range, or that the target is so small that no noise reaches it at the default
// orders.
func NoiseMultiplier(epsilon, delta, sampleRate float64, steps int) (float64, error) {
	if !(epsilon > 0) || math.IsInf(epsilon, 0) {
		return 0, fmt.Errorf("privacy: the target epsilon is %v but must be above 0 and finite; without noise it is infinite", epsilon)
	}
	if steps < 1 {
		return 0, fmt.Errorf("privacy: there are %d steps but must be at least 1", steps)
	}
	cost := func(sigma float64) (float64, error) {
		var a Accountant
		if err := a.Compose(sigma, sampleRate, steps); err != nil {
			return 0, err
		}
		s, err := a.Epsilon(delta, Improved)
		return s.Epsilon, err
	}
	low, high := 0., 1.
	for {
		e, err := cost(high)
		if err != nil {
			return 0, err
		}
		if e <= epsilon {
			break
		}
		if low, high = high, 2*high; high > 1<<20 {
			return 0, fmt.Errorf("privacy: no noise reaches an epsilon of %v for a delta of %v in %d steps; raise it, or take fewer steps or a smaller batch", epsilon, delta, steps)
		}
	}
	for high-low > precision*high && high > precision {
		middle := (low + high) / 2
		e, err := cost(middle)
		if err != nil {
			return 0, err
		}
		if e <= epsilon {
			high = middle
		} else {
			low = middle
		}
	}
	return high, nil
}
