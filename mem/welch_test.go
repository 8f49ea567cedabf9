package mem

import (
	"math"
	"strings"
	"testing"
)

func TestWelchAgainstSciPy(t *testing.T) {
	for _, c := range loadFixture(t).Welch {
		t.Run(c.Name, func(t *testing.T) {
			const tol = 1e-10
			up, down := Welch(c.A, c.B, Greater), Welch(c.A, c.B, Less)
			checkClose(t, "difference", float64(up.Difference), c.Difference, tol)
			checkClose(t, "t", float64(up.T), c.T, tol)
			checkClose(t, "df", float64(up.DF), c.DF, tol)
			checkClose(t, "p greater", float64(up.POneSided), c.PGreater, tol)
			checkClose(t, "p less", float64(down.POneSided), c.PLess, tol)
			checkClose(t, "p two-sided", float64(up.PTwoSided), c.PTwoSided, tol)
			checkClose(t, "low", float64(up.CI.Low), c.Low, tol)
			checkClose(t, "high", float64(up.CI.High), c.High, tol)
			checkClose(t, "d", float64(up.D), c.CohensD, tol)
			if up.NA != len(c.A) || up.NB != len(c.B) || up.Note != "" || up.Alternative != Greater {
				t.Errorf("n = %d, %d, note %q, alternative %s", up.NA, up.NB, up.Note, up.Alternative)
			}
		})
	}
}

// With equal sizes and variances Welch's test is Student's: for a = {0, 2} and
// b = {1, 3} the difference is −1, its standard error √2 and df 2, where the
// distribution function is 1/2 + t/(2√(2+t²)).
func TestWelchClosedForm(t *testing.T) {
	c := Welch([]float64{0, 2}, []float64{1, 3}, Less)
	tt := -1 / math.Sqrt2
	p := 0.5 + tt/(2*math.Sqrt(2+tt*tt))
	checkClose(t, "t", float64(c.T), tt, 1e-15)
	checkClose(t, "df", float64(c.DF), 2, 1e-15)
	checkClose(t, "p less", float64(c.POneSided), p, 1e-14)
	checkClose(t, "p two-sided", float64(c.PTwoSided), 2*p, 1e-14)
	checkClose(t, "d", float64(c.D), tt, 1e-15)
}

func TestWelchSymmetry(t *testing.T) {
	a, b := []float64{1, 2, 4, 8}, []float64{0.5, 3, 3.5}
	x, y := Welch(a, b, Greater), Welch(b, a, Less)
	if x.Difference != -y.Difference || x.T != -y.T || x.DF != y.DF || x.D != -y.D ||
		x.POneSided != y.POneSided || x.PTwoSided != y.PTwoSided || x.CI.Low != -y.CI.High {
		t.Errorf("exchanging the samples: %+v and %+v", x, y)
	}
	same := Welch(a, a, Greater)
	if same.Difference != 0 || same.POneSided != 0.5 || same.PTwoSided != 1 || same.D != 0 {
		t.Errorf("a sample against itself: %+v", same)
	}
	if same.Significant() {
		t.Error("a sample differs significantly from itself")
	}
}

func TestWelchUndefined(t *testing.T) {
	for name, test := range map[string]struct {
		a, b       []float64
		difference float64
		note       string
	}{
		"empty":       {nil, []float64{1, 2}, math.NaN(), "at least one point"},
		"one point":   {[]float64{3}, []float64{1, 2}, 1.5, "at least two points"},
		"no variance": {[]float64{.1, .1, .1}, []float64{.6, .6, .6, .6}, -.5, "variance"},
		"NaN":         {[]float64{1, math.NaN()}, []float64{1, 2}, math.NaN(), "not finite"},
		"infinite":    {[]float64{1, math.Inf(1)}, []float64{1, 2}, math.Inf(1), "not finite"},
	} {
		c := Welch(test.a, test.b, Greater)
		if !strings.Contains(c.Note, test.note) {
			t.Errorf("%s: note %q, want one with %q", name, c.Note, test.note)
		}
		for _, v := range []Number{c.T, c.DF, c.POneSided, c.PTwoSided, c.D, c.CI.Low, c.CI.High} {
			if v.Defined() {
				t.Errorf("%s: a statistic is defined: %+v", name, c)
				break
			}
		}
		d := float64(c.Difference)
		if !math.IsNaN(test.difference) && d != test.difference || c.Significant() {
			t.Errorf("%s: difference %v, want %v; significant %v", name, d, test.difference, c.Significant())
		}
	}
}

