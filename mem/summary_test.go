package mem

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

func summarize(t *testing.T, s *Scores, n Normalisation) *Summary {
	t.Helper()
	sum, err := Summarize(s, n)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// Summarize is made of parts that are tested by themselves; here each number
// of one summary is computed again from them.
func TestSummaryParts(t *testing.T) {
	s := drawScores(t, 60, 2, memorized)
	for _, n := range Normalisations() {
		sum := summarize(t, s, n)
		m := s.M(n)
		at := func(x []float64, set Set) []float64 { return pick(x, s.In(set)) }

		checkClose(t, "τ", float64(sum.Tau), Quantile(at(m, External), 0.95), 0)
		all := SplitHalf(s.HalfM(0, n), s.HalfM(1, n))
		checkClose(t, "reliability", float64(sum.Reliability.SpearmanBrown), float64(all.SpearmanBrown), 1e-12)
		external, _ := meanVariance(at(m, External))
		if sum.Points != 240 || !reflect.DeepEqual(sum.Seeds, []uint64{100, 101}) || len(sum.Sets) != 4 || len(sum.Contrasts) != 4 {
			t.Fatalf("%s: %d points, seeds %v, %d sets, %d contrasts", n, sum.Points, sum.Seeds, len(sum.Sets), len(sum.Contrasts))
		}
		for _, set := range Sets() {
			got, ok := sum.Set(set)
			if !ok || got.N != 60 {
				t.Fatalf("%v: %v, n = %d", set, ok, got.N)
			}
			mean, variance := meanVariance(at(m, set))
			ci := meanInterval(mean, variance, 60)
			checkClose(t, "mean", float64(got.Mean), mean, 1e-12)
			checkClose(t, "sd", float64(got.SD), math.Sqrt(variance), 1e-12)
			checkClose(t, "low", float64(got.CI.Low), float64(ci.Low), 1e-12)
			checkClose(t, "median", float64(got.Median), Quantile(at(m, set), 0.5), 0)
			checkClose(t, "mean − S_E", float64(got.OffsetMean), mean-external, 1e-9)
			checkClose(t, "fraction", float64(got.FractionAbove), FractionAbove(at(m, set))(float64(sum.Tau)), 0)
			half := SplitHalf(at(s.HalfM(0, n), set), at(s.HalfM(1, n), set))
			checkClose(t, "r", float64(got.Reliability.R), float64(half.R), 1e-12)
			for k := range s.Pairs {
				mean, _ := meanVariance(at(s.PairM(k, n), set))
				checkClose(t, "mean of a pair", float64(got.PairMeans[k]), mean, 1e-12)
			}
		}
		for _, c := range sum.Contrasts {
			want := Welch(at(m, c.A), at(m, c.B), c.Alternative)
			checkClose(t, "t", float64(c.T), float64(want.T), 1e-9)
			checkClose(t, "p", float64(c.POneSided), float64(want.POneSided), 1e-9)
			checkClose(t, "difference", float64(c.Difference), float64(c.MeanA-c.MeanB), 1e-12)
			for k, p := range c.Pairs {
				want := Welch(at(s.PairM(k, n), c.A), at(s.PairM(k, n), c.B), c.Alternative)
				checkClose(t, "t of a pair", float64(p.T), float64(want.T), 1e-9)
				if p.Seed != s.Pairs[k].Seed {
					t.Errorf("pair %d has seed %d", k, p.Seed)
				}
			}
		}
		if c, ok := sum.Contrast(Independent, Shared); !ok || c.Alternative != Less {
			t.Errorf("S_I against S_S: %v, alternative %s", ok, c.Alternative)
		}
		if _, ok := sum.Contrast(Shared, Candidate); ok {
			t.Error("there is a contrast of S_S against S_C")
		}
	}
}

// On S_E itself 5 % of the points lie above the threshold by construction.
func TestFractionAboveOnExternal(t *testing.T) {
	sum := summarize(t, drawScores(t, 100, 1, memorized), Raw)
	e, _ := sum.Set(External)
	if e.FractionAbove != 0.05 || e.OffsetMean != 0 {
		t.Errorf("S_E: fraction %v, mean − S_E %v", e.FractionAbove, e.OffsetMean)
	}
	c, _ := sum.Set(Candidate)
	if c.FractionAbove <= 0.1 {
		t.Errorf("S_C: fraction %v although it is memorized", c.FractionAbove)
	}
}

func TestSummaryIgnoresOrder(t *testing.T) {
	s := drawScores(t, 40, 3, memorized)
	permuted := s.Select(rand.New(rand.NewPCG(5, 6)).Perm(s.Len()))
	for _, n := range Normalisations() {
		if a, b := summarize(t, s, n), summarize(t, permuted, n); !reflect.DeepEqual(a, b) {
			t.Errorf("%s: the summary depends on the order of the points", n)
		}
	}
}

// Exchanging f and g turns the contrast of S_C against S_S into that of S_I
// against S_S with the other sign.
func TestSummarySwapped(t *testing.T) {
	s := drawScores(t, 40, 2, memorized)
	c, _ := summarize(t, s, Raw).Contrast(Candidate, Shared)
	i, _ := summarize(t, s.Swapped(), Raw).Contrast(Independent, Shared)
	if c.Difference != -i.Difference || c.T != -i.T || c.POneSided != i.POneSided || c.PairsInDirection() != i.PairsInDirection() {
		t.Errorf("S_C − S_S: %v (t %v, p %v), swapped S_I − S_S: %v (t %v, p %v)", c.Difference, c.T, c.POneSided, i.Difference, i.T, i.POneSided)
	}
}

// Tests and effect sizes do not depend on the unit of m.
func TestRangeLeavesTestsAlone(t *testing.T) {
	s := drawScores(t, 40, 1, memorized)
	raw, scaled := summarize(t, s, Raw), summarize(t, s, Range)
	for k, c := range raw.Contrasts {
		checkClose(t, "t", float64(scaled.Contrasts[k].T), float64(c.T), 1e-12)
		checkClose(t, "d", float64(scaled.Contrasts[k].D), float64(c.D), 1e-12)
	}
}

func TestSummaryOfFewPoints(t *testing.T) {
	s := drawScores(t, 2, 1, memorized)
	one := s.Select([]int{0, 1, 2, 4}) // two of S_S, one of S_C, one of S_I
	sum := summarize(t, one, Raw)
	if sum.Tau.Defined() || len(sum.Sets) != 3 || len(sum.Contrasts) != 3 {
		t.Errorf("τ = %v, %d sets, %d contrasts", sum.Tau, len(sum.Sets), len(sum.Contrasts))
	}
	c, _ := sum.Set(Candidate)
	if c.SD.Defined() || c.CI.Low.Defined() || c.OffsetMean.Defined() || c.FractionAbove.Defined() || c.Reliability.R.Defined() || !c.Mean.Defined() {
		t.Errorf("one point gives %+v", c)
	}
	contrast, _ := sum.Contrast(Candidate, Shared)
	if contrast.Note == "" || contrast.T.Defined() || !contrast.Difference.Defined() {
		t.Errorf("contrast with one point: %+v", contrast)
	}
	if _, ok := sum.Set(External); ok {
		t.Error("S_E is there without a point")
	}
	text, err := json.Marshal(sum)
	if err != nil {
		t.Fatal(err)
	}
	var back Summary
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(back)
	if err != nil || string(again) != string(text) {
		t.Errorf("JSON is not stable: %v\n%s\n%s", err, text, again)
	}
}

func TestSummarizeRefuses(t *testing.T) {
	s := drawScores(t, 3, 1, memorized)
	if _, err := Summarize(s, "max"); err == nil || !strings.Contains(err.Error(), "raw, range, ratio") {
		t.Errorf("unknown normalisation: %v", err)
	}
	s.Pairs[0].G[5] = math.NaN()
	if _, err := Summarize(s, Raw); err == nil || !strings.Contains(err.Error(), "l_g of point 5 (dataset index 9 of S_C)") {
		t.Errorf("NaN: %v", err)
	}
}
