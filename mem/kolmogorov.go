package mem

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// kolmogorovTail returns P(D_n ≥ d) of Kolmogorov's statistic of one sample of n
// values, by the formula that R. Simard and P. L'Ecuyer choose for (n, d):
// "Computing the two-sided Kolmogorov–Smirnov distribution", Journal of Statistical
// Software 39(11), 2011.
func kolmogorovTail(n int, d float64) float64 {
	size := float64(n)
	nd := size * d
	switch {
	case d >= 1:
		return 0
	case nd <= 0.5:
		return 1
	case nd <= 1: // H. Ruben and J. Gambino, 1982: n!·((2nd − 1)/n)ⁿ
		p := 1.
		for i := 1; i <= n; i++ {
			p *= float64(i) / size * (2*nd - 1)
		}
		return 1 - p
	case d >= 0.5 || n <= 140 && nd*d > 4 || n > 140 && nd*d >= 2.2:
		return min(1, 2*oneSidedTail(n, d))
	case n <= 140 || n <= 100_000 && size*math.Pow(d, 1.5) <= 1.4:
		return 1 - durbin(n, d)
	}
	return min(1, max(0, 1-pelzGood(n, d)))
}

// oneSidedTail returns P(D⁺_n ≥ d), 0 < d < 1, of the one-sided statistic: d times
//
//	Σ_j C(n, j)·(d + j/n)^{j−1}·(1 − d − j/n)^{n−j}, j = 0 … ⌊n(1−d)⌋
//
// (Z. W. Birnbaum and F. H. Tingey, "One-sided confidence contours for probability
// distribution functions", 1951). Twice it is P(D_n ≥ d) from d = ½ on, and nearly so
// where that is small. All but the first term are binomial probabilities times
// d/(d + j/n), computed by C. Loader's saddle-point form, in which large logarithms
// do not cancel.
func oneSidedTail(n int, d float64) float64 {
	size := float64(n)
	nd := size * d
	sum := math.Exp(size * math.Log1p(-d))
	whole := stirlingError(size)
	for j := 1; j < n; j++ {
		x, rest := float64(j), float64(n-j)
		if rest <= nd { // (1 − d − j/n) ≤ 0
			break
		}
		log := x*math.Log1p(nd/x) + rest*math.Log1p(-nd/rest) + whole - stirlingError(x) - stirlingError(rest)
		sum += math.Sqrt(size/(2*math.Pi*x*rest)) * math.Exp(log) * nd / (nd + x)
	}
	return sum
}

// durbin returns P(D_n ≤ d) as an element of a power of a matrix (J. Durbin, 1968,
// in the form of G. Marsaglia, W. W. Tsang and J. Wang, "Evaluating Kolmogorov's
// distribution", Journal of Statistical Software 8(18), 2003).
func durbin(n int, d float64) float64 {
	nd := float64(n) * d
	k := int(math.Ceil(nd))
	h := float64(k) - nd
	m := 2*k - 1
	H := mat.NewDense(m, m, nil)
	factorial := make([]float64, m+1)
	factorial[0] = 1
	for i := 1; i <= m; i++ {
		factorial[i] = factorial[i-1] * float64(i)
	}
	for i := range m {
		for j := range m {
			if i-j+1 < 0 {
				continue
			}
			v := 1.
			if j == 0 {
				v -= math.Pow(h, float64(i+1))
			}
			if i == m-1 {
				v -= math.Pow(h, float64(m-j))
			}
			if j == 0 && i == m-1 && 2*h > 1 {
				v += math.Pow(2*h-1, float64(m))
			}
			H.Set(i, j, v/factorial[i-j+1])
		}
	}
	power, exponent := poweredUp(H, n)
	p := power.At(k-1, k-1)
	for i := 1; i <= n; i++ {
		p *= float64(i) / float64(n)
		if p < 0x1p-512 {
			p, exponent = p*0x1p512, exponent-512
		}
	}
	return math.Ldexp(p, exponent)
}

// poweredUp returns aⁿ as a matrix times 2^exponent. It overwrites a.
func poweredUp(a *mat.Dense, n int) (power *mat.Dense, exponent int) {
	m, _ := a.Dims()
	power = mat.NewDense(m, m, nil)
	for i := range m {
		power.Set(i, i, 1)
	}
	middle, next := m/2, mat.NewDense(m, m, nil)
	scale := 0 // of a
	for ; n > 0; n /= 2 {
		if n%2 == 1 {
			next.Mul(power, a)
			power, next = next, power
			exponent += scale
		}
		next.Mul(a, a)
		a, next = next, a
		scale *= 2
		if a.At(middle, middle) > 0x1p256 {
			a.Scale(0x1p-256, a)
			scale += 256
		}
	}
	return power, exponent
}

// pelzGood returns the approximation K₀ + K₁/√n + K₂/n + K₃/n^{3/2} of P(D_n ≤ d)
// (W. Pelz and I. J. Good, "Approximating the lower tail-areas of the
// Kolmogorov–Smirnov one-sample statistic", 1976), with z = √n·d:
//
//	K₀ = √2π/z · Σ e^{−k²π²/8z²}, over odd k > 0, as are the sums in
//	K₁ = √2π/6z⁴ · Σ (k²π²/4 − z²)·e
//	K₂ = √2π/72z⁷ · Σ (6z⁶ + 2z⁴ + k²π²(2z⁴ − 5z²)/4 + k⁴π⁴(1 − 2z²)/16)·e − √2π·π²/36z³ · Σ k²·e′
//	K₃ = √2π/6480z¹⁰ · Σ (k⁶π⁶(5 − 30z²)/64 + k⁴π⁴(212z⁴ − 60z²)/16 + k²π²(135z⁴ − 96z⁶)/4 − 30z⁶ − 90z⁸)·e
//	     + √2π·π²/216z⁶ · Σ k²(3z² − k²π²)·e′
//
// where e′ = e^{−k²π²/2z²} is summed over all k > 0.
func pelzGood(n int, d float64) float64 {
	size := float64(n)
	z := math.Sqrt(size) * d
	z2 := z * z
	z4, z6, z8 := z2*z2, z2*z2*z2, z2*z2*z2*z2
	var k0, k1, k2, k3, extra2, extra3 float64
	for i := int(math.Ceil(16 * z / math.Pi)); i > 0; i-- { // small terms first
		k := float64(2*i-1) * math.Pi / 2
		q2 := k * k // k²π²/4
		e := math.Exp(-q2 / (2 * z2))
		k0 += e
		k1 += (q2 - z2) * e
		k2 += (6*z6 + 2*z4 + q2*(2*z4-5*z2) + q2*q2*(1-2*z2)) * e
		k3 += (q2*q2*q2*(5-30*z2) + q2*q2*(212*z4-60*z2) + q2*(135*z4-96*z6) - 30*z6 - 90*z8) * e
		q2 = float64(i) * float64(i) * math.Pi * math.Pi
		e = math.Exp(-q2 / (2 * z2))
		extra2 += q2 * e
		extra3 += q2 * (3*z2 - q2) * e
	}
	sum := k0/z +
		k1/(6*z4)/math.Sqrt(size) +
		(k2/(72*z6*z)-extra2/(36*z2*z))/size +
		(k3/(6480*z8*z2)+extra3/(216*z6))/(size*math.Sqrt(size))
	return math.Sqrt(2*math.Pi) * sum
}
