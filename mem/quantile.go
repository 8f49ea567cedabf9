package mem

import (
	"math"
	"slices"
	"sort"
)

// tauQuantile is the quantile of m on S_E above which a point counts as
// memorized: 5 % of the points that no encoder saw are above it too.
const tauQuantile = 0.95

// Quantile returns the p-quantile of x, p in [0, 1], interpolated linearly
// between the order statistics around position p·(n−1) (definition 7 of R. J.
// Hyndman and Y. Fan, "Sample quantiles in statistical packages", 1996, which
// is also NumPy's default). The 0.5-quantile is the usual median. x is not
// changed and need not be sorted. An empty x gives NaN; a p outside of [0, 1]
// panics.
func Quantile(x []float64, p float64) float64 {
	if !(p >= 0 && p <= 1) {
		panic("mem: quantile outside of [0, 1]")
	}
	if len(x) == 0 {
		return math.NaN()
	}
	return quantileOfSorted(slices.Sorted(slices.Values(x)), p)
}

func quantileOfSorted(sorted []float64, p float64) float64 {
	position := p * float64(len(sorted)-1)
	i := int(position)
	if i == len(sorted)-1 {
		return sorted[i]
	}
	return sorted[i] + (position-float64(i))*(sorted[i+1]-sorted[i])
}

// FractionAbove returns the curve τ ↦ fraction of the values of m that are
// greater than τ, in [0, 1]. The curve keeps a sorted copy of m; one call of
// it takes O(log n). The curve of an empty m is NaN everywhere.
//
// The threshold behind published fractions of memorized points is not known,
// so the curve says more than any single value of it.
func FractionAbove(m []float64) func(tau float64) float64 {
	sorted := slices.Clone(m)
	slices.Sort(sorted)
	return func(tau float64) float64 {
		below := sort.Search(len(sorted), func(i int) bool { return sorted[i] > tau })
		return float64(len(sorted)-below) / float64(len(sorted))
	}
}
