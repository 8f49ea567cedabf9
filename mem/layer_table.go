package mem

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// A LayerTable tells how much of a set is memorized at each layer, after the
// tables of W. Wang, A. Dziedzic, M. Backes and F. Boenisch, "Localizing
// Memorization in SSL Vision Encoders", NeurIPS 2024 (arXiv:2409.19069).
type LayerTable struct {
	Set     Set        `json:"set"`
	N       int        `json:"n"`       // points
	Seeds   []uint64   `json:"seeds"`   // of the f/g pairs
	Extreme int        `json:"extreme"` // how many points Most and Least are means of
	Rows    []LayerRow `json:"layers"`  // in the order in which the layers are computed
}

// LayerRow is one layer of a table. Numbers are on the scale of [Ratio].
type LayerRow struct {
	Layer string    `json:"layer"`
	Part  LayerPart `json:"part,omitempty"` // of a block of a vision transformer
	// LayerMem is the mean of (L_g − L_f)/(L_g + L_f) over the points, in
	// [−1, 1], with its standard deviation over the points and its t-based 95 %
	// confidence interval.
	LayerMem Number   `json:"layer_mem"`
	SD       Number   `json:"sd"`
	CI       Interval `json:"ci95"`
	// OffsetMean is LayerMem less that of S_E, which neither encoder saw. It takes
	// away by how much f is the better aligned one at this layer anyhow, which
	// depends on the layer and can exceed what is memorized; undefined without
	// points of S_E.
	OffsetMean Number `json:"mean_minus_external"`
	// Delta is the increase of LayerMem since the layer Baseline; undefined, and
	// Baseline empty, for a layer with none or with one that was not measured.
	// It is counted from the row before, but in blocks of a vision transformer,
	// where attention and MLP lie beside an identity: the attention of a block
	// and its output are counted from the output of the block before, the MLP
	// from the sum of the block's input and attention.
	Delta    Number `json:"delta"`
	Baseline string `json:"delta_from,omitempty"`
	// Most and Least are the means of the Extreme points with the highest and
	// the lowest score at this layer, undefined if there are fewer points.
	Most  Number `json:"most"`
	Least Number `json:"least"`
	// LossF and LossG are the mean losses of f and g.
	LossF Number `json:"loss_f"`
	LossG Number `json:"loss_g"`
}

// Extreme is the number of most and least memorized points that published
// tables give means of.
const Extreme = 50

// Table computes the table of a set, averaged over the pairs of encoders; the
// order of the points does not matter, not even in the last bit. extreme is the
// number of points that [LayerRow].Most and Least are means of, such as
// [Extreme]. It is an error if the set has no points, if there is no pair, or
// if extreme is not positive.
func (s *LayerScores) Table(set Set, extreme int) (*LayerTable, error) {
	if extreme < 1 {
		return nil, fmt.Errorf("mem: the table of layers cannot show means of %d points; take at least 1", extreme)
	}
	if len(s.Layers) == 0 || len(s.Scores[0].Pairs) == 0 {
		return nil, fmt.Errorf("mem: the scores of layers hold no layer or no f/g pair; add at least one")
	}
	t := &LayerTable{Set: set, Extreme: extreme}
	for _, p := range s.Scores[0].Pairs {
		t.Seeds = append(t.Seeds, p.Seed)
	}
	for i, layer := range s.Layers {
		scores := s.Scores[i].canonical()
		at := scores.In(set)
		if t.N = len(at); t.N == 0 {
			return nil, fmt.Errorf("mem: there are no points of %v to make a table of", set)
		}
		row := layerRow(layer, scores.Select(at), extreme)
		if external := scores.In(External); len(external) > 0 {
			mean, _ := meanVariance(scores.Select(external).M(Ratio))
			row.OffsetMean = row.LayerMem - Number(mean)
		}
		t.Rows = append(t.Rows, row)
	}
	t.addDeltas()
	return t, nil
}

func layerRow(layer string, scores *Scores, extreme int) LayerRow {
	m := scores.M(Ratio)
	mean, variance := meanVariance(m)
	f, _ := meanVariance(scores.LossF())
	g, _ := meanVariance(scores.LossG())
	part, _, _ := partOf(layer)
	row := LayerRow{
		Layer: layer, Part: part,
		LayerMem: Number(mean), SD: Number(math.Sqrt(variance)), CI: meanInterval(mean, variance, len(m)),
		OffsetMean: undefined, Delta: undefined, Most: undefined, Least: undefined,
		LossF: Number(f), LossG: Number(g),
	}
	if len(m) >= extreme {
		slices.Sort(m)
		least, _ := meanVariance(m[:extreme])
		most, _ := meanVariance(m[len(m)-extreme:])
		row.Most, row.Least = Number(most), Number(least)
	}
	return row
}

// addDeltas fills in what each row has more than its baseline.
func (t *LayerTable) addDeltas() {
	memorized := map[string]Number{}
	for _, r := range t.Rows {
		memorized[r.Layer] = r.LayerMem
	}
	previous := ""
	for i := range t.Rows {
		r := &t.Rows[i]
		if from, ok := memorized[baseline(r.Layer, previous)]; ok {
			r.Baseline, r.Delta = baseline(r.Layer, previous), r.LayerMem-from
		}
		previous = r.Layer
	}
}

// ByDelta returns the rows from the highest Delta to the lowest, those without
// one left out: the layers that add most to memorization first.
func (t *LayerTable) ByDelta() []LayerRow {
	rows := slices.DeleteFunc(slices.Clone(t.Rows), func(r LayerRow) bool { return !r.Delta.Defined() })
	slices.SortStableFunc(rows, func(a, b LayerRow) int { return cmp.Compare(b.Delta, a.Delta) })
	return rows
}
