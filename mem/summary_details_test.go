package mem

import (
	"bytes"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The further statistics are those of the functions that are tested by themselves.
func TestSummaryDetails(t *testing.T) {
	s := drawScores(t, 60, 3, memorized)
	m := s.M(Raw)
	at := func(set Set) []float64 { return pick(m, s.In(set)) }
	sum, err := SummarizeWith(s, SummaryOptions{Resamples: 499, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range sum.Contrasts {
		a, b, d := at(c.A), at(c.B), c.Details
		checkClose(t, "t", float64(d.Student.T), float64(Student(a, b, c.Alternative).T), 1e-10)
		checkClose(t, "d", float64(d.Effect.CohensD), float64(c.D), 1e-12)
		checkClose(t, "KS", float64(d.KS.P), float64(KolmogorovSmirnov(a, b).P), 1e-10)
		if d.Permutation.Partitions != 499 || d.Bootstrap.Resamples != 499 || !d.Effect.CohensDCI.Contains(float64(c.D)) || !d.Bootstrap.BCa.Contains(float64(c.Difference)) {
			t.Errorf("%s: %+v", c.Name(), d)
		}
	}
	for _, v := range sum.Sets {
		if !v.Bootstrap.BCa.Contains(float64(v.Mean)) || len(v.AboveCurve) != thresholds || v.AboveCurve[thresholds-1] != 0 {
			t.Errorf("%v: %+v, curve %v", v.Set, v.Bootstrap, v.AboveCurve)
		}
		for i := 0; i < thresholds; i += 20 {
			if want := FractionAbove(at(v.Set))(float64(sum.Thresholds[i])); float64(v.AboveCurve[i]) != want {
				t.Errorf("%v: %v above %v, want %v", v.Set, v.AboveCurve[i], sum.Thresholds[i], want)
			}
		}
	}
	var r float64
	for _, p := range [][2]int{{0, 1}, {0, 2}, {1, 2}} {
		r += float64(SplitHalf(s.PairM(p[0], Raw), s.PairM(p[1], Raw)).R) / 3
	}
	checkClose(t, "r of pairs", float64(sum.AcrossPairs.R), r, 1e-10)
	checkClose(t, "reliability of pairs", float64(sum.AcrossPairs.SpearmanBrown), 3*r/(1+2*r), 1e-10)
	checkClose(t, "noise ceiling", float64(sum.AcrossPairs.Ceiling), math.Sqrt(3*r/(1+2*r)), 1e-10)
	other, _ := SummarizeWith(s, SummaryOptions{Resamples: 499, Seed: 4})
	if reflect.DeepEqual(other, sum) {
		t.Error("the seed of the bootstrap changes nothing")
	}
}

// Classes split the sets: their sizes add up, and their means average to the set's.
func TestSummaryOfClasses(t *testing.T) {
	s := drawScores(t, 60, 1, memorized)
	sum := summarize(t, s, Raw)
	if len(sum.Classes) != 10 {
		t.Fatalf("%d classes", len(sum.Classes))
	}
	for _, v := range sum.Sets {
		n, total := 0, 0.
		for _, c := range sum.Classes {
			for _, of := range c.Sets {
				if of.Set == v.Set {
					n, total = n+of.N, total+float64(of.N)*float64(of.Mean)
				}
			}
		}
		if n != v.N || math.Abs(total/float64(n)-float64(v.Mean)) > 1e-12 {
			t.Errorf("%v: the classes have %d points of mean %v, the set %d of %v", v.Set, n, total/float64(n), v.N, v.Mean)
		}
	}
	if c := sum.Classes[1].Contrasts; len(c) != 1 || c[0].B != External || c[0].NA != 12 {
		t.Errorf("class 1: contrasts %+v", c)
	}
	s.Label = nil
	if sum := summarize(t, s, Raw); sum.Classes != nil {
		t.Error("classes without labels")
	}
}

// The offset moves every set and every pair to a mean of 0 on S_E, and no contrast.
func TestExternalOffset(t *testing.T) {
	s := drawScores(t, 60, 2, shifts{.04, .07, .01, .04})
	for _, n := range Normalisations() {
		plain := summarize(t, s, n)
		sum, err := SummarizeWith(s, SummaryOptions{Normalisation: n, Offset: ExternalOffset})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range sum.Sets {
			if math.Abs(float64(v.Mean-plain.Sets[i].OffsetMean)) > 1e-12 || v.Set == External && math.Abs(float64(v.PairMeans[1])) > 1e-12 {
				t.Errorf("%s, %v: mean %v, want %v; pairs %v", n, v.Set, v.Mean, plain.Sets[i].OffsetMean, v.PairMeans)
			}
			checkClose(t, "fraction", float64(v.FractionAbove), float64(plain.Sets[i].FractionAbove), 1e-12)
		}
		for i, c := range sum.Contrasts {
			checkClose(t, "t", float64(c.T), float64(plain.Contrasts[i].T), 1e-9)
		}
		var text bytes.Buffer
		if err := sum.WriteText(&text); err != nil || !strings.Contains(text.String(), "less the mean of S_E") {
			t.Errorf("%v: %s", err, text.String())
		}
	}
}

func TestSummaryWarnings(t *testing.T) {
	names := func(s *Scores) (names []string) {
		for _, w := range summarize(t, s, Raw).Warnings {
			names = append(names, w.Name)
		}
		return names
	}
	s := drawScores(t, 5, 2, memorized)
	if got := names(s); got != nil {
		t.Errorf("sound scores: warnings %v", got)
	}
	copy(s.Pairs[1].G, s.Pairs[1].F)
	s.Index[s.In(External)[0]] = s.Index[s.In(Candidate)[0]]
	if got := names(s); !slices.Equal(got, []string{SameEncoders, SharedIndices}) {
		t.Errorf("warnings %v", got)
	}
	few := drawScores(t, 2, 1, memorized).Select([]int{0, 1, 2})
	if got := names(few); !slices.Equal(got, []string{NoExternal, TooFewPoints}) {
		t.Errorf("warnings %v", got)
	}
	var text bytes.Buffer
	if err := summarize(t, s, Raw).WriteText(&text); err != nil || !strings.Contains(text.String(), "Warning: Pair 1 (seed 101): f and g give") {
		t.Errorf("%v: %s", err, text.String())
	}
	if _, err := SummarizeWith(few, SummaryOptions{Offset: ExternalOffset}); err == nil || !strings.Contains(err.Error(), "no points of S_E") {
		t.Errorf("offset without S_E: %v", err)
	}
	for _, o := range []SummaryOptions{{Offset: "mean"}, {Resamples: 3}, {Normalisation: "max"}} {
		if _, err := SummarizeWith(s, o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
	s.Index[s.In(Candidate)[1]] = s.Index[s.In(Shared)[1]]
	if _, err := Summarize(s, Raw); err == nil || !strings.Contains(err.Error(), "no image in common") {
		t.Errorf("an image in S_S and S_C: %v", err)
	}
}

func TestCheckMembers(t *testing.T) {
	if err := CheckMembers([NumSets][]int{{0, 1}, {2}, {3}, {4}}, 5); err != nil {
		t.Error(err)
	}
	for want, members := range map[string][NumSets][]int{
		"S_C holds image 5":                  {{0}, {5}},
		"S_S holds image -1":                 {{-1}},
		"image 2 is in S_S and again":        {{2}, {1}, {}, {2}},
		"image 3 is in S_E and again in S_E": {3: {3, 3}},
	} {
		if err := CheckMembers(members, 5); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestWriteFull(t *testing.T) {
	for _, s := range []*Scores{drawScores(t, 60, 2, memorized), drawScores(t, 2, 1, memorized).Select([]int{2})} {
		var short, full bytes.Buffer
		sum := summarize(t, s, Ratio)
		if err := sum.WriteText(&short); err != nil {
			t.Fatal(err)
		}
		if err := sum.WriteFull(&full); err != nil {
			t.Fatal(err)
		}
		text := full.String()
		if !strings.HasPrefix(text, short.String()) || strings.Contains(text, "NaN") || strings.Contains(text, " \n") {
			t.Errorf("untidy text:\n%s", text)
		}
		for _, want := range []string{"bootstrapped 9999 times", "noise ceiling", "Fraction of points", "class"} {
			if !strings.Contains(text, want) && s.Len() > 1 {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	}
}
