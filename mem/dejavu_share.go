package mem

import (
	"math"
	"slices"

	"sslmem/data/rng"
)

// rankedAttack is an attack whose points are ordered by confidence, for target and
// reference.
type rankedAttack struct {
	set   Set
	n     int
	sides [2]rankedSide
}

// rankedSide is one model's answers, the most confident first.
type rankedSide struct {
	order []int  // points
	right []bool // of order
	last  []bool // of order: the next is less confident
}

type rankedAttacks []rankedAttack

// rankAttacks takes as right what is among the first classes named.
func rankAttacks(attacks []DejaVuAttack, first int) rankedAttacks {
	out := make(rankedAttacks, len(attacks))
	for k, a := range attacks {
		out[k] = rankedAttack{set: a.Set, n: len(a.Index)}
		for s, l := range []LabelInference{a.Target, a.Reference} {
			order := ascending(l.Confidence)
			slices.Reverse(order)
			side := rankedSide{order: order, right: make([]bool, len(order)), last: make([]bool, len(order))}
			for at, i := range order {
				side.right[at] = l.Right(i, first)
				side.last[at] = at+1 == len(order) || l.Confidence[order[at+1]] != l.Confidence[i]
			}
			out[k].sides[s] = side
		}
	}
	return out
}

// quota is how many of n points a share is, at least one.
func quota(share float64, n int) int { return max(1, int(math.Round(share*float64(n)))) }

// accuracy returns that on the most confident points, as many as quota says; each point
// counts as often as times says, once if it is nil. Of points that are equally
// confident, and of which only some have room, each counts in part.
func (r rankedSide) accuracy(quota int, times []int) float64 {
	room, right := float64(quota), 0.
	var groupN, groupRight float64
	for at, i := range r.order {
		weight := 1.
		if times != nil {
			weight = float64(times[i])
		}
		groupN += weight
		if r.right[at] {
			groupRight += weight
		}
		if !r.last[at] {
			continue
		}
		if groupN >= room {
			return (right + groupRight*room/groupN) / float64(quota)
		}
		room, right = room-groupN, right+groupRight
		groupN, groupRight = 0, 0
	}
	return right / float64(quota)
}

// accuracies returns the mean over attacks of the accuracies of target and reference
// on a share of the points; times is how often a point of a set counts, nil for once.
func (r rankedAttacks) accuracies(share float64, times *[NumSets][]int) (target, reference float64) {
	for _, a := range r {
		var of []int
		if times != nil {
			of = times[a.set]
		}
		q := quota(share, a.n)
		target += a.sides[0].accuracy(q, of)
		reference += a.sides[1].accuracy(q, of)
	}
	n := float64(len(r))
	return target / n, reference / n
}

var dejaVuDomain = rng.Word("mem: déjà vu")

// intervals fills in the bootstrap intervals of levels.
func (r rankedAttacks) intervals(levels []DejaVuLevel, o DejaVuOptions) {
	sizes := [NumSets]int{}
	for _, a := range r {
		sizes[a.set] = a.n
	}
	values := make([][3][]float64, len(levels))
	for l := range values {
		for k := range values[l] {
			values[l][k] = make([]float64, o.Resamples)
		}
	}
	parallel(o.Resamples, func(b int) {
		times := resample(sizes, o.Seed, dejaVuDomain, b)
		for l := range levels {
			t, reference := r.accuracies(levels[l].Share, &times)
			for k, v := range []float64{t, reference, t - reference} {
				values[l][k][b] = v
			}
		}
	})
	for l := range levels {
		levels[l].TargetCI = percentiles(values[l][0])
		levels[l].ReferenceCI = percentiles(values[l][1])
		levels[l].CI = percentiles(values[l][2])
	}
}

// resample draws, with replacement, as many points of each set as it has, and returns
// how often each was drawn. The draws of number b are its own.
func resample(sizes [NumSets]int, seed, domain uint64, b int) (times [NumSets][]int) {
	for set, n := range sizes {
		r := rng.New(seed, domain, uint64(b), uint64(set))
		times[set] = make([]int, n)
		for range n {
			times[set][r.IntN(n)]++
		}
	}
	return times
}

// percentiles returns the interval of the middle 95 % of values, which it sorts.
func percentiles(values []float64) Interval {
	slices.Sort(values)
	return Interval{Number(quantileOfSorted(values, alpha/2)), Number(quantileOfSorted(values, 1-alpha/2))}
}
