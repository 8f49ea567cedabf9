package mem

import (
	"fmt"
	"math"
	"slices"

	"sslmem/data/rng"
)

// A MembershipAttack tells from what an encoder makes of an image whether it was
// trained on it.
type MembershipAttack string

const (
	// MeanAttack takes the mean cosine of the views: the threshold attack of H. Liu,
	// J. Jia, W. Qu and N. Z. Gong, "EncoderMI: Membership Inference against Pre-trained
	// Encoders in Contrastive Learning", CCS 2021 (arXiv:2108.11023).
	MeanAttack MembershipAttack = "mean"
	// VectorAttack takes all cosines, sorted, and logistic regression: the vector attack
	// of the same, with that in the place of a network.
	VectorAttack MembershipAttack = "vector"
	// LossAttack takes minus the alignment loss L of the encoder.
	LossAttack MembershipAttack = "loss"
	// MemAttack takes m, the loss under the other encoder of the pair less that under
	// the target. It needs an encoder that differs in the image alone, which an
	// attacker does not have; it bounds what there is to find. Against S_I it counts
	// twice, because that encoder saw the others.
	MemAttack MembershipAttack = "m"
)

// MembershipAttacks lists all attacks.
func MembershipAttacks() []MembershipAttack {
	return []MembershipAttack{MeanAttack, VectorAttack, LossAttack, MemAttack}
}

// Describe says in words what the attack looks at.
func (a MembershipAttack) Describe() string {
	switch a {
	case MeanAttack:
		return "mean of cosines"
	case VectorAttack:
		return "sorted cosines"
	case LossAttack:
		return "alignment loss"
	case MemAttack:
		return "L_g and L_f"
	}
	return string(a)
}

// MembershipPair is what f and g of a pair make of the points of the sets S_C, S_I and,
// if they are asked for, S_E; the rest is empty. Index holds the points of each.
type MembershipPair struct {
	Pair  int
	Index [NumSets][]int
	F, G  [NumSets]ViewSimilarities
}

// MembershipOptions say how membership is inferred.
type MembershipOptions struct {
	// Against is the set of the points that f did not see: S_I, which g saw (and for
	// the target g: S_C, which f saw), or S_E, which neither saw.
	Against Set
	// Resamples is how often points are drawn again for confidence intervals; 0 stands
	// for 1,000. Seed is of these draws and of the folds.
	Resamples int
	Seed      uint64
}

// An Estimate is a number with its 95 % bootstrap interval.
type Estimate struct {
	Value float64  `json:"value"`
	CI    Interval `json:"ci95"`
}

// MembershipResult is how well an attack tells members from others, in the mean over
// targets.
type MembershipResult struct {
	Attack MembershipAttack `json:"attack"`
	// Accuracy is balanced, the mean of the shares of members and of others that are
	// judged right, with the threshold that was best on the shadow. .5 is chance.
	Accuracy Estimate `json:"accuracy"`
	AUC      Estimate `json:"auc"`     // see [AUC]; .5 is chance
	TPR1     Estimate `json:"tpr_1"`   // [TPR] at a false positive rate of 1 %; .01 is chance
	TPR01    Estimate `json:"tpr_0_1"` // at .1 %; .001 is chance
}

// MembershipReport is how well attacks do.
type MembershipReport struct {
	Against Set                `json:"against"`
	Pairs   int                `json:"pairs"`
	Members int                `json:"members"` // of a target, in the mean over targets
	Others  int                `json:"others"`
	Views   int                `json:"views"` // of each image
	Attacks []MembershipResult `json:"attacks"`
	// Points are the scores behind these, of each target.
	Points []MembershipPoint `json:"-"`
}

// MembershipPoint is what the attacks say of a point.
type MembershipPoint struct {
	Pair   int
	Target string // "f" or "g"
	Set    Set
	Index  int
	Member bool
	Fold   int
	Scores []float64 // of [MembershipAttacks], higher for members
}

