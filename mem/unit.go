package mem

import (
	"cmp"
	"fmt"
	"slices"

	"sslmem/torch"
)

// A Unit is what one unit of a layer has memorized. A unit is a channel of a
// convolution, whose activation for an image is the mean over the map, or a
// neuron of a linear layer, whose activation is the mean over the tokens.
//
// With µ(x), the mean activation over the views of a point x, and over N
// points, or the mean over the images of a class and over N classes,
//
//	UnitMem = (µ_max − µ_rest)/(µ_max + µ_rest)
//
// where µ_max is the highest µ and µ_rest the mean of the N−1 others. It is in
// [0, 1] if no activation is negative: 0 for a unit that is as active for all
// points, 1 for one that is active for a single point only.
// (Wang, Dziedzic, Backes and Boenisch, "Localizing Memorization in SSL Vision
// Encoders", NeurIPS 2024, arXiv:2409.19069, equation 7, whose appendix and
// code take the median in place of the mean.)
type Unit struct {
	Layer string `json:"layer"`
	Unit  int    `json:"unit"` // channel or neuron of the layer, from 0
	// Mem is UnitMem. Median is the same with the median of the N−1 others in
	// place of their mean; it is undefined where it was not measured. A dead unit
	// has 0 by convention. Both are undefined if µ_max + µ_rest is 0 otherwise,
	// which takes negative activations.
	Mem    Number `json:"unit_mem"`
	Median Number `json:"unit_mem_median"`
	// Max, Rest and RestMedian are µ_max and µ_rest in either form.
	Max        Number `json:"mu_max"`
	Rest       Number `json:"mu_rest"`
	RestMedian Number `json:"mu_rest_median"`
	// Argmax is the point with the highest µ, which is the one that the unit has
	// memorized, as its index in the data set; or the class. Of several the
	// first. It is −1 for a dead unit.
	Argmax int `json:"argmax"`
	// Dead says that every activation is 0.
	Dead bool `json:"dead"`
	// Unbounded says that some µ is negative, so that Mem need not be in [0, 1].
	Unbounded bool `json:"unbounded"`
}

// Negatives says what is done with negative activations, for which UnitMem has
// no bounds.
type Negatives string

const (
	// RefuseNegatives makes a negative µ an error. It is the default, and right
	// for what a ReLU gives.
	RefuseNegatives Negatives = "refuse"
	// RectifyNegatives takes max(a, 0) of each activation before any mean: for a
	// batch norm that a ReLU follows, that is what the ReLU gives.
	RectifyNegatives Negatives = "relu"
	// AbsoluteNegatives takes |a| before any mean, for a layer that has no
	// rectifier behind it.
	AbsoluteNegatives Negatives = "abs"
	// UnboundedNegatives takes activations as they are; see [Unit].Unbounded.
	UnboundedNegatives Negatives = "unbounded"
)

// NegativesNames returns all values of [Negatives], the default first.
func NegativesNames() []Negatives {
	return []Negatives{RefuseNegatives, RectifyNegatives, AbsoluteNegatives, UnboundedNegatives}
}

// ParseNegatives returns the treatment of negative activations of the given
// name.
func ParseNegatives(name string) (Negatives, error) {
	if i := slices.Index(NegativesNames(), Negatives(name)); i >= 0 {
		return NegativesNames()[i], nil
	}
	return "", fmt.Errorf("mem: %q is no way to treat negative activations; use one of %s", name, joinNames(NegativesNames()))
}

// apply treats the output y of a layer.
func (n Negatives) apply(y *torch.Tensor) *torch.Tensor {
	switch n {
	case RectifyNegatives:
		return y.Relu()
	case AbsoluteNegatives:
		return y.Abs()
	}
	return y
}

// UnitMem returns (highest − rest)/(highest + rest), and 0 if both are 0: what
// [Unit] defines, of the highest activation of a unit and of the mean or median
// of the others. It is undefined if the two add up to 0 otherwise.
func UnitMem(highest, rest float64) Number {
	switch {
	case highest == rest:
		return 0
	case highest+rest == 0:
		return undefined
	}
	return Number((highest - rest) / (highest + rest))
}

// UnitMemOf returns the UnitMem of a unit from its activations µ, [N], N ≥ 2,
// with the mean of the others and with their median, and the place of the
// highest one. It panics for fewer than two.
func UnitMemOf(mu []float64) (mean, median Number, highest int) {
	if len(mu) < 2 {
		panic(fmt.Sprintf("mem: the memorization of a unit takes at least 2 points, not %d", len(mu)))
	}
	r := newRunning(1, true)
	for i, v := range mu {
		r.add(i, []float64{v})
	}
	u := r.unit(0)
	return u.Mem, u.Median, r.argmax[0]
}

// running holds what the measures of the units of one layer need of the points
// so far, which is a few numbers a unit; with the median, all activations.
type running struct {
	points  int
	highest []float64   // of the activations of each unit
	lowest  []float64   //
	argmax  []int       // the point of the highest; the least of several
	rest    []float64   // sum of all activations but the highest
	table   [][]float32 // [points][units], for the median; nil without
	median  bool
}

func newRunning(units int, median bool) *running {
	return &running{
		highest: make([]float64, units), lowest: make([]float64, units),
		argmax: make([]int, units), rest: make([]float64, units), median: median,
	}
}

// add takes the activations µ of all units for one more point.
func (r *running) add(point int, mu []float64) {
	for u, v := range mu {
		switch {
		case r.points == 0:
			r.highest[u], r.lowest[u], r.argmax[u] = v, v, point
			continue
		case v > r.highest[u]:
			r.rest[u] += r.highest[u]
			r.highest[u], r.argmax[u] = v, point
		default:
			r.rest[u] += v
			if v == r.highest[u] {
				r.argmax[u] = min(r.argmax[u], point)
			}
		}
		r.lowest[u] = min(r.lowest[u], v)
	}
	r.points++
	if r.median {
		row := make([]float32, len(mu))
		for u, v := range mu {
			row[u] = float32(v)
		}
		r.table = append(r.table, row)
	}
}

// unit returns what unit u has memorized, without its name.
func (r *running) unit(u int) Unit {
	highest := r.highest[u]
	// A mean of equal numbers can end a rounding error above them.
	rest := min(r.rest[u]/float64(r.points-1), highest)
	unit := Unit{
		Unit: u, Mem: UnitMem(highest, rest), Median: undefined,
		Max: Number(highest), Rest: Number(rest), RestMedian: undefined,
		Argmax: r.argmax[u], Unbounded: r.lowest[u] < 0,
		Dead: highest == 0 && r.lowest[u] == 0,
	}
	if unit.Dead {
		unit.Argmax = -1
	}
	if r.median {
		column := make([]float64, r.points)
		for i, row := range r.table {
			column[i] = float64(row[u])
		}
		slices.Sort(column)
		// The highest is rounded as the others are.
		highest = column[len(column)-1]
		rest := Quantile(column[:len(column)-1], .5)
		unit.Median, unit.RestMedian = UnitMem(highest, rest), Number(rest)
	}
	return unit
}

// byMem orders units from the highest UnitMem to the lowest, those without last.
func byMem(a, b Unit) int { return cmp.Compare(b.Mem, a.Mem) }
