package mem

import (
	"cmp"
	"math"
	"slices"
)

// The values of [UnitTable].Of.
const (
	OfPoints  = "points"
	OfClasses = "classes"
)

// A UnitTable holds what the units of an encoder have memorized, of points or
// of classes.
type UnitTable struct {
	Of        string    `json:"of"`    // [OfPoints] or [OfClasses]
	N         int       `json:"n"`     // points or classes, at least 2
	Views     int       `json:"views"` // of a point
	Negatives Negatives `json:"negatives"`
	Median    bool      `json:"median"` // whether the form of the median was measured
	// Units are ordered by layer, in the order in which layers are computed,
	// and number.
	Units []Unit `json:"units"`
}

// UnitLayer is how UnitMem is distributed over the units of one layer, those
// whose UnitMem is undefined left out.
type UnitLayer struct {
	Layer string `json:"layer"`
	Units int    `json:"units"` // with the dead ones
	Dead  int    `json:"dead"`
	// Mean, SD and the quantiles are of UnitMem in the form of the mean, the
	// dead units, which have 0, among them.
	Mean      Number    `json:"mean"`
	SD        Number    `json:"sd"`
	Quantiles [5]Number `json:"quantiles"` // 5, 25, 50, 75 and 95 %
	Max       Number    `json:"max"`
	// Above is the fraction of units with a UnitMem above ½: those that are
	// three times as active for one point as for the others.
	Above Number `json:"above_half"`
}

var unitQuantiles = [5]float64{.05, .25, .5, .75, .95}

// Layers returns the distribution in each layer, in the order of the table.
func (t *UnitTable) Layers() []UnitLayer {
	var layers []UnitLayer
	for from := 0; from < len(t.Units); {
		to := from
		for to < len(t.Units) && t.Units[to].Layer == t.Units[from].Layer {
			to++
		}
		layers = append(layers, unitLayer(t.Units[from:to]))
		from = to
	}
	return layers
}

func unitLayer(units []Unit) UnitLayer {
	l := UnitLayer{Layer: units[0].Layer, Units: len(units), Mean: undefined, SD: undefined, Max: undefined, Above: undefined}
	var m []float64
	for _, u := range units {
		if u.Dead {
			l.Dead++
		}
		if u.Mem.Defined() {
			m = append(m, float64(u.Mem))
		}
	}
	for i, p := range unitQuantiles {
		l.Quantiles[i] = Number(Quantile(m, p))
	}
	if len(m) == 0 {
		return l
	}
	mean, variance := meanVariance(m)
	l.Mean, l.SD, l.Max = Number(mean), Number(math.Sqrt(variance)), Number(slices.Max(m))
	l.Above = Number(FractionAbove(m)(.5))
	return l
}

// Most returns the n units that memorize most, all if there are fewer, the
// first of equal ones first. Units without a defined UnitMem are left out.
func (t *UnitTable) Most(n int) []Unit {
	units := slices.DeleteFunc(slices.Clone(t.Units), func(u Unit) bool { return !u.Mem.Defined() })
	slices.SortStableFunc(units, byMem)
	return units[:min(n, len(units))]
}

// A Memorized is a point, or a class, with the number of units that are most
// active for it.
type Memorized struct {
	Index int `json:"index"` // in the data set, or of the class
	Units int `json:"units"`
}

// Memorized returns the points that units have memorized, those of most units
// first; of as many units, the one with the lowest index first. Dead units
// count for none.
func (t *UnitTable) Memorized() []Memorized {
	count := map[int]int{}
	for _, u := range t.Units {
		if !u.Dead {
			count[u.Argmax]++
		}
	}
	var all []Memorized
	for index, units := range count {
		all = append(all, Memorized{index, units})
	}
	slices.SortFunc(all, func(a, b Memorized) int {
		return cmp.Or(cmp.Compare(b.Units, a.Units), cmp.Compare(a.Index, b.Index))
	})
	return all
}
