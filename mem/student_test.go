package mem

import (
	"math"
	"testing"
)

func TestStudentAgainstSciPy(t *testing.T) {
	for _, c := range readFixture[twoSampleFixture](t, "tests.json").Student {
		t.Run(c.Name, func(t *testing.T) {
			const tol = 1e-10
			up, down := Student(c.A, c.B, Greater), Student(c.A, c.B, Less)
			checkClose(t, "t", float64(up.T), c.T, tol)
			checkClose(t, "df", float64(up.DF), c.DF, tol)
			checkClose(t, "p greater", float64(up.POneSided), c.PGreater, tol)
			checkClose(t, "p less", float64(down.POneSided), c.PLess, tol)
			checkClose(t, "p two-sided", float64(down.PTwoSided), c.PTwoSided, tol)
			checkClose(t, "low", float64(up.CI.Low), c.Low, tol)
			checkClose(t, "high", float64(up.CI.High), c.High, tol)
		})
	}
}

func TestEffectAgainstSciPy(t *testing.T) {
	for _, c := range readFixture[twoSampleFixture](t, "tests.json").Student {
		t.Run(c.Name, func(t *testing.T) {
			const tol = 1e-10
			e, turned := Effect(c.A, c.B), Effect(c.B, c.A)
			checkClose(t, "d", float64(e.CohensD), c.D, tol)
			checkClose(t, "low d", float64(e.CohensDCI.Low), c.DLow, tol)
			checkClose(t, "high d", float64(e.CohensDCI.High), c.DHigh, tol)
			checkClose(t, "g", float64(e.HedgesG), c.G, tol)
			checkClose(t, "low g", float64(e.HedgesGCI.Low), c.G/c.D*c.DLow, tol)
			checkClose(t, "high g", float64(e.HedgesGCI.High), c.G/c.D*c.DHigh, tol)
			checkClose(t, "d of the samples exchanged", float64(turned.CohensDCI.High), -c.DLow, 1e-9)
			checkClose(t, "d of Welch", float64(Welch(c.A, c.B, Greater).D), c.D, tol)
		})
	}
}

// J(2) = Γ(1)/Γ(½) = 1/√π and J(4) = Γ(2)/(√2·Γ(3/2)) = √2/√π.
func TestHedgesCorrection(t *testing.T) {
	checkClose(t, "J(2)", hedgesJ(2), 1/math.Sqrt(math.Pi), 1e-14)
	checkClose(t, "J(4)", hedgesJ(4), math.Sqrt(2/math.Pi), 1e-14)
	checkClose(t, "J(10⁶)", hedgesJ(1e6), 1-3/(4e6-1), 1e-12)
}

func TestNoncentralT(t *testing.T) {
	for _, c := range readFixture[twoSampleFixture](t, "tests.json").Noncentral {
		got := noncentralT(c.T, c.DF, c.Delta)
		if !(math.Abs(got-c.P) <= 1e-12) {
			t.Errorf("P(T ≤ %v) with %v degrees of freedom around %v is %v, want %v", c.T, c.DF, c.Delta, got, c.P)
		}
	}
	for _, df := range []float64{1, 4, 98.3, 9998.5} { // around 0 it is Student's
		for _, x := range []float64{-3, -.4, 0, 1.5} {
			if got, want := noncentralT(x, df, 0), 1-upperTail(x, df); math.Abs(got-want) > 1e-13 {
				t.Errorf("P(T ≤ %v) with %v degrees of freedom is %v, want %v", x, df, got, want)
			}
		}
	}
}

func TestStudentIsUndefinedWhereWelchIs(t *testing.T) {
	for _, samples := range [][2][]float64{
		{nil, {1, 2}}, {{3}, {1, 2}}, {{.1, .1}, {.6, .6}}, {{1, math.NaN()}, {1, 2}}, {{1, math.Inf(1)}, {1, 2}},
	} {
		a, b := samples[0], samples[1]
		s, e := Student(a, b, Greater), Effect(a, b)
		if want := Welch(a, b, Greater).Note; s.Note != want || want == "" {
			t.Errorf("%v: note %q, want Welch's %q", samples, s.Note, want)
		}
		for _, v := range []Number{s.T, s.DF, s.CI.Low, s.POneSided, s.PTwoSided, e.CohensD, e.HedgesG, e.CohensDCI.High, e.HedgesGCI.Low} {
			if v.Defined() {
				t.Errorf("%v: a statistic is defined: %+v %+v", samples, s, e)
				break
			}
		}
	}
}
