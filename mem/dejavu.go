package mem

import (
	"fmt"
	"math"
	"slices"
)

// DejaVuAttack is what two models infer of the classes of the same points from a
// crop of each, after C. Meehan, F. Bordes, P. Vincent, K. Chaudhuri and C. Guo, "Do
// SSL Models Have Déjà Vu? A Case of Unintended Memorization in Self-supervised
// Learning", NeurIPS 2023 (arXiv:2304.13850): the target model saw the images, the
// reference did not. What the reference finds too follows from the crop; what only the
// target finds, it remembers.
type DejaVuAttack struct {
	// Set is S_C, of which f is the target and g the reference, or S_I, of which g is
	// the target and f the reference.
	Set Set
	// Pair is the number of the f/g pair.
	Pair int
	// Index holds the points, as positions in their data set, [N].
	Index []int
	// Class holds their classes, [N].
	Class []int
	// Target and Reference are of these points, in this order.
	Target, Reference LabelInference
}

// OneModel returns the attack with a reference that is no encoder, such as a
// classifier that was trained on crops of public images. The confidence of either in a
// point is then the entropy of the classifier less that of the target's neighbors:
// most where the crop says little and the target is certain all the same.
func (a DejaVuAttack) OneModel() DejaVuAttack {
	joint := make([]float64, a.Target.Len())
	for i := range joint {
		joint[i] = a.Target.Confidence[i] - a.Reference.Confidence[i]
	}
	a.Target.Confidence, a.Reference.Confidence = joint, joint
	return a
}

// An AttackOutcome says which of target and reference are right about a point.
type AttackOutcome string

const (
	MemorizedPoint    AttackOutcome = "memorized"    // the target is right and the reference wrong
	ForgottenPoint    AttackOutcome = "forgotten"    // the reference is right and the target wrong
	CorrelatedPoint   AttackOutcome = "correlated"   // both are right
	UnassociatedPoint AttackOutcome = "unassociated" // both are wrong
)

// Outcome returns that of point i.
func (a DejaVuAttack) Outcome(i int) AttackOutcome {
	switch target, reference := a.Target.Right(i, 1), a.Reference.Right(i, 1); {
	case target && reference:
		return CorrelatedPoint
	case target:
		return MemorizedPoint
	case reference:
		return ForgottenPoint
	}
	return UnassociatedPoint
}

// DejaVuOptions say what is reported of attacks.
type DejaVuOptions struct {
	// Shares are the shares p of the points that a model is most confident of, each in
	// (0, 1]; nil stands for the published 1, .2 and .05.
	Shares []float64
	// Resamples is how often points are drawn again for confidence intervals; 0 stands
	// for 2,000. Seed is of these draws.
	Resamples int
	Seed      uint64
}

// DejaVuReport is how much better models name the classes of images that they saw.
type DejaVuReport struct {
	Points int `json:"points"` // different ones, of all sets
	Pairs  int `json:"pairs"`  // different f/g pairs
	// Levels has a row for each share of the most confident points.
	Levels []DejaVuLevel `json:"levels"`
	// Curve has 100 shares between .1 and 1.
	Curve []DejaVuPoint `json:"curve"`
	// Memorized, Forgotten, Correlated and Unassociated are the shares of all points
	// with these outcomes.
	Memorized    float64 `json:"memorized"`
	Forgotten    float64 `json:"forgotten"`
	Correlated   float64 `json:"correlated"`
	Unassociated float64 `json:"unassociated"`
}

// DejaVuLevel is the accuracies of target and reference, each on the share of the
// points that it is most confident of, in the mean over all attacks.
type DejaVuLevel struct {
	Share float64 `json:"share"`
	N     int     `json:"n"` // points of an attack, in the mean over attacks
	// Target and Reference are top-1 accuracies, with bootstrap intervals.
	Target      float64  `json:"target"`
	TargetCI    Interval `json:"target_ci95"`
	Reference   float64  `json:"reference"`
	ReferenceCI Interval `json:"reference_ci95"`
	// Score is the déjà vu score, Target − Reference.
	Score float64  `json:"score"`
	CI    Interval `json:"score_ci95"`
	// Target5, Reference5 and Score5 are the same where the class must be among the
	// first five that got a vote.
	Target5    float64 `json:"target_top5"`
	Reference5 float64 `json:"reference_top5"`
	Score5     float64 `json:"score_top5"`
}

// DejaVuPoint is a point of the confidence curve.
type DejaVuPoint struct {
	Share     float64 `json:"share"`
	Target    float64 `json:"target"`
	Reference float64 `json:"reference"`
}

