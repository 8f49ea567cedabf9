package mem

import (
	"fmt"
	"math"

	"sslmem/data/rng"
)

// SubsetScores are what [SubsetMemorization] gives for each of N points.
type SubsetScores struct {
	// M is the mean loss under the encoders that did not see the point, less that
	// under those that did. It is undefined where one side has no encoder.
	M []Number `json:"m"`
	// SE is the standard error of M over the draw of encoders, √(s²_out/n_out +
	// s²_in/n_in), undefined where a side has fewer than two.
	SE []Number `json:"se"`
	// In and Out count the encoders that saw each point and those that did not.
	In  []int `json:"in"`
	Out []int `json:"out"`
}

// SubsetMemorization returns memorization scores from T encoders that were each
// trained on a random subset of the N points (V. Feldman and C. Zhang, "What neural
// networks memorize and why", NeurIPS 2020, with the alignment loss in place of the
// error of a classifier): losses[t][i] is the loss of point i under encoder t, and
// included[t][i] whether i was in its training set, both [T, N]. Every point is left
// out by many encoders and seen by many, so that all are scored, and what one
// encoder is better at on all images falls on both sides.
//
// It is an error if the shapes differ or a loss is not in [0, 1e100].
func SubsetMemorization(losses [][]float64, included [][]bool) (SubsetScores, error) {
	if len(losses) == 0 || len(losses[0]) == 0 || len(included) != len(losses) {
		return SubsetScores{}, fmt.Errorf("mem: losses under %d encoders and subsets of %d; give both for each encoder, with at least one point", len(losses), len(included))
	}
	n := len(losses[0])
	for t := range losses {
		if len(losses[t]) != n || len(included[t]) != n {
			return SubsetScores{}, fmt.Errorf("mem: encoder %d has %d losses and a subset of %d points instead of %d", t, len(losses[t]), len(included[t]), n)
		}
		for i, v := range losses[t] {
			if !validLoss(v) {
				return SubsetScores{}, fmt.Errorf("mem: the loss of point %d under encoder %d is %v; a loss lies in [0, 1e100], so look at the encoder's features for this image", i, t, v)
			}
		}
	}
	s := SubsetScores{M: make([]Number, n), SE: make([]Number, n), In: make([]int, n), Out: make([]int, n)}
	in, out := make([]float64, 0, len(losses)), make([]float64, 0, len(losses))
	for i := range n {
		in, out = in[:0], out[:0]
		for t := range losses {
			if included[t][i] {
				in = append(in, losses[t][i])
			} else {
				out = append(out, losses[t][i])
			}
		}
		s.In[i], s.Out[i] = len(in), len(out)
		s.M[i], s.SE[i] = undefined, undefined
		if len(in) == 0 || len(out) == 0 {
			continue
		}
		meanIn, varIn := meanVariance(in)
		meanOut, varOut := meanVariance(out)
		s.M[i] = Number(meanOut - meanIn)
		if len(in) > 1 && len(out) > 1 {
			s.SE[i] = Number(math.Sqrt(varIn/float64(len(in)) + varOut/float64(len(out))))
		}
	}
	return s, nil
}

var subsetDomain = rng.Word("mem: subsets")

// DrawSubsets draws which of n points each encoder is trained on: subsets of
// round(fraction·n) points, [encoders, n], each from a stream of its own that seed
// fixes, so that encoders can be added later. The published fraction is .7. It is
// an error if a subset would hold no point or all.
func DrawSubsets(n, encoders int, fraction float64, seed uint64) ([][]bool, error) {
	size := math.Round(fraction * float64(n))
	if !(size >= 1 && size < float64(n)) || encoders < 1 {
		return nil, fmt.Errorf("mem: %d subsets of %v of %d points; each must hold one point at least and leave one out", encoders, fraction, n)
	}
	subsets := make([][]bool, encoders)
	for t := range subsets {
		subsets[t] = make([]bool, n)
		for _, i := range rng.New(seed, subsetDomain, uint64(t)).Perm(n)[:int(size)] {
			subsets[t][i] = true
		}
	}
	return subsets, nil
}
