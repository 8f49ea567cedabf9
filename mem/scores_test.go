package mem

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestNewScores(t *testing.T) {
	labels := []int{7, 8, 9, 6, 5}
	s := NewScores([NumSets][]int{Shared: {4, 0}, Candidate: {2}, External: {3}}, labels)
	want := &Scores{
		Index: []int{4, 0, 2, 3},
		Set:   []Set{Shared, Shared, Candidate, External},
		Label: []int{5, 7, 9, 6},
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got %+v, want %+v", s, want)
	}
	if s := NewScores([NumSets][]int{{0}}, nil); s.Label != nil {
		t.Errorf("labels %v without labels", s.Label)
	}
	if got := s.In(Shared); !slices.Equal(got, []int{0, 1}) {
		t.Errorf("S_S is at %v", got)
	}
}

func TestAddPairRefuses(t *testing.T) {
	fine := func() PairLoss {
		return PairLoss{
			Seed: 3, F: []float64{1, 2, 0}, G: []float64{1, 2, 3},
			FHalf: [2][]float64{{1, 2, 3}, {1, 2, 3}}, GHalf: [2][]float64{{1, 2, 3}, {1, 2, 3}},
		}
	}
	for name, test := range map[string]struct {
		change func(*PairLoss)
		want   string
	}{
		"NaN":       {func(p *PairLoss) { p.G[1] = math.NaN() }, "pair 0 (seed 3): l_g of point 1 (dataset index 8 of S_C) is NaN"},
		"infinite":  {func(p *PairLoss) { p.F[2] = math.Inf(1) }, "l_f of point 2 (dataset index 5 of S_E) is +Inf"},
		"negative":  {func(p *PairLoss) { p.F[0] = -1e-9 }, "l_f of point 0 (dataset index 6 of S_S) is -1e-09"},
		"huge":      {func(p *PairLoss) { p.F[0] = 1e101 }, "is 1e+101"},
		"half":      {func(p *PairLoss) { p.GHalf[1][0] = math.NaN() }, "l_g_half_1 of point 0"},
		"short":     {func(p *PairLoss) { p.F = p.F[:2] }, "2 values of l_f for 3 points"},
		"none":      {func(p *PairLoss) { p.G = nil }, "0 values of l_g for 3 points"},
		"some half": {func(p *PairLoss) { p.FHalf[0] = nil }, "only 3 of the 4 half losses"},
	} {
		s := NewScores([NumSets][]int{{6}, {8}, {}, {5}}, nil)
		p := fine()
		if err := s.AddPair(p); err != nil {
			t.Fatalf("a fine pair is refused: %v", err)
		}
		s.Pairs = nil
		test.change(&p)
		err := s.AddPair(p)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.want)
		}
		if len(s.Pairs) != 0 {
			t.Errorf("%s: the pair was added", name)
		}
	}
}

func TestValidateRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Scores)
		want   string
	}{
		"no point":        {func(s *Scores) { *s = Scores{} }, "no point"},
		"no pair":         {func(s *Scores) { s.Pairs = nil }, "no f/g pair"},
		"sets missing":    {func(s *Scores) { s.Set = s.Set[:3] }, "3 sets"},
		"labels missing":  {func(s *Scores) { s.Label = []int{1} }, "1 labels"},
		"unknown set":     {func(s *Scores) { s.Set[2] = 4 }, "point 2: Set(4)"},
		"negative index":  {func(s *Scores) { s.Index[1] = -1 }, "point 1: dataset index -1"},
		"a point twice":   {func(s *Scores) { s.Set[1], s.Index[1] = Shared, 10 }, "point 1: S_S holds dataset index 10 twice"},
		"a loss is wrong": {func(s *Scores) { s.Pairs[1].F[0] = math.NaN() }, "pair 1 (seed 2): l_f of point 0"},
	} {
		s := handScores(t)
		test.change(s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.want)
		}
	}
	s := handScores(t)
	s.Index[3] = 10 // the same index in another set, as with a test set of its own
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
}

func TestHasHalves(t *testing.T) {
	if handScores(t).HasHalves() || (&Scores{}).HasHalves() {
		t.Error("scores without halves have some")
	}
	s := drawScores(t, 2, 2, shifts{})
	if !s.HasHalves() {
		t.Error("scores with halves have none")
	}
	s.Pairs[1].FHalf = [2][]float64{}
	if s.HasHalves() {
		t.Error("one pair without halves is overlooked")
	}
}

func TestSelectCopies(t *testing.T) {
	s := drawScores(t, 3, 2, shifts{})
	before := s.Pairs[0].FHalf[1][4]
	u := s.Select([]int{4, 0})
	if u.Len() != 2 || u.Index[0] != s.Index[4] || u.Label[1] != s.Label[0] || u.Pairs[0].FHalf[1][0] != before {
		t.Errorf("selected %+v", u)
	}
	u.Pairs[0].FHalf[1][0] = 99
	if s.Pairs[0].FHalf[1][4] != before {
		t.Error("the selection shares memory with the scores")
	}
}

func TestScoresJSON(t *testing.T) {
	for _, s := range []*Scores{drawScores(t, 3, 2, memorized), handScores(t)} {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back Scores
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(&back, s) {
			t.Errorf("JSON gives back %+v for %+v", back, s)
		}
	}
}