// DejaVu reports attacks: of f on S_C and of g on S_I, of one or more pairs. By the
// definition, the accuracy of the target is the mean of that of f on S_C and of g on
// S_I, that of the reference the mean of g on S_C and of f on S_I, so that what one of
// the sets or encoders is better at falls on both sides; the score is their difference.
// Each model is judged on the share p of an attack's points that it is most confident
// of itself, at least one. Where several points are as confident as the last of them,
// all of these count with the weight that makes up the share, so that the order of the
// points has no effect.
//
// The intervals reach from the 2.5 % to the 97.5 % point of what comes of drawing the
// points of each set again, with target and reference and all pairs on the same draw.
// They are about the choice of points, not of encoders.
//
// It is an error if there are no attacks, an attack is incomplete, attacks of a set are
// of different points, or a share lies outside of (0, 1].
func DejaVu(attacks []DejaVuAttack, o DejaVuOptions) (*DejaVuReport, error) {
	if o.Shares == nil {
		o.Shares = []float64{1, .2, .05}
	}
	if o.Resamples == 0 {
		o.Resamples = 2000
	}
	if err := checkDejaVu(attacks, o); err != nil {
		return nil, err
	}
	r := &DejaVuReport{}
	points, pairs := map[Set]int{}, map[int]bool{}
	outcomes := map[AttackOutcome]float64{}
	for _, a := range attacks {
		points[a.Set], pairs[a.Pair] = len(a.Index), true
		for i := range a.Index {
			outcomes[a.Outcome(i)]++
		}
	}
	var all float64
	for _, n := range outcomes {
		all += n
	}
	r.Memorized, r.Forgotten = outcomes[MemorizedPoint]/all, outcomes[ForgottenPoint]/all
	r.Correlated, r.Unassociated = outcomes[CorrelatedPoint]/all, outcomes[UnassociatedPoint]/all
	for _, n := range points {
		r.Points += n
	}
	r.Pairs = len(pairs)

	ranked, ranked5 := rankAttacks(attacks, 1), rankAttacks(attacks, 5)
	for _, share := range o.Shares {
		l := DejaVuLevel{Share: share}
		for _, a := range attacks {
			l.N += quota(share, len(a.Index))
		}
		l.N = int(math.Round(float64(l.N) / float64(len(attacks))))
		l.Target, l.Reference = ranked.accuracies(share, nil)
		l.Target5, l.Reference5 = ranked5.accuracies(share, nil)
		l.Score, l.Score5 = l.Target-l.Reference, l.Target5-l.Reference5
		r.Levels = append(r.Levels, l)
	}
	ranked.intervals(r.Levels, o)
	for i := range 100 {
		p := DejaVuPoint{Share: .1 + .9*float64(i)/99}
		p.Target, p.Reference = ranked.accuracies(p.Share, nil)
		r.Curve = append(r.Curve, p)
	}
	return r, nil
}

func checkDejaVu(attacks []DejaVuAttack, o DejaVuOptions) error {
	if len(attacks) == 0 {
		return fmt.Errorf("mem: there is no attack to report")
	}
	of := map[Set][]int{}
	for k, a := range attacks {
		n := len(a.Index)
		switch {
		case a.Set != Candidate && a.Set != Independent:
			return fmt.Errorf("mem: attack %d is on %v; only S_C and S_I were seen by one encoder and not by the other", k, a.Set)
		case n == 0:
			return fmt.Errorf("mem: attack %d on %v has no points", k, a.Set)
		case of[a.Set] != nil && !slices.Equal(of[a.Set], a.Index):
			return fmt.Errorf("mem: the attacks on %v are of different points; each pair must be attacked with the same", a.Set)
		}
		for _, l := range []LabelInference{a.Target, a.Reference} {
			if len(l.Label) != n || len(l.Place) != n || len(l.Confidence) != n {
				return fmt.Errorf("mem: attack %d has %d points, but a model names the classes of %d", k, n, len(l.Label))
			}
			if i := slices.IndexFunc(l.Confidence, math.IsNaN); i >= 0 {
				return fmt.Errorf("mem: a confidence of attack %d is NaN, that of image %d", k, a.Index[i])
			}
		}
		if len(a.Class) != n {
			return fmt.Errorf("mem: attack %d has %d points, but the classes of %d", k, n, len(a.Class))
		}
		of[a.Set] = a.Index
	}
	for _, p := range o.Shares {
		if !(p > 0 && p <= 1) {
			return fmt.Errorf("mem: a share of %v of the points does not exist; it must be above 0 and at most 1", p)
		}
	}
	if o.Resamples < 2 {
		return fmt.Errorf("mem: %d resamples make no interval; take at least 2, or 0 for 2000", o.Resamples)
	}
	return nil
}
