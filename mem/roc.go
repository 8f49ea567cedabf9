package mem

import (
	"math"
	"slices"
)

// A roc is the scores of members and others, from the highest, in groups of equal ones.
type roc struct {
	order []rocPoint
}

type rocPoint struct {
	at     int // position among members or among others
	member bool
	score  float64
}

// newROC orders scores: members should have the higher ones.
func newROC(members, others []float64) roc {
	r := roc{make([]rocPoint, 0, len(members)+len(others))}
	for i, s := range members {
		r.order = append(r.order, rocPoint{i, true, s})
	}
	for i, s := range others {
		r.order = append(r.order, rocPoint{i, false, s})
	}
	slices.SortStableFunc(r.order, func(a, b rocPoint) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	return r
}

// walk calls step with the members and others of each group of equal scores, the
// highest first, with the score. A point counts as often as the times of its side say,
// once if these are nil.
func (r roc) walk(members, others []int, step func(score, m, o float64)) {
	var m, o float64
	for k, p := range r.order {
		side, weight := others, 1.
		if p.member {
			side = members
		}
		if side != nil {
			weight = float64(side[p.at])
		}
		if p.member {
			m += weight
		} else {
			o += weight
		}
		if k+1 == len(r.order) || r.order[k+1].score != p.score {
			step(p.score, m, o)
			m, o = 0, 0
		}
	}
}

// auc returns the area under the curve, NaN without members or others.
func (r roc) auc(members, others []int) float64 {
	var wins, m, o float64
	r.walk(members, others, func(_, groupM, groupO float64) {
		// Members of this group lose to the others above and tie with those of the group.
		wins -= groupM * (o + groupO/2)
		m, o = m+groupM, o+groupO
	})
	return (wins + m*o) / (m * o)
}

// tpr returns the share of members that are found while at most a share fpr of the
// others is mistaken for some.
func (r roc) tpr(fpr float64, members, others []int) float64 {
	var m, o, allM, allO float64
	r.walk(members, others, func(_, groupM, groupO float64) { allM, allO = allM+groupM, allO+groupO })
	most, found, over := fpr*allO+1e-9, 0., false
	r.walk(members, others, func(_, groupM, groupO float64) {
		m, o = m+groupM, o+groupO
		if over = over || o > most; !over {
			found = m
		}
	})
	return found / allM
}

// threshold returns the score from which on points are best taken for members, and the
// balanced accuracy of that. It lies in the middle between two scores; where none is
// better than chance it is infinite, so that no point is. Of equally good ones it is
// the highest.
func (r roc) threshold() (threshold, accuracy float64) {
	var m, o, allM, allO float64
	r.walk(nil, nil, func(_, groupM, groupO float64) { allM, allO = allM+groupM, allO+groupO })
	threshold, accuracy = math.Inf(1), .5
	better, last := false, 0.
	r.walk(nil, nil, func(score, groupM, groupO float64) {
		if better {
			threshold = (last + score) / 2
		}
		m, o = m+groupM, o+groupO
		a := (m/allM + 1 - o/allO) / 2
		better, last = a > accuracy+1e-12, score
		if better {
			accuracy = a
		}
	})
	return threshold, accuracy
}

// AUC returns the area under the receiver operating characteristic of scores by which
// members should be higher than others: the probability that a random member has a
// higher score than a random other, where equal ones count half (the statistic U of
// Mann and Whitney, divided by the product of the numbers). .5 is chance. It is NaN if
// either is empty.
func AUC(members, others []float64) float64 { return newROC(members, others).auc(nil, nil) }

// TPR returns the true positive rate at a false positive rate of at most fpr: the
// largest share of members whose scores are at or above a threshold that no more than
// this share of the others reaches. Of n others, rates below 1/n allow for none. By
// chance it is fpr or less. It is NaN if members are empty.
func TPR(members, others []float64, fpr float64) float64 {
	return newROC(members, others).tpr(fpr, nil, nil)
}
