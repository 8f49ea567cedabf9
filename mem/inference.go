package mem

import (
	"context"
	"fmt"
	"math"

	"sslmem/internal/neighbors"
	"sslmem/torch"
)

// A LabelInference is what an attack says of the classes of N points.
type LabelInference struct {
	// Label is the class that it names, [N].
	Label []int
	// Place is how many classes it finds likelier than the true one, [N]: 0 where it
	// is right, and the number of classes where nothing speaks for the true one.
	Place []int
	// Confidence is minus the entropy of the classes, [N], in nats: 0 is certain and
	// −ln C, for C classes, knows nothing.
	Confidence []float64
}

// Len returns N.
func (l LabelInference) Len() int { return len(l.Label) }

// Right reports whether the class of point i is among the first of those named, 1 or
// more.
func (l LabelInference) Right(i, first int) bool { return l.Place[i] < first }

// Entropy returns that of counts of votes, or of probabilities, which need not sum to
// one, in nats. It is 0 where all are in one class, and where there are none.
func Entropy(counts []float64) float64 {
	var sum float64
	for _, c := range counts {
		sum += c
	}
	var h float64
	for _, c := range counts {
		if c > 0 {
			h -= c / sum * math.Log(c/sum)
		}
	}
	return max(0, h)
}

// InferByNeighbors names the classes of queries by the votes of the nearest public
// images. The features public [M, D] and queries [N, D] are float32 or float64, of one
// encoder, on one device; labels [M] and truth [N] are classes 0 … classes−1. Near is
// by ℓ2 between features as they are, without bringing them to length one. Each of
// the k neighbors has one vote; of classes with as many, the one with the nearest of
// them comes first. Classes without a vote were not named at all.
//
// It is an error if shapes do not fit, a class is none, a feature is NaN or infinite,
// or k is not in 1 … M. When ctx ends, it ends early with ctx's error.
func InferByNeighbors(ctx context.Context, public *torch.Tensor, labels []int, queries *torch.Tensor, truth []int, classes, k int) (LabelInference, error) {
	if err := checkAttackFeatures(public, labels, queries, truth, classes); err != nil {
		return LabelInference{}, err
	}
	if k < 1 || k > len(labels) {
		return LabelInference{}, fmt.Errorf("mem: k is %d, but there are %d public images; take k from 1 to %d", k, len(labels), len(labels))
	}
	in := newInference(len(truth))
	votes, first := make([]float64, classes), make([]int, classes)
	err := neighbors.Find(ctx, public, queries, k, neighbors.Euclidean, neighbors.Chunks{}, func(i int, near []neighbors.Neighbor) {
		clear(votes)
		for at, n := range near {
			c := labels[n.Index]
			if votes[c] == 0 {
				first[c] = at
			}
			votes[c]++
		}
		in.add(truth[i], votes, func(a, b int) bool { return votes[a] > 0 && first[a] < first[b] })
	})
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("mem: %w", err)
	}
	return *in, err
}

// InferByProbabilities names the classes of points by the probabilities [N, C] that a
// classifier gives them, such as one that was trained on crops. Of classes with equal
// ones, the lower comes first. It is an error if lengths do not fit, a class is none or
// a probability is negative, NaN or infinite, or all of a point are 0.
func InferByProbabilities(probabilities [][]float64, truth []int) (LabelInference, error) {
	if len(probabilities) != len(truth) || len(truth) == 0 {
		return LabelInference{}, fmt.Errorf("mem: probabilities of %d points and classes of %d; give both for at least one point", len(probabilities), len(truth))
	}
	in := newInference(len(truth))
	for i, p := range probabilities {
		var sum float64
		for _, v := range p {
			if !(v >= 0) {
				sum = math.NaN()
			}
			sum += v
		}
		if len(p) != len(probabilities[0]) || !(sum > 0) || math.IsInf(sum, 0) {
			return LabelInference{}, fmt.Errorf("mem: the %d probabilities of point %d are no distribution over %d classes", len(p), i, len(probabilities[0]))
		}
		if truth[i] < 0 || truth[i] >= len(p) {
			return LabelInference{}, fmt.Errorf("mem: point %d is of class %d, but there are %d classes; leave out points without a class", i, truth[i], len(p))
		}
		in.add(truth[i], p, func(a, b int) bool { return a < b })
	}
	return *in, nil
}

// newInference has room for n points.
func newInference(n int) *LabelInference {
	return &LabelInference{Label: make([]int, 0, n), Place: make([]int, 0, n), Confidence: make([]float64, 0, n)}
}

// add adds a point by the weights of the classes; before orders those of equal weight.
func (l *LabelInference) add(truth int, weights []float64, before func(a, b int) bool) {
	ahead := func(a, b int) bool {
		return weights[a] > weights[b] || weights[a] == weights[b] && before(a, b)
	}
	best, place := 0, 0
	for c := range weights {
		if ahead(c, best) {
			best = c
		}
		if c != truth && ahead(c, truth) {
			place++
		}
	}
	if weights[truth] == 0 {
		place = len(weights)
	}
	l.Label, l.Place, l.Confidence = append(l.Label, best), append(l.Place, place), append(l.Confidence, 0-Entropy(weights))
}

// checkAttackFeatures returns an error unless features and classes fit together.
func checkAttackFeatures(public *torch.Tensor, labels []int, queries *torch.Tensor, truth []int, classes int) error {
	for _, side := range []struct {
		name   string
		x      *torch.Tensor
		labels []int
	}{{"public images", public, labels}, {"queries", queries, truth}} {
		if side.x == nil {
			return fmt.Errorf("mem: there are no features of the %s", side.name)
		}
		shape := side.x.Shape()
		if len(shape) != 2 || shape[0] == 0 || shape[0] != len(side.labels) {
			return fmt.Errorf("mem: the features of the %s have shape %v and there are %d classes of them; give one row and one class for each, at least one", side.name, shape, len(side.labels))
		}
		for i, c := range side.labels {
			if c < 0 || c >= classes {
				return fmt.Errorf("mem: number %d of the %s is of class %d, but there are %d classes; leave out images without a class", i, side.name, c, classes)
			}
		}
		var finite bool
		err := torch.Try(func() {
			s := torch.NewScope()
			defer s.Close()
			finite = s.Use(side.x).IsFinite().All().Item() != 0
		})
		if err != nil {
			return fmt.Errorf("mem: the features of the %s: %w", side.name, err)
		}
		if !finite {
			return fmt.Errorf("mem: features of the %s are NaN or infinite; the encoder has diverged", side.name)
		}
	}
	if a, b := public, queries; a.Size(1) != b.Size(1) || a.DType() != b.DType() || a.Device() != b.Device() {
		return fmt.Errorf("mem: the public images have %d features, %v on %v, and the queries %d, %v on %v; both must be of one encoder", a.Size(1), a.DType(), a.Device(), b.Size(1), b.DType(), b.Device())
	}
	return nil
}
