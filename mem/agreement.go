package mem

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Agreement says how alike two scores order the same points: two seeds, two
// methods, two layers, or a score and any other property of the points.
type Agreement struct {
	N        int         `json:"n"` // points
	Spearman Correlation `json:"spearman"`
	Kendall  Correlation `json:"kendall"`
	// Overlaps are those of the tops that were asked for.
	Overlaps []TopOverlap `json:"overlaps,omitempty"`
}

// Correlation is a rank correlation with the two-sided p-value of there being
// none. Both are undefined where a score is the same for all points.
type Correlation struct {
	R Number `json:"r"` // in [−1, 1]
	P Number `json:"p"`
}

// Agree compares the scores a and b of the same N points, both [N], with the
// overlap of the highest k for each k. It is an error if the lengths differ, a
// score is NaN, or a k is not in 1 … N.
func Agree(a, b []float64, tops ...int) (Agreement, error) {
	g := Agreement{N: len(a)}
	if len(a) != len(b) {
		return g, fmt.Errorf("mem: agreement of %d scores with %d; both must be of the same points", len(a), len(b))
	}
	for i := range a {
		if math.IsNaN(a[i]) || math.IsNaN(b[i]) {
			return g, fmt.Errorf("mem: agreement of scores that are NaN, at position %d; leave that point out", i)
		}
	}
	for _, k := range tops {
		if k < 1 || k > len(a) {
			return g, fmt.Errorf("mem: the top %d of %d points does not exist", k, len(a))
		}
		g.Overlaps = append(g.Overlaps, Overlap(a, b, k))
	}
	g.Spearman, g.Kendall = Spearman(a, b), Kendall(a, b)
	return g, nil
}

// Spearman returns Spearman's rank correlation ρ: Pearson's of the ranks, where
// equal values share the mean of their ranks. p is that of t = ρ√((n−2)/(1−ρ²))
// with n − 2 degrees of freedom, undefined for fewer than three points. It panics
// if the lengths differ. A NaN makes all undefined.
func Spearman(a, b []float64) Correlation {
	c := Correlation{undefined, undefined}
	if !comparable(a, b) {
		return c
	}
	r := stat.Correlation(meanRanks(a), meanRanks(b), nil)
	r = min(1, max(-1, r))
	c.R = Number(r)
	if df := float64(len(a) - 2); df > 0 {
		c.P = Number(2 * upperTail(math.Abs(r)*math.Sqrt(df/((1+r)*(1-r))), df))
	}
	return c
}

// comparable reports whether a and b can be ranked: at least two points, no NaN
// and more than one value in each.
func comparable(a, b []float64) bool {
	if len(a) != len(b) {
		panic(fmt.Sprintf("mem: rank correlation of %d values with %d", len(a), len(b)))
	}
	isNaN := func(x float64) bool { return math.IsNaN(x) }
	if len(a) < 2 || slices.ContainsFunc(a, isNaN) || slices.ContainsFunc(b, isNaN) {
		return false
	}
	return slices.Min(a) != slices.Max(a) && slices.Min(b) != slices.Max(b)
}

// meanRanks returns the rank of each value, 1 for the smallest; equal values get
// the mean of the ranks they take together.
func meanRanks(x []float64) []float64 {
	order := ascending(x)
	ranks := make([]float64, len(x))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && x[order[to]] == x[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			ranks[i] = float64(from+1+to) / 2
		}
		from = to
	}
	return ranks
}

// ascending returns the positions of x from the smallest to the largest value.
func ascending(x []float64) []int {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case x[i] < x[j]:
			return -1
		case x[i] > x[j]:
			return 1
		}
		return 0
	})
	return order
}

// normalTail returns P(|Z| ≥ z) of a standard normal Z.
func normalTail(z float64) float64 { return math.Erfc(math.Abs(z) / math.Sqrt2) }