func TestStudentsTAgainstSciPy(t *testing.T) {
	f := loadFixture(t)
	for _, c := range f.Tail {
		checkClose(t, "upper tail", upperTail(c.T, c.DF), c.P, 1e-10)
		checkClose(t, "lower tail", upperTail(-c.T, c.DF), 1-c.P, 1e-10)
	}
	for _, c := range f.Critical {
		checkClose(t, "critical t", criticalT(c.DF), c.T, 1e-10)
	}
	if p := upperTail(math.Inf(1), 5); p != 0 {
		t.Errorf("P(T > ∞) = %v", p)
	}
}

func TestMeanIntervalAgainstSciPy(t *testing.T) {
	for _, c := range loadFixture(t).Means {
		mean, variance := meanVariance(c.X)
		ci := meanInterval(mean, variance, len(c.X))
		checkClose(t, "mean", mean, c.Mean, 1e-12)
		checkClose(t, "sd", math.Sqrt(variance), c.SD, 1e-12)
		checkClose(t, "low", float64(ci.Low), c.Low, 1e-10)
		checkClose(t, "high", float64(ci.High), c.High, 1e-10)
	}
	if meanInterval(1, math.NaN(), 1).Low.Defined() {
		t.Error("one value has a confidence interval")
	}
	// Three times .1 has a mean that is off in the last bit.
	if mean, variance := meanVariance([]float64{.1, .1, .1}); mean != .1 || variance != 0 {
		t.Errorf("mean and variance of equal values are %v and %v", mean, variance)
	}
}

func TestQuantileAgainstNumPy(t *testing.T) {
	for _, c := range loadFixture(t).Quantiles {
		for i, p := range c.P {
			checkClose(t, "quantile", Quantile(c.X, p), c.Q[i], 1e-12)
		}
	}
	if !math.IsNaN(Quantile(nil, 0.5)) {
		t.Error("the median of nothing is defined")
	}
}

func TestFractionAbove(t *testing.T) {
	m := []float64{3, 1, 2, 2}
	curve := FractionAbove(m)
	m[0] = -9 // the curve has its own copy
	for tau, want := range map[float64]float64{0: 1, 1: 0.75, 1.5: 0.75, 2: 0.25, 3: 0, 4: 0} {
		if got := curve(tau); got != want {
			t.Errorf("fraction above %v is %v, want %v", tau, got, want)
		}
	}
	if !math.IsNaN(FractionAbove(nil)(0)) {
		t.Error("a fraction of nothing is defined")
	}
}

func TestSplitHalfAgainstSciPy(t *testing.T) {
	for _, c := range loadFixture(t).Pearson {
		got := SplitHalf(c.A, c.B)
		checkClose(t, "r", float64(got.R), c.R, 1e-10)
		checkClose(t, "Spearman–Brown", float64(got.SpearmanBrown), max(0, 2*c.R/(1+c.R)), 1e-10)
	}
	x := []float64{1, 2, 4}
	for name, test := range map[string]struct {
		b    []float64
		r, s float64
	}{
		"same":     {[]float64{2, 4, 8}, 1, 1},
		"opposite": {[]float64{-1, -2, -4}, -1, 0},
	} {
		got := SplitHalf(x, test.b)
		if math.Abs(float64(got.R)-test.r) > 1e-15 || math.Abs(float64(got.SpearmanBrown)-test.s) > 1e-15 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for _, b := range [][]float64{nil, {5}, {5, 5, 5}} {
		if got := SplitHalf(x[:len(b)], b); got.R.Defined() || got.SpearmanBrown.Defined() {
			t.Errorf("halves %v: %+v", b, got)
		}
	}
}

// t = 12.7062 for one degree of freedom, and the standard error of 1 and 3 is 1.
func TestMeanInterval(t *testing.T) {
	mean, ci := MeanInterval([]float64{1, 3})
	if mean != 2 || math.Abs(float64(ci.High)-2-12.706204736432095) > 1e-9 || math.Abs(float64(ci.Low)-2+12.706204736432095) > 1e-9 {
		t.Errorf("mean %v, interval %v", mean, ci)
	}
	if mean, ci := MeanInterval([]float64{5}); mean != 5 || ci.Low.Defined() {
		t.Errorf("one value: mean %v, interval %v", mean, ci)
	}
}
