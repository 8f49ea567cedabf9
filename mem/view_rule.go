package mem

import (
	"fmt"
	"slices"

	"sslmem/data/augment"
)

// ViewRule names the pairs of views whose distances the alignment loss of a point
// is the mean of.
type ViewRule string

const (
	// AllViewPairs are all K(K−1)/2 pairs of the K augmented views, as by the
	// definition; see [AllPairs]. It is the default, for which "" stands too.
	AllViewPairs ViewRule = "all"
	// DisjointViews are the K/2 disjoint pairs of augmented views, K even; see
	// [DisjointPairs]. It estimates the same with more noise.
	DisjointViews ViewRule = "disjoint"
	// RawAnchor are the K pairs of the image itself, resized and normalised only,
	// and an augmented view; see [Anchored]. It is another quantity than the
	// definition's, and the one that the code published with arXiv:2401.12233
	// computes. Use it to compare with numbers from there.
	RawAnchor ViewRule = "anchor"
)

// ViewRules returns all rules, the default first.
func ViewRules() []ViewRule { return []ViewRule{AllViewPairs, DisjointViews, RawAnchor} }

// ParseViewRule returns the rule of the given name; "" is the default.
func ParseViewRule(name string) (ViewRule, error) {
	if name == "" {
		return AllViewPairs, nil
	}
	if i := slices.Index(ViewRules(), ViewRule(name)); i >= 0 {
		return ViewRules()[i], nil
	}
	return "", fmt.Errorf("mem: %q is not a rule for pairs of views; use one of %s", name, joinNames(ViewRules()))
}

// drawn is how many views are drawn of a point for k augmented ones. The raw one
// is the last.
func (r ViewRule) drawn(k int) int {
	if r == RawAnchor {
		return k + 1
	}
	return k
}

// half is how many of k augmented views each of both halves has, 0 if there are
// too few for halves.
func (r ViewRule) half(k int) int {
	half := k / 2
	switch {
	case r == DisjointViews:
		half -= half % 2
	case r != RawAnchor && half < 2:
		half = 0
	}
	return half
}

// pairs is the number of distances between k augmented views, and the raw one.
func (r ViewRule) pairs(k int) int {
	switch r {
	case DisjointViews:
		return k / 2
	case RawAnchor:
		return k
	}
	return k * (k - 1) / 2
}

// loss is the loss of one point from the features of all views that were drawn of
// it, and that of each half of the augmented ones, 0 where there are too few.
func (r ViewRule) loss(views [][]float64, d Distance) (all float64, halves [2]float64) {
	estimate, k := AllPairs, len(views)
	switch r {
	case DisjointViews:
		estimate = DisjointPairs
	case RawAnchor:
		k--
		anchor := views[k]
		estimate = func(views [][]float64, d Distance) float64 { return Anchored(anchor, views, d) }
	}
	all = estimate(views[:k], d)
	if half := r.half(k); half > 0 {
		halves[0] = estimate(views[:half], d)
		halves[1] = estimate(views[half:2*half], d)
	}
	return all, halves
}

// raw returns the recipe of an image as it is, in the size of r's views and
// normalised as they are.
func raw(r augment.Recipe) augment.Recipe {
	return augment.Recipe{
		Name: "raw", Size: r.Size, Interpolation: r.Interpolation, Aliased: r.Aliased,
		Mean: r.Mean, Std: r.Std,
	}
}