// InferMembership attacks f and g of each pair in turn. The target f has the members
// S_C and, as others, S_I or S_E. What a member looks like, a threshold or the weights
// of the regression, is learned on a shadow: g, whose members are S_I and whose others
// are S_C or S_E. These are the points that the target is judged on, with the same
// membership or the opposite one, so that an attack which knew points again would be
// found too strong or too weak. Therefore all sets are halved at random, and what
// judges one half of the target's points is learned from the other half of the
// shadow's: no point is judged by what was learned from it, and each is judged once
// for each target.
//
// Both directions are averaged, as in [DejaVu], and all pairs. Against S_I, two
// encoders that are equal give an AUC of .5 exactly by a loss or a mean: what makes one
// set easier than the other counts once for and once against. What is learned then
// learns such a difference the wrong way around, so that against S_I a learned attack
// is rather found too weak than too strong. Against S_E a set that is easier counts for
// the attack.
//
// The intervals are those of drawing the points of each set again, the same for all
// targets, with what was learned as it is. It is an error if a set is empty or has
// fewer than four points, if sizes do not fit or differ between pairs, or a number is
// NaN.
func InferMembership(pairs []MembershipPair, o MembershipOptions) (*MembershipReport, error) {
	if o.Resamples == 0 {
		o.Resamples = 1000
	}
	if err := checkMembership(pairs, o); err != nil {
		return nil, err
	}
	folds := drawFolds(pairs[0].Index, o.Seed)
	var targets []membershipTarget
	for _, p := range pairs {
		for _, of := range "fg" {
			t, err := p.target(of == 'g', o.Against, folds)
			if err != nil {
				return nil, fmt.Errorf("mem: membership under %c of pair %d: %w", of, p.Pair, err)
			}
			targets = append(targets, t)
		}
	}
	r := &MembershipReport{Against: o.Against, Pairs: len(pairs)}
	k := len(pairs[0].F[Candidate].Cosine[0])
	r.Views = int(math.Round((1 + math.Sqrt(float64(1+8*k))) / 2))
	for _, t := range targets {
		r.Members += len(t.index[0])
		r.Others += len(t.index[1])
		r.Points = append(r.Points, t.points(folds)...)
	}
	r.Members, r.Others = r.Members/len(targets), r.Others/len(targets)
	for a, attack := range MembershipAttacks() {
		result := estimateMembership(targets, a, pairs[0].Index, o)
		result.Attack = attack
		r.Attacks = append(r.Attacks, result)
	}
	return r, nil
}

// membershipSets are those of the members and of the others of f, or of g.
func membershipSets(g bool, against Set) [2]Set {
	sets := [2]Set{Candidate, against}
	if g {
		return [2]Set{sets[0].Swapped(), sets[1].Swapped()}
	}
	return sets
}

func checkMembership(pairs []MembershipPair, o MembershipOptions) error {
	if len(pairs) == 0 {
		return fmt.Errorf("mem: there is no pair whose membership could be inferred")
	}
	if o.Against != Independent && o.Against != External {
		return fmt.Errorf("mem: members are told from S_I or from S_E, not from %v", o.Against)
	}
	if o.Resamples < 2 {
		return fmt.Errorf("mem: %d resamples make no interval; take at least 2, or 0 for 1000", o.Resamples)
	}
	needed := []Set{Candidate, Independent}
	if o.Against == External {
		needed = append(needed, External)
	}
	width := -1
	for _, p := range pairs {
		for _, set := range needed {
			n := len(p.Index[set])
			if n < 4 {
				return fmt.Errorf("mem: %v has %d points; membership takes at least 4 of each set, half of which are learned from", set, n)
			}
			if !slices.Equal(p.Index[set], pairs[0].Index[set]) {
				return fmt.Errorf("mem: pairs %d and %d have other points in %v", pairs[0].Pair, p.Pair, set)
			}
			for _, v := range []ViewSimilarities{p.F[set], p.G[set]} {
				if len(v.Cosine) != n || len(v.Loss) != n {
					return fmt.Errorf("mem: %v of pair %d has %d points, but similarities of %d and losses of %d", set, p.Pair, n, len(v.Cosine), len(v.Loss))
				}
				for i, row := range v.Cosine {
					if width < 0 {
						width = len(row)
					}
					if len(row) != width || width == 0 {
						return fmt.Errorf("mem: a point has %d similarities of views and another %d; all must have as many, at least one", width, len(row))
					}
					if slices.ContainsFunc(row, math.IsNaN) || math.IsNaN(v.Loss[i]) {
						return fmt.Errorf("mem: a similarity or loss of image %d under pair %d is NaN", p.Index[set][i], p.Pair)
					}
				}
			}
		}
	}
	return nil
}

var foldDomain = rng.Word("mem: folds")

// drawFolds halves each set at random: 0 or 1 for each of its points.
func drawFolds(index [NumSets][]int, seed uint64) (folds [NumSets][]int) {
	for set, points := range index {
		folds[set] = make([]int, len(points))
		for k, i := range rng.New(seed, foldDomain, uint64(set)).Perm(len(points)) {
			folds[set][i] = k % 2
		}
	}
	return folds
}
