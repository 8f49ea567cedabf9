package privacy

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A Bound is a way from Rényi differential privacy to ε and δ.
type Bound string

const (
	// Improved is what Opacus (from 1.0 on) and TensorFlow Privacy use,
	//
	//	ε = RDP + ln((α − 1)/α) − (ln δ + ln α)/(α − 1)
	//
	// (Canonne, Kamath and Steinke 2020, arXiv 2004.00010, proposition 12, and in other
	// words Balle et al. 2020, arXiv 1905.09982, theorem 21).
	Improved Bound = "improved"
	// Classic is ε = RDP − ln δ/(α − 1) (Mironov 2017, arXiv 1702.07476, proposition 3),
	// by which older papers count. It is never below Improved.
	Classic Bound = "classic"
)

// Bounds lists the bounds by name, that which is used first.
func Bounds() []string { return []string{string(Improved), string(Classic)} }

// DefaultOrders returns the orders that an [Accountant] counts if it is told no others:
// 1.1 to 10.9 by tenths, 11 to 64, and some far apart up to 1024, which serve where the
// noise is large. They hold those of Opacus and of TensorFlow Privacy, but for a few
// between the tenths.
func DefaultOrders() []float64 {
	var orders []float64
	for tenth := 11; tenth < 110; tenth++ {
		orders = append(orders, float64(tenth)/10)
	}
	for order := 11; order <= 64; order++ {
		orders = append(orders, float64(order))
	}
	return append(orders, 80, 96, 128, 192, 256, 384, 512, 1024)
}

// An Accountant adds up what the steps of a training cost. The zero value has counted
// none. It is for one goroutine.
type Accountant struct {
	// Orders are those that are counted, all above 1; nil means DefaultOrders. They may
	// not be changed after the first step.
	Orders []float64

	spent []float64 // RDP of each order
}

// Spent is what a training has cost.
type Spent struct {
	Epsilon float64 // 0 or above; infinite without noise
	Delta   float64
	Order   float64 // the one that gave Epsilon, 0 if nothing was spent; one at an end of the orders says that others might give less
}

// Compose counts a number of steps with the noise multiplier σ ≥ 0 on samples of a rate
// from 0 to 1; see [RDP]. What they cost is added to what was counted before.
func (a *Accountant) Compose(noiseMultiplier, sampleRate float64, steps int) error {
	if err := check(noiseMultiplier, sampleRate); err != nil {
		return err
	}
	if steps < 0 {
		return fmt.Errorf("privacy: there are %d steps but must be at least 0", steps)
	}
	if a.spent == nil {
		if a.Orders == nil {
			a.Orders = DefaultOrders()
		}
		for _, order := range a.Orders {
			if !(order > 1) || math.IsInf(order, 0) {
				return fmt.Errorf("privacy: the order is %v but must be above 1 and finite", order)
			}
		}
		a.spent = make([]float64, len(a.Orders))
	}
	if steps == 0 {
		return nil // no steps cost nothing, also without noise
	}
	for i, order := range a.Orders {
		a.spent[i] += float64(steps) * rdp(noiseMultiplier, sampleRate, order)
	}
	return nil
}

// Times returns an accountant that has counted all of a's steps n times.
func (a *Accountant) Times(n int) *Accountant {
	b := &Accountant{Orders: a.Orders, spent: slices.Clone(a.spent)}
	for i, spent := range b.spent {
		b.spent[i] = 0
		if n != 0 {
			b.spent[i] = float64(n) * spent
		}
	}
	return b
}

// Epsilon returns the least ε that the orders give for a δ above 0 and below 1: infinite
// if any step was without noise, 0 if there was none.
func (a *Accountant) Epsilon(delta float64, bound Bound) (Spent, error) {
	if !(delta > 0 && delta < 1) {
		return Spent{}, fmt.Errorf("privacy: delta is %v but must be above 0 and below 1", delta)
	}
	if !slices.Contains(Bounds(), string(bound)) {
		return Spent{}, fmt.Errorf("privacy: there is no bound %q; known are %s", bound, strings.Join(Bounds(), ", "))
	}
	s := Spent{Epsilon: math.Inf(1), Delta: delta}
	if !slices.ContainsFunc(a.spent, func(rdp float64) bool { return rdp > 0 }) {
		s.Epsilon = 0
		return s, nil
	}
	for i, order := range a.Orders {
		epsilon := a.spent[i] - math.Log(delta)/(order-1)
		if bound == Improved {
			epsilon += math.Log1p(-1/order) - math.Log(order)/(order-1)
		}
		if epsilon = math.Max(0, epsilon); epsilon < s.Epsilon {
			s.Epsilon, s.Order = epsilon, order
		}
	}
	return s, nil
}
