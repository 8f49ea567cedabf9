package mem

import (
	"fmt"
	"slices"
)

// LayerScores holds the alignment losses of points at several layers, under one
// or more pairs of encoders. Each layer has [Scores] of its own, all of the
// same points in the same order, so that everything this package computes from
// the scores of features, such as the contrasts of sets, is there for each
// layer too.
type LayerScores struct {
	Layers []string  // in the order in which they are computed
	Scores []*Scores // of each layer
}

// NewLayerScores lists the points to be scored as [NewScores] does.
func NewLayerScores(layers []string, members [NumSets][]int, labels []int) *LayerScores {
	s := &LayerScores{Layers: slices.Clone(layers)}
	points := NewScores(members, labels)
	for range layers {
		s.Scores = append(s.Scores, &Scores{Index: points.Index, Set: points.Set, Label: points.Label})
	}
	return s
}

// AddPair appends what one more pair of encoders gives, which must have the
// layers of s. Losses that are NaN, negative or huge are refused, as
// [Scores.AddPair] does, with the name of the layer; s is then as it was.
func (s *LayerScores) AddPair(l LayerLosses) error {
	if !slices.Equal(l.Layers, s.Layers) || len(l.Losses) != len(l.Layers) {
		return fmt.Errorf("mem: losses of layers %q do not fit scores of layers %q", l.Layers, s.Layers)
	}
	for i, p := range l.Losses {
		if err := s.Scores[i].checkPair(len(s.Scores[i].Pairs), p); err != nil {
			return fmt.Errorf("layer %s: %w", s.Layers[i], err)
		}
	}
	for i, p := range l.Losses {
		s.Scores[i].Pairs = append(s.Scores[i].Pairs, p)
	}
	return nil
}

// Layer returns the scores at the named layer, and false if it was not
// measured.
func (s *LayerScores) Layer(name string) (*Scores, bool) {
	if i := slices.Index(s.Layers, name); i >= 0 {
		return s.Scores[i], true
	}
	return nil, false
}
