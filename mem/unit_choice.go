package mem

import (
	"fmt"
	"math"
	"slices"

	"sslmem/data/rng"
)

// A Choice says which units of a table are taken, for an experiment that
// prunes some of them.
type Choice string

const (
	ChooseMost   Choice = "most"   // those with the highest UnitMem
	ChooseLeast  Choice = "least"  // those with the lowest, dead ones first
	ChooseRandom Choice = "random" // any
)

// Choices returns all values of [Choice].
func Choices() []Choice { return []Choice{ChooseMost, ChooseRandom, ChooseLeast} }

// Choose returns a fraction of the units, rounded to the nearest number: of all
// together, or of each layer if perLayer is set. Units without a defined
// UnitMem are left out and not counted, and of equal ones the first is taken.
// seed is used by [ChooseRandom] only, which does not look at UnitMem. It is an
// error if the fraction is outside of [0, 1] or the choice is not known.
func (t *UnitTable) Choose(choice Choice, fraction float64, perLayer bool, seed uint64) ([]UnitRef, error) {
	if !(fraction >= 0 && fraction <= 1) {
		return nil, fmt.Errorf("mem: the fraction of units is %v but must lie between 0 and 1", fraction)
	}
	if !slices.Contains(Choices(), choice) {
		return nil, fmt.Errorf("mem: %q is no choice of units; use one of %s", choice, joinNames(Choices()))
	}
	var groups [][]Unit
	for _, u := range t.Units {
		if !u.Mem.Defined() {
			continue
		}
		if n := len(groups); n == 0 || perLayer && groups[n-1][0].Layer != u.Layer {
			groups = append(groups, nil)
		}
		last := len(groups) - 1
		groups[last] = append(groups[last], u)
	}
	var chosen []UnitRef
	for k, units := range groups {
		switch choice {
		case ChooseMost:
			slices.SortStableFunc(units, byMem)
		case ChooseLeast:
			slices.SortStableFunc(units, func(a, b Unit) int { return byMem(b, a) })
		case ChooseRandom:
			rng.New(seed, rng.Word("units"), uint64(k)).Shuffle(len(units), func(i, j int) { units[i], units[j] = units[j], units[i] })
		}
		for _, u := range units[:int(math.Round(fraction*float64(len(units))))] {
			chosen = append(chosen, u.Ref())
		}
	}
	return chosen, nil
}
