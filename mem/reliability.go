package mem

import (
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Reliability says how much of the differences between points would come
// again with other views. The score m(x) is computed twice, from two halves of
// the views that have none in common, and compared over the points.
//
// It speaks of the noise of the views alone: both halves are scored by the
// same encoders, so a high value does not mean that other encoders, trained
// with another seed, would memorize the same points.
type Reliability struct {
	// R is Pearson's correlation of the two halves over the points.
	R Number `json:"r"`
	// SpearmanBrown is 2R/(1+R), the correlation to be expected between two
	// scores that each use all of the views (C. Spearman and W. Brown, British
	// Journal of Psychology 3, 1910). Where R is negative the formula has no
	// meaning, and SpearmanBrown is 0: the halves have nothing in common.
	SpearmanBrown Number `json:"spearman_brown"`
	// Ceiling is √SpearmanBrown, the noise ceiling: the highest correlation that
	// anything can be expected to have with the scores, were it the truth itself.
	Ceiling Number `json:"noise_ceiling"`
}

// SplitHalf returns the reliability from the scores of the two halves, both
// [N] in the same order. It is undefined for fewer than two points and where
// a half has no variance; it panics if the lengths differ.
func SplitHalf(a, b []float64) Reliability {
	if len(a) != len(b) {
		panic("mem: the halves score different numbers of points")
	}
	if len(a) < 2 || slices.Min(a) == slices.Max(a) || slices.Min(b) == slices.Max(b) {
		return newReliability(undefined, 0)
	}
	return newReliability(Number(stat.Correlation(a, b, nil)), 2)
}
