package mem

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// handScores are small enough to be worked out by hand: four points, one a
// set, two pairs, without labels or halves.
func handScores(t *testing.T) *Scores {
	t.Helper()
	s := NewScores([NumSets][]int{{10}, {11}, {12}, {13}}, nil)
	for _, p := range []PairLoss{
		{Seed: 1, F: []float64{0.5, 0.25, 0.75, 0}, G: []float64{0.5, 0.75, 0.25, 0}},
		{Seed: 2, F: []float64{0.5, 0.5, 0.5, 0.125}, G: []float64{0.25, 0.5, 0.5, 0.375}},
	} {
		if err := s.AddPair(p); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestNormalisationsByHand(t *testing.T) {
	s := handScores(t)
	check := func(what string, got, want []float64) {
		t.Helper()
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-15 {
				t.Errorf("%s of point %d is %v, want %v", what, i, got[i], want[i])
			}
		}
	}
	check("raw", s.M(Raw), []float64{-0.125, 0.25, -0.25, 0.125})
	check("range", s.M(Range), []float64{-0.25, 0.5, -0.5, 0.25})
	check("ratio", s.M(Ratio), []float64{-1. / 6, 0.25, -0.25, 0.25})
	check("raw of pair 0", s.PairM(0, Raw), []float64{0, 0.5, -0.5, 0})
	check("range of pair 1", s.PairM(1, Range), []float64{-0.5, 0, 0, 0.5})
	check("ratio of pair 0", s.PairM(0, Ratio), []float64{0, 0.5, -0.5, 0})
	check("L_f", s.LossF(), []float64{0.5, 0.375, 0.625, 0.0625})
	check("L_g", s.LossG(), []float64{0.375, 0.625, 0.375, 0.1875})
}

// The example of the definition: L_f = .2 and L_g = .6 make a ratio of .5.
func TestRatioAnchor(t *testing.T) {
	checkClose(t, "ratio", ratio(0.2, 0.6), 0.5, 1e-15)
	for _, c := range [][3]float64{{0, 0, 0}, {0, 3, 1}, {3, 0, -1}} {
		if got := ratio(c[0], c[1]); got != c[2] {
			t.Errorf("ratio(%v, %v) = %v, want %v", c[0], c[1], got, c[2])
		}
	}
}

func TestRangeWithoutScale(t *testing.T) {
	s := NewScores([NumSets][]int{{0, 1}, {2}}, nil)
	if err := s.AddPair(PairLoss{F: []float64{1, 2, 3}, G: []float64{2, 3, 4}}); err != nil {
		t.Fatal(err)
	}
	if got := s.M(Range); !slices.Equal(got, []float64{0, 0, 0}) {
		t.Errorf("range of equal scores is %v, want zeros", got)
	}
	if got := (&Scores{}).M(Range); len(got) != 0 {
		t.Errorf("range of no scores is %v", got)
	}
	s.Pairs = nil
	if got := s.M(Raw); !slices.Equal(got, []float64{0, 0, 0}) {
		t.Errorf("scores without a pair are %v, want zeros", got)
	}
}

func TestSameEncoderGivesZero(t *testing.T) {
	s := drawScores(t, 50, 3, memorized)
	for k := range s.Pairs {
		s.Pairs[k].G = s.Pairs[k].F
		s.Pairs[k].GHalf = s.Pairs[k].FHalf
	}
	for _, n := range Normalisations() {
		for i, m := range s.M(n) {
			if m != 0 {
				t.Fatalf("%s: m of point %d is %v with f = g", n, i, m)
			}
		}
	}
}

func TestSwapNegates(t *testing.T) {
	s := drawScores(t, 50, 3, memorized)
	swapped := s.Swapped()
	if err := swapped.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, n := range Normalisations() {
		check := func(what string, a, b []float64) {
			t.Helper()
			for i := range a {
				if b[i] != -a[i] {
					t.Fatalf("%s, %s, point %d: %v became %v", n, what, i, a[i], b[i])
				}
			}
		}
		check("all pairs", s.M(n), swapped.M(n))
		check("pair 2", s.PairM(2, n), swapped.PairM(2, n))
		check("half 1", s.HalfM(1, n), swapped.HalfM(1, n))
	}
	for i, set := range s.Set {
		if swapped.Set[i] != set.Swapped() {
			t.Fatalf("point %d of %v became one of %v", i, set, swapped.Set[i])
		}
	}
	if back := swapped.Swapped(); !slices.Equal(back.Set, s.Set) || !slices.Equal(back.M(Raw), s.M(Raw)) {
		t.Error("swapping twice changes the scores")
	}
}

func TestPermutationMovesScoresAlong(t *testing.T) {
	s := drawScores(t, 50, 3, memorized)
	order := rand.New(rand.NewPCG(1, 2)).Perm(s.Len())
	permuted := s.Select(order)
	for _, n := range Normalisations() {
		if !slices.Equal(permuted.M(n), pick(s.M(n), order)) {
			t.Errorf("%s: the scores change when the points are permuted", n)
		}
	}
}

// Doubling all losses doubles raw scores and leaves the others alone, exactly
// since 2 is a power of two; another factor does so up to rounding.
func TestScaleInvariance(t *testing.T) {
	s := drawScores(t, 50, 2, memorized)
	for _, factor := range []float64{2, 0.1} {
		scaled := s.Select(s.allPositions())
		for k := range scaled.Pairs {
			for i := range scaled.Pairs[k].F {
				scaled.Pairs[k].F[i] *= factor
				scaled.Pairs[k].G[i] *= factor
			}
		}
		for _, n := range Normalisations() {
			want := 1.0
			if n == Raw {
				want = factor
			}
			before, after := s.M(n), scaled.M(n)
			for i := range before {
				if math.Abs(after[i]-want*before[i]) > 1e-14 || factor == 2 && after[i] != want*before[i] {
					t.Fatalf("%s, factor %v: %v became %v", n, factor, before[i], after[i])
				}
			}
		}
	}
}

func (s *Scores) allPositions() []int {
	positions := make([]int, s.Len())
	for i := range positions {
		positions[i] = i
	}
	return positions
}

func TestRank(t *testing.T) {
	s := NewScores([NumSets][]int{{4}, {7, 5, 9, 2}}, nil)
	if err := s.AddPair(PairLoss{F: []float64{0, 1, 1, 1, 1}, G: []float64{9, 2, 1, 4, 2}}); err != nil {
		t.Fatal(err)
	}
	// m of the candidates at positions 1–4 is 1, 0, 3, 1; 2 comes before 7.
	if got := s.Rank(Candidate, Raw); !slices.Equal(got, []int{3, 4, 1, 2}) {
		t.Errorf("rank is %v, want [3 4 1 2]", got)
	}
	if got := s.Rank(External, Raw); len(got) != 0 {
		t.Errorf("rank of an empty set is %v", got)
	}
}

func TestParseNormalisation(t *testing.T) {
	for _, n := range Normalisations() {
		if got, err := ParseNormalisation(string(n)); err != nil || got != n {
			t.Errorf("ParseNormalisation(%q) = %v, %v", n, got, err)
		}
	}
	if _, err := ParseNormalisation("max"); err == nil {
		t.Error("an unknown normalisation gives no error")
	}
}
