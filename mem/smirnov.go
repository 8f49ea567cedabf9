package mem

import (
	"math"
	"slices"
)

// KSTest is the result of [KolmogorovSmirnov].
type KSTest struct {
	// D is the largest distance between the two distribution functions, in
	// [0, 1], and At the value where it is reached. Sign is +1 if that of the first
	// sample is the higher one there, so that its values tend to be smaller, and −1
	// if it is the lower one.
	D    Number `json:"d"`
	At   Number `json:"at"`
	Sign int    `json:"sign"`
	// P is the p-value: PExact where there is one, otherwise PAsymptotic.
	P Number `json:"p"`
	// PExact is exact for samples without ties, and an upper bound with ties. It
	// is undefined for samples of more than 10,000 values.
	PExact Number `json:"p_exact"`
	// PAsymptotic takes D for that of one sample of n_a·n_b/(n_a+n_b) values,
	// rounded; it is undefined where that is 0.
	PAsymptotic Number `json:"p_asymptotic"`
	// Note says why the test is undefined, and is empty if it is not.
	Note string `json:"note,omitempty"`
}

// maxExactKS is the largest sample for which the exact p-value is computed.
const maxExactKS = 10_000

// KolmogorovSmirnov tests, two-sided, whether a and b come from the same
// distribution (N. V. Smirnov, "On the estimation of the discrepancy between
// empirical curves of distribution for two independent samples", 1939). Unlike a
// test of means it sees any difference, also one of spread alone. It is undefined
// for an empty sample and for values that are not finite. The samples are not
// changed.
func KolmogorovSmirnov(a, b []float64) KSTest {
	k := KSTest{D: undefined, At: undefined, P: undefined, PExact: undefined, PAsymptotic: undefined}
	if len(a) == 0 || len(b) == 0 {
		k.Note = "each set needs at least one point"
		return k
	}
	for _, v := range slices.Concat(a, b) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			k.Note = "the values are not finite, so there is no test"
			return k
		}
	}
	na, nb := len(a), len(b)
	g := gcd(na, nb)
	gap, at := largestGap(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)), na/g, nb/g)
	k.At, k.Sign = Number(at), 1
	if gap < 0 {
		k.Sign, gap = -1, -gap
	}
	d := float64(gap) / (float64(na/g) * float64(nb))
	k.D = Number(d)
	if n := math.RoundToEven(float64(na) * float64(nb) / float64(na+nb)); n > 0 {
		k.PAsymptotic = Number(kolmogorovTail(int(n), d))
	}
	k.P = k.PAsymptotic
	if max(na, nb) <= maxExactKS {
		k.PExact = Number(smirnovTail(na, nb, gap))
		k.P = k.PExact
	}
	return k
}

// largestGap returns F_a(x) − F_b(x) where its size is largest, in units of
// 1/lcm(n_a, n_b), and that x. Up-ward gaps win ties, and the first x. stepB and
// stepA are what one value of b and of a counts: n_a and n_b over their gcd.
func largestGap(a, b []float64, stepB, stepA int) (gap int, at float64) {
	at = a[0]
	if b[0] < a[0] {
		at = b[0]
	}
	var highest, lowest, now int
	highAt, lowAt := at, at
	for i, j := 0, 0; i < len(a) || j < len(b); {
		x := math.Inf(1)
		if i < len(a) {
			x = a[i]
		}
		if j < len(b) {
			x = min(x, b[j])
		}
		for ; i < len(a) && a[i] == x; i++ {
			now += stepA
		}
		for ; j < len(b) && b[j] == x; j++ {
			now -= stepB
		}
		if now > highest {
			highest, highAt = now, x
		}
		if now < lowest {
			lowest, lowAt = now, x
		}
	}
	if -lowest > highest {
		return lowest, lowAt
	}
	return highest, highAt
}

// smirnovTail returns P(D ≥ gap/lcm(n_a, n_b)) for two samples of one continuous
// distribution. A pair of samples is a path on a grid of n_a×n_b steps, all equally
// likely, and D is how far it leaves the diagonal. u is the fraction of the paths to
// a point that have left the band of gap before: 1 outside of the band, and
// otherwise the mean of the two points before, weighted by how many paths come from
// them. Nothing is ever subtracted, so that small p-values are precise (T. Viehmann,
// "Numerically more stable computation of the p-values for the two-sample
// Kolmogorov–Smirnov test", 2021).
func smirnovTail(na, nb, gap int) float64 {
	if gap == 0 {
		return 1
	}
	g := gcd(na, nb)
	stepA, stepB := nb/g, na/g
	u := make([]float64, nb+1) // of one column
	for i := 0; i <= na; i++ {
		for j := range u {
			switch off := i*stepA - j*stepB; {
			case off >= gap || -off >= gap:
				u[j] = 1
			case i == 0 && j == 0:
				u[j] = 0
			case i == 0:
				u[j] = u[j-1]
			case j > 0:
				u[j] = (float64(i)*u[j] + float64(j)*u[j-1]) / float64(i+j)
			}
		}
	}
	return u[nb]
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
