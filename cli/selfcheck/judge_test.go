package selfcheck

import (
	"math"
	"testing"

	"sslmem/mem"
)

func TestJudgeSign(t *testing.T) {
	for p, want := range map[float64]Verdict{
		0: Shown, .0499: Shown, .05: NotShown, .5: NotShown, .95: NotShown, .9501: Contradicted, 1: Contradicted, math.NaN(): NotShown,
	} {
		if got := JudgeSign(p); got != want {
			t.Errorf("p = %v: %s, want %s", p, got, want)
		}
	}
}

func TestJudgeWithin(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      Verdict
	}{
		{-1, 1, Shown}, {-.5, .2, Shown}, {-1.1, .5, NotShown}, {.5, 1.5, NotShown}, {-3, 3, NotShown},
		{1.1, 2, Contradicted}, {-2, -1.1, Contradicted}, {math.NaN(), math.NaN(), NotShown},
	} {
		if got := JudgeWithin(mem.Interval{Low: mem.Number(c.low), High: mem.Number(c.high)}, 1); got != c.want {
			t.Errorf("[%v, %v] within ±1: %s, want %s", c.low, c.high, got, c.want)
		}
	}
}

func TestJudgeExact(t *testing.T) {
	for deviation, want := range map[float64]Verdict{0: Shown, 1e-6: Shown, -1e-6: Shown, 1.1e-6: Contradicted, math.Inf(1): Contradicted, math.NaN(): Contradicted} {
		if got := JudgeExact(deviation, 1e-6); got != want {
			t.Errorf("deviation %v: %s, want %s", deviation, got, want)
		}
	}
}

func TestOverall(t *testing.T) {
	for _, c := range []struct {
		rows []Verdict
		want Verdict
	}{
		{nil, NotRun}, {[]Verdict{NotRun}, NotRun}, {[]Verdict{Shown, Shown}, Shown}, {[]Verdict{NotRun, Shown}, Shown}, {[]Verdict{Shown, NotRun}, Shown},
		{[]Verdict{Shown, NotShown, Shown}, NotShown}, {[]Verdict{NotShown, Contradicted}, Contradicted}, {[]Verdict{Contradicted, Shown}, Contradicted},
	} {
		var rows []Row
		for _, v := range c.rows {
			rows = append(rows, Row{Verdict: v})
		}
		if got := Overall(rows); got != c.want {
			t.Errorf("%q: %s, want %s", c.rows, got, c.want)
		}
	}
}

// Student's test of one sample, by hand: the mean of 1, 2, 3 is 2 with a standard
// error of 1/√3, so that t = 2√3 with 2 degrees of freedom, of which the closed form is
// p = ½ − t/(2√(2 + t²)).
func TestMeanRow(t *testing.T) {
	tt := 2 * math.Sqrt(3)
	p := .5 - tt/(2*math.Sqrt(2+tt*tt))
	r := mean("", Above, []float64{1, 2, 3}, "pairs", 3)
	if math.Abs(float64(r.P)-p) > 1e-12 || r.Value != 2 || r.N != 3 || r.Verdict != Shown {
		t.Errorf("%+v, want p %v", r, p)
	}
	if r := mean("", Below, []float64{1, 2, 3}, "pairs", 3); math.Abs(float64(r.P)-1+p) > 1e-12 || r.Verdict != Contradicted {
		t.Errorf("other direction: %+v", r)
	}
	if r := mean("", Above, []float64{1}, "pairs", 1); r.P.Defined() || r.Verdict != NotShown {
		t.Errorf("one value: %+v", r)
	}
}

func TestCompareRow(t *testing.T) {
	a, b := []float64{5, 6, 7, 8}, []float64{1, 2, 3, 4}
	if r := compare("", Above, a, b, "images", 1); r.Value != 4 || r.Verdict != Shown || r.N != 8 {
		t.Errorf("%+v", r)
	}
	if r := compare("", Below, a, b, "images", 1); r.Verdict != Contradicted {
		t.Errorf("%+v", r)
	}
	if r := compare("", Above, a, a, "images", 1); r.Verdict != NotShown {
		t.Errorf("%+v", r)
	}
}

func TestDrawnRow(t *testing.T) {
	draws := make([]float64, 99)
	for i := range draws {
		draws[i] = float64(i) - 1 // two of 99 are not above 0
	}
	if r := drawn("", Above, 48, draws, 5, "images", 1); math.Abs(float64(r.P)-.03) > 1e-12 || r.Verdict != Shown || math.Abs(float64(r.CI.Low)-1.45) > 1e-9 {
		t.Errorf("%+v", r)
	}
	if r := drawn("", Below, 48, draws, 5, "images", 1); math.Abs(float64(r.P)-.99) > 1e-12 || r.Verdict != Contradicted {
		t.Errorf("%+v", r)
	}
}

// A difference of differences in four samples of known means and variances.
func TestInteraction(t *testing.T) {
	r := (&Lab{}).interaction("", []float64{9, 11}, []float64{4, 6}, []float64{1, 3}, []float64{0, 2}, 1)
	se := math.Sqrt(4) // each mean has variance 2/2
	if r.Value != 4 || math.Abs(float64(r.CI.High)-4-1.959964*se) > 1e-12 || math.Abs(float64(r.P)-.0227501319) > 1e-9 || r.Verdict != Shown {
		t.Errorf("%+v", r)
	}
}
