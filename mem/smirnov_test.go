package mem

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestKolmogorovSmirnovAgainstSciPy(t *testing.T) {
	for _, c := range readFixture[twoSampleFixture](t, "tests.json").Smirnov {
		t.Run(c.Name, func(t *testing.T) {
			a, b := slices.Clone(c.A), slices.Clone(c.B)
			k := KolmogorovSmirnov(a, b)
			checkClose(t, "D", float64(k.D), c.D, 1e-13)
			checkClose(t, "exact p", float64(k.PExact), c.PExact, 1e-10)
			checkClose(t, "asymptotic p", float64(k.PAsymptotic), c.PAsymptotic, 1e-10)
			if k.P != k.PExact || k.Note != "" || float64(k.At) != c.At || k.Sign != c.Sign {
				t.Errorf("%+v, want at %v, sign %d", k, c.At, c.Sign)
			}
			if !slices.Equal(a, c.A) || !slices.Equal(b, c.B) {
				t.Error("the samples have changed")
			}
			if turned := KolmogorovSmirnov(b, a); turned.D != k.D || math.Abs(float64(turned.P/k.P)-1) > 1e-12 || k.D > 0 && turned.Sign != -k.Sign && turned.At == k.At {
				t.Errorf("exchanged samples give %+v, want %+v", turned, k)
			}
		})
	}
}

func TestKolmogorovTailAgainstSciPy(t *testing.T) {
	for _, c := range readFixture[twoSampleFixture](t, "tests.json").Kolmogorov {
		got := kolmogorovTail(c.N, c.D)
		if !(math.Abs(got-c.P) <= 1e-10*c.P+1e-13) {
			t.Errorf("P(D_%d ≥ %v) is %.16g, want %.16g", c.N, c.D, got, c.P)
		}
	}
}

// Of the 6 orders of 2 and 2 values, D is 1 in 2 and ½ in the others.
func TestSmirnovClosedForm(t *testing.T) {
	for gap, want := range []float64{1, 1, 1. / 3} {
		checkClose(t, "P(D ≥ gap/2)", smirnovTail(2, 2, gap), want, 1e-15)
	}
	// Samples of n that do not overlap: 2 of all orders.
	checkClose(t, "P(D = 1)", smirnovTail(5, 3, 15), 2./56, 1e-14)
	checkClose(t, "P(D = 1)", smirnovTail(500, 500, 500), 2*math.Exp(2*lgamma(501)-lgamma(1001)), 1e-9)
}

func lgamma(x float64) float64 {
	y, _ := math.Lgamma(x)
	return y
}

func TestKolmogorovSmirnovUndefined(t *testing.T) {
	for want, a := range map[string][]float64{"at least one": nil, "not finite": {math.NaN(), 1}} {
		k := KolmogorovSmirnov(a, []float64{1, 2})
		if k.D.Defined() || k.P.Defined() || k.PExact.Defined() || k.PAsymptotic.Defined() || k.At.Defined() || !strings.Contains(k.Note, want) {
			t.Errorf("%v: %+v, want a note with %q", a, k, want)
		}
	}
	long := make([]float64, maxExactKS+1)
	for i := range long {
		long[i] = float64(i)
	}
	if k := KolmogorovSmirnov(long, long[:50]); k.PExact.Defined() || k.P != k.PAsymptotic || !k.P.Defined() {
		t.Errorf("%d values: %+v", len(long), k)
	}
}
