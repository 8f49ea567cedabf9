package mem

import (
	"fmt"
	"slices"
)

// Scores holds the alignment losses of N scored points under one or more
// pairs of encoders. All slices over points have length N and the same order.
//
// It is plain data: a scorer fills it with [NewScores] and [Scores.AddPair],
// and everything else of this package is computed from it. Functions that
// return slices return new ones.
type Scores struct {
	// Index is each point's position in its dataset, ≥ 0; a set holds an
	// index at most once.
	Index []int `json:"index"`
	// Set is the set of each point.
	Set []Set `json:"set"`
	// Label is the class of each point, or nil if the dataset has no labels.
	Label []int `json:"label,omitempty"`
	// Pairs holds the losses of each pair of encoders, in training order.
	Pairs []PairLoss `json:"pairs"`
}

// PairLoss holds what one pair of encoders (f, g) gives. Losses lie in
// [0, 1e100], so that their means and variances are finite; a scorer whose
// arithmetic can end a rounding error below zero clamps to zero.
type PairLoss struct {
	// Seed is the seed f and g were trained with.
	Seed uint64 `json:"seed"`
	// F and G are the alignment losses L_f(x) and L_g(x), [N].
	F []float64 `json:"f"`
	G []float64 `json:"g"`
	// FHalf and GHalf are the same losses from the first and from the second
	// half of the views alone, each [N], for the split-half reliability. All
	// four are nil where there are too few views (less than four).
	FHalf [2][]float64 `json:"f_half"`
	GHalf [2][]float64 `json:"g_half"`
}

// NewScores lists the points to be scored, set by set in the order of [Sets]
// and within a set as given. members holds the dataset indices of each set and
// is indexed by [Set]. labels are those of the whole dataset, or nil; an index
// outside of labels panics.
func NewScores(members [NumSets][]int, labels []int) *Scores {
	s := &Scores{}
	for _, set := range Sets() {
		for _, i := range members[set] {
			s.Index = append(s.Index, i)
			s.Set = append(s.Set, set)
			if labels != nil {
				s.Label = append(s.Label, labels[i])
			}
		}
	}
	return s
}

// Len returns the number N of points.
func (s *Scores) Len() int { return len(s.Index) }

// AddPair appends the losses of one more pair of encoders. It keeps p's
// slices. If p does not fit the points or holds a loss that is NaN, negative or
// huge, AddPair leaves s as it was and returns an error that names the point.
func (s *Scores) AddPair(p PairLoss) error {
	if err := s.checkPair(len(s.Pairs), p); err != nil {
		return err
	}
	s.Pairs = append(s.Pairs, p)
	return nil
}

// HasHalves reports whether every pair has the losses of the two halves of the
// views.
func (s *Scores) HasHalves() bool {
	for _, p := range s.Pairs {
		if !p.hasHalves() {
			return false
		}
	}
	return len(s.Pairs) > 0
}

func (p PairLoss) hasHalves() bool {
	return p.FHalf[0] != nil && p.FHalf[1] != nil && p.GHalf[0] != nil && p.GHalf[1] != nil
}

