package mem

import "fmt"

// LabelScores are what [LabelMemorization] gives for each of N points.
type LabelScores struct {
	// SubsetScores has, as M, CorrectIn − CorrectOut: how much more often the class of
	// a point is named by classifiers that were trained on it, in [−1, 1].
	SubsetScores
	// CorrectIn and CorrectOut are the shares of the classifiers, of those that saw the
	// point and of those that did not, that name its class; undefined without any.
	CorrectIn  []Number `json:"correct_in"`
	CorrectOut []Number `json:"correct_out"`
}

// LabelMemorization returns how much of the labels of N points T classifiers have
// memorized, which were each trained on a subset: the probability that a point is
// classified right by one that saw it, less that by one that did not (V. Feldman and C.
// Zhang, "What neural networks memorize and why", NeurIPS 2020). predicted[t][i] is the
// class that t names for i, included[t][i] whether i was in its training set, both [T,
// N], and labels are the true classes, [N], none below 0. f/g pairs are the case in
// which a point of S_C is in the subsets of all f and of no g.
//
// It is the supervised counterpart of SSLMem; [Agree] compares the two. The errors are
// those of [SubsetMemorization], and a label below 0.
func LabelMemorization(predicted [][]int, labels []int, included [][]bool) (LabelScores, error) {
	wrong := make([][]float64, len(predicted))
	for t, classes := range predicted {
		if len(classes) != len(labels) {
			return LabelScores{}, fmt.Errorf("mem: classifier %d names the classes of %d points, but there are %d labels", t, len(classes), len(labels))
		}
		wrong[t] = make([]float64, len(classes))
		for i, c := range classes {
			if labels[i] < 0 {
				return LabelScores{}, fmt.Errorf("mem: point %d has no label; leave such points out", i)
			}
			if c != labels[i] {
				wrong[t][i] = 1
			}
		}
	}
	s, err := SubsetMemorization(wrong, included)
	if err != nil {
		return LabelScores{}, err
	}
	out := LabelScores{SubsetScores: s, CorrectIn: make([]Number, len(labels)), CorrectOut: make([]Number, len(labels))}
	for i := range labels {
		var in, outside float64
		for t := range wrong {
			if included[t][i] {
				in += 1 - wrong[t][i]
			} else {
				outside += 1 - wrong[t][i]
			}
		}
		out.CorrectIn[i], out.CorrectOut[i] = fraction(in, s.In[i]), fraction(outside, s.Out[i])
	}
	return out, nil
}

// fraction returns x/n, undefined for an n of 0.
func fraction(x float64, n int) Number {
	if n == 0 {
		return undefined
	}
	return Number(x / float64(n))
}
