package mem

import "fmt"

// AllPairs returns the alignment loss of one point from its K views: the mean
// of d over all K(K−1)/2 unordered pairs of views,
//
//	L = 2/(K(K−1)) · Σ_{i<j} d(v_i, v_j).
//
// views is [K, n]: the features of the K augmented versions of one image. The
// views are drawn independently, so each pair has the expectation
// E d(e(u), e(v)) of the definition, and the mean over all pairs (a
// U-statistic) is unbiased and less noisy than that over disjoint pairs at the
// same number of forward passes.
//
// It panics if there are fewer than two views or if their lengths differ.
func AllPairs(views [][]float64, d Distance) float64 {
	v := prepare(views, d)
	var sum float64
	for i := range v {
		for j := i + 1; j < len(v); j++ {
			sum += d.between(v[i], v[j])
		}
	}
	return sum / float64(len(v)*(len(v)-1)/2)
}

// DisjointPairs returns the alignment loss of one point as the mean of d over
// the K/2 disjoint pairs (v_0, v_1), (v_2, v_3), …, which is the textbook
// estimate from independent pairs. views is [K, n].
//
// It panics if the number of views is odd or zero or if their lengths differ.
func DisjointPairs(views [][]float64, d Distance) float64 {
	if len(views)%2 != 0 {
		panic(fmt.Sprintf("mem: disjoint pairs need an even number of views, not %d", len(views)))
	}
	v := prepare(views, d)
	var sum float64
	for i := 0; i < len(v); i += 2 {
		sum += d.between(v[i], v[i+1])
	}
	return sum / float64(len(v)/2)
}

// Anchored returns the mean of d between the features of an image as it is, [n],
// and those of its K ≥ 1 augmented views, [K, n]. It panics if there is no view or
// lengths differ.
func Anchored(anchor []float64, views [][]float64, d Distance) float64 {
	v := prepare(append([][]float64{anchor}, views...), d)
	var sum float64
	for _, view := range v[1:] {
		sum += d.between(v[0], view)
	}
	return sum / float64(len(views))
}

// prepare checks views and normalises them where the distance wants that.
func prepare(views [][]float64, d Distance) [][]float64 {
	if len(views) < 2 {
		panic(fmt.Sprintf("mem: the alignment loss needs at least 2 views, not %d", len(views)))
	}
	v := make([][]float64, len(views))
	for i, x := range views {
		if len(x) != len(views[0]) {
			panic(fmt.Sprintf("mem: view %d has %d features, view 0 has %d", i, len(x), len(views[0])))
		}
		if d.OnUnitFeatures() {
			x = unit(x)
		}
		v[i] = x
	}
	return v
}
