package eval

import "math"

// vote counts the votes of the neighbors of one test image after the other.
type vote struct {
	o      KNNOptions
	labels []int     // of the training images
	score  []float64 // by class
	first  []int     // place of the nearest neighbor of a class; −1 if it has none
}

func newVote(o KNNOptions, train Set) *vote {
	return &vote{o: o, labels: train.Labels, score: make([]float64, len(train.Names)), first: make([]int, len(train.Names))}
}

// ahead returns how many classes come before label by the votes of near, which
// are in order. It is the number of classes if label has no vote.
func (v *vote) ahead(near []neighbor, label int) int {
	clear(v.score)
	for c := range v.first {
		v.first[c] = -1
	}
	for k, n := range near {
		c := v.labels[n.Index]
		v.score[c] += v.weight(n.Closeness, near[0].Closeness)
		if v.first[c] < 0 {
			v.first[c] = k
		}
	}
	if v.first[label] < 0 {
		return len(v.score)
	}
	ahead := 0
	for c, first := range v.first {
		if first >= 0 && c != label && v.before(c, label) {
			ahead++
		}
	}
	return ahead
}

// before reports whether class a comes before class b.
func (v *vote) before(a, b int) bool {
	switch {
	case v.score[a] != v.score[b]:
		return v.score[a] > v.score[b]
	case v.o.Ties == LowestWins:
		return a < b
	}
	return v.first[a] < v.first[b]
}

// weight returns what a vote counts, up to a factor that all votes of an image
// share: exponential weights are those relative to the nearest neighbor, so
// that no temperature is too low.
func (v *vote) weight(closeness, nearest float64) float64 {
	switch v.o.Weights {
	case Exponential:
		return math.Exp((v.similarity(closeness) - v.similarity(nearest)) / v.o.Temperature)
	case Inverse:
		d := -v.similarity(closeness)
		if v.o.Distance == Cosine {
			d = max(0, 1+d)
		}
		return 1 / (d + 1e-5)
	}
	return 1
}

// similarity returns the cosine, or minus the Euclidean distance.
func (v *vote) similarity(closeness float64) float64 {
	if v.o.Distance == Euclidean {
		return -math.Sqrt(max(0, -closeness))
	}
	return closeness
}