// Validate checks that s is complete and sound: at least one point and one
// pair, equal lengths, known sets, no point twice, no image in two of the sets that were trained on, and losses in [0, 1e100].
// The error names the first point that is wrong.
func (s *Scores) Validate() error {
	if err := s.checkPoints(); err != nil {
		return err
	}
	if len(s.Pairs) == 0 {
		return fmt.Errorf("mem: the scores hold no f/g pair; add at least one")
	}
	for k, p := range s.Pairs {
		if err := s.checkPair(k, p); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scores) checkPoints() error {
	n := len(s.Index)
	if n == 0 {
		return fmt.Errorf("mem: the scores hold no point")
	}
	if len(s.Set) != n {
		return fmt.Errorf("mem: %d indices but %d sets", n, len(s.Set))
	}
	if s.Label != nil && len(s.Label) != n {
		return fmt.Errorf("mem: %d indices but %d labels; give one a point or none at all", n, len(s.Label))
	}
	type point struct {
		set   Set
		index int
	}
	seen := make(map[point]bool, n)
	for i, index := range s.Index {
		if !s.Set[i].Valid() {
			return fmt.Errorf("mem: point %d: %v is not one of the four sets", i, s.Set[i])
		}
		if index < 0 {
			return fmt.Errorf("mem: point %d: dataset index %d is negative", i, index)
		}
		key := point{s.Set[i], index}
		if seen[key] {
			return fmt.Errorf("mem: point %d: %v holds dataset index %d twice", i, s.Set[i], index)
		}
		seen[key] = true
	}
	trained := make(map[int]Set, n)
	for i, index := range s.Index {
		if s.Set[i] == External {
			continue // may be of another data set
		}
		if other, ok := trained[index]; ok {
			return fmt.Errorf("mem: point %d: dataset index %d is in %v and in %v; sets that were trained on have no image in common", i, index, other, s.Set[i])
		}
		trained[index] = s.Set[i]
	}
	return nil
}

// checkPair checks p as pair number k.
func (s *Scores) checkPair(k int, p PairLoss) error {
	halves := 0
	for _, column := range p.columns() {
		if column.half && column.values == nil {
			continue
		}
		if column.half {
			halves++
		}
		if len(column.values) != s.Len() {
			return fmt.Errorf("mem: pair %d (seed %d): %d values of %s for %d points", k, p.Seed, len(column.values), column.name, s.Len())
		}
		for i, v := range column.values {
			if !validLoss(v) {
				return fmt.Errorf("mem: pair %d (seed %d): %s of %s is %v; a loss lies in [0, 1e100], so look at the encoder's features for this image",
					k, p.Seed, column.name, s.name(i), v)
			}
		}
	}
	if halves != 0 && halves != 4 {
		return fmt.Errorf("mem: pair %d (seed %d): only %d of the 4 half losses are there; give all or none", k, p.Seed, halves)
	}
	return nil
}

// validLoss reports whether v can be a mean of distances; NaN can not.
func validLoss(v float64) bool { return v >= 0 && v <= 1e100 }

// lossColumn is one of the six loss columns of a pair.
type lossColumn struct {
	name   string
	half   bool
	values []float64
}

func (p PairLoss) columns() [6]lossColumn {
	return [6]lossColumn{
		{"l_f", false, p.F},
		{"l_g", false, p.G},
		{"l_f_half_0", true, p.FHalf[0]},
		{"l_f_half_1", true, p.FHalf[1]},
		{"l_g_half_0", true, p.GHalf[0]},
		{"l_g_half_1", true, p.GHalf[1]},
	}
}

// name describes point i in an error message.
func (s *Scores) name(i int) string {
	return fmt.Sprintf("point %d (dataset index %d of %v)", i, s.Index[i], s.Set[i])
}

// Swapped returns s with f and g in each other's place: the losses change
// sides and S_C and S_I exchange their names, so that every m(x) becomes
// exactly −m(x). The result shares the slices of losses with s.
func (s *Scores) Swapped() *Scores {
	t := &Scores{Index: slices.Clone(s.Index), Set: slices.Clone(s.Set), Label: slices.Clone(s.Label)}
	for i, set := range t.Set {
		t.Set[i] = set.Swapped()
	}
	for _, p := range s.Pairs {
		t.Pairs = append(t.Pairs, PairLoss{Seed: p.Seed, F: p.G, G: p.F, FHalf: p.GHalf, GHalf: p.FHalf})
	}
	return t
}

// Select returns the points at the given positions, in that order. A position
// outside of [0, N) panics.
func (s *Scores) Select(positions []int) *Scores {
	t := &Scores{Index: pick(s.Index, positions), Set: pick(s.Set, positions), Label: pick(s.Label, positions)}
	for _, p := range s.Pairs {
		q := PairLoss{Seed: p.Seed, F: pick(p.F, positions), G: pick(p.G, positions)}
		for h := range 2 {
			q.FHalf[h] = pick(p.FHalf[h], positions)
			q.GHalf[h] = pick(p.GHalf[h], positions)
		}
		t.Pairs = append(t.Pairs, q)
	}
	return t
}

// pick returns the elements of x at the given positions, nil for a nil x.
func pick[T any](x []T, positions []int) []T {
	if x == nil {
		return nil
	}
	y := make([]T, len(positions))
	for i, p := range positions {
		y[i] = x[p]
	}
	return y
}

// In returns the positions of the points of a set, in the order of s.
func (s *Scores) In(set Set) []int {
	var positions []int
	for i, v := range s.Set {
		if v == set {
			positions = append(positions, i)
		}
	}
	return positions
}
