package mem

import (
	"gonum.org/v1/gonum/floats"

	"sslmem/data/rng"
)

// vectorDecay is the weight decay of the regression on sorted similarities, which
// depend on each other much.
const vectorDecay = 1e-3

// A membershipTarget is one encoder with the scores of its members (0) and others (1).
type membershipTarget struct {
	pair  int
	name  string
	sets  [2]Set
	index [2][]int
	// scores holds, for each attack and side, those of the points, and right whether
	// they were judged right.
	scores [][2][]float64
	right  [][2][]bool
}

// target attacks f, or g, with the other as the shadow.
func (p MembershipPair) target(g bool, against Set, folds [NumSets][]int) (membershipTarget, error) {
	own, shadow, name := p.F, p.G, "f"
	if g {
		own, shadow, name = p.G, p.F, "g"
	}
	t := membershipTarget{pair: p.Pair, name: name, sets: membershipSets(g, against)}
	shadowSets := membershipSets(!g, against)
	for side, set := range t.sets {
		t.index[side] = p.Index[set]
	}
	for _, attack := range MembershipAttacks() {
		var scores [2][]float64
		var right [2][]bool
		for side := range t.sets {
			scores[side], right[side] = make([]float64, len(t.index[side])), make([]bool, len(t.index[side]))
		}
		for fold := range 2 {
			learned, err := learnMembership(attack, shadow, own, shadowSets, folds, 1-fold)
			if err != nil {
				return t, err
			}
			for side, set := range t.sets {
				for i, of := range folds[set] {
					if of != fold {
						continue
					}
					score := learned.score(own[set], shadow[set], i)
					scores[side][i] = score
					right[side][i] = (score > learned.threshold) == (side == 0)
				}
			}
		}
		t.scores, t.right = append(t.scores, scores), append(t.right, right)
	}
	return t, nil
}

// points lists the scores.
func (t membershipTarget) points(folds [NumSets][]int) []MembershipPoint {
	var out []MembershipPoint
	for side, set := range t.sets {
		for i, index := range t.index[side] {
			p := MembershipPoint{Pair: t.pair, Target: t.name, Set: set, Index: index, Member: side == 0, Fold: folds[set][i]}
			for a := range t.scores {
				p.Scores = append(p.Scores, t.scores[a][side][i])
			}
			out = append(out, p)
		}
	}
	return out
}

// A learnedAttack says how much a point is like a member, and from where on it is one.
type learnedAttack struct {
	// score looks at point i, under the encoder and under the other of the pair.
	score     func(own, other ViewSimilarities, i int) float64
	threshold float64
}

// learnMembership learns an attack from one fold of the points of an encoder, whose
// members and others are sets.
func learnMembership(attack MembershipAttack, own, other [NumSets]ViewSimilarities, sets [2]Set, folds [NumSets][]int, fold int) (learnedAttack, error) {
	var l learnedAttack
	switch attack {
	case MeanAttack:
		l.score = func(own, _ ViewSimilarities, i int) float64 {
			return floats.Sum(own.Cosine[i]) / float64(len(own.Cosine[i]))
		}
	case LossAttack:
		l.score = func(own, _ ViewSimilarities, i int) float64 { return -own.Loss[i] }
	case MemAttack:
		l.score = func(own, other ViewSimilarities, i int) float64 { return other.Loss[i] - own.Loss[i] }
	case VectorAttack:
		var rows [2][][]float64
		for side, set := range sets {
			for i, of := range folds[set] {
				if of == fold {
					rows[side] = append(rows[side], own[set].Cosine[i])
				}
			}
		}
		fit, err := fitLogistic(rows[0], rows[1], vectorDecay)
		if err != nil {
			return l, err
		}
		l.score = func(own, _ ViewSimilarities, i int) float64 { return fit.logit(own.Cosine[i]) }
		return l, nil // the regression's own threshold is 0
	}
	var scores [2][]float64
	for side, set := range sets {
		for i, of := range folds[set] {
			if of == fold {
				scores[side] = append(scores[side], l.score(own[set], other[set], i))
			}
		}
	}
	l.threshold, _ = newROC(scores[0], scores[1]).threshold()
	return l, nil
}

var membershipDomain = rng.Word("mem: membership")

// estimateMembership returns the metrics of attack number a, in the mean over targets.
func estimateMembership(targets []membershipTarget, a int, index [NumSets][]int, o MembershipOptions) MembershipResult {
	rocs := make([]roc, len(targets))
	for k, t := range targets {
		rocs[k] = newROC(t.scores[a][0], t.scores[a][1])
	}
	const metrics = 4
	measure := func(times *[NumSets][]int) (v [metrics]float64) {
		for k, t := range targets {
			var of [2][]int
			if times != nil {
				of = [2][]int{times[t.sets[0]], times[t.sets[1]]}
			}
			for m, x := range [metrics]float64{
				(share(t.right[a][0], of[0]) + share(t.right[a][1], of[1])) / 2,
				rocs[k].auc(of[0], of[1]), rocs[k].tpr(.01, of[0], of[1]), rocs[k].tpr(.001, of[0], of[1]),
			} {
				v[m] += x / float64(len(targets))
			}
		}
		return v
	}
	var sizes [NumSets]int
	for set, points := range index {
		sizes[set] = len(points)
	}
	var values [metrics][]float64
	for m := range values {
		values[m] = make([]float64, o.Resamples)
	}
	parallel(o.Resamples, func(b int) {
		times := resample(sizes, o.Seed, membershipDomain, b)
		for m, v := range measure(&times) {
			values[m][b] = v
		}
	})
	whole := measure(nil)
	estimate := func(m int) Estimate { return Estimate{whole[m], percentiles(values[m])} }
	return MembershipResult{Accuracy: estimate(0), AUC: estimate(1), TPR1: estimate(2), TPR01: estimate(3)}
}

// share returns the share of points that are right, each counted as often as times
// says, once if it is nil.
func share(right []bool, times []int) float64 {
	var yes, all float64
	for i, r := range right {
		weight := 1.
		if times != nil {
			weight = float64(times[i])
		}
		all += weight
		if r {
			yes += weight
		}
	}
	return yes / all
}
