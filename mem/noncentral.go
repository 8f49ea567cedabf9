package mem

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/integrate/quad"
)

// noncentralInterval returns the non-centralities δ for which t is the upper and
// the lower 2.5 % point of the non-central t distribution with df degrees of
// freedom: the 95 % confidence interval of δ.
func noncentralInterval(t, df float64) (low, high float64) {
	return noncentrality(t, df, 1-alpha/2), noncentrality(t, df, alpha/2)
}

// noncentrality returns the δ with P(T ≤ t) = p, by bisection: the probability
// falls as δ grows.
func noncentrality(t, df, p float64) float64 {
	step := 4 + math.Abs(t)/math.Sqrt(df)
	low, high := t-step, t+step
	for ; noncentralT(t, df, low) < p; step *= 2 {
		low -= step
	}
	for ; noncentralT(t, df, high) > p; step *= 2 {
		high += step
	}
	for {
		middle := low + (high-low)/2
		if middle <= low || middle >= high || high-low <= 1e-15*max(math.Abs(low), math.Abs(high)) {
			return middle
		}
		if noncentralT(t, df, middle) > p {
			low = middle
		} else {
			high = middle
		}
	}
}

// noncentralT returns P(T ≤ t) for T = (Z + δ)/S with a standard normal Z and S²
// a χ² variable divided by its df degrees of freedom, as
//
//	∫ Φ(t·s − δ) f(s) ds
//
// where f is the density of S. The integral is cut where nothing of f is left in
// double precision, and at the step of Φ, so that any δ may be asked for.
func noncentralT(t, df, delta float64) float64 {
	const reach = 9 // standard deviations, beyond which less than 1e-18 lies
	root := math.Sqrt(df)
	from, to := max(0, 1-reach/root), 1+reach/root
	cuts := []float64{from, to}
	for _, z := range []float64{-reach, 0, reach} {
		if s := (delta + z) / t; s > from && s < to { // also false for a NaN
			cuts = append(cuts, s)
		}
	}
	slices.Sort(cuts)
	k := df / 2
	log := math.Ln2 + 0.5*math.Log(k/(2*math.Pi)) - stirlingError(k)
	integrand := func(s float64) float64 {
		if s <= 0 {
			return 0
		}
		// k(s² − 1 − 2 ln s), without the cancellation near 1.
		e := s - 1
		exponent := k * (e*e + 2*(e-math.Log1p(e)))
		return math.Exp(log-math.Log(s)-exponent) * 0.5 * math.Erfc((delta-t*s)/math.Sqrt2)
	}
	var sum float64
	const panels, nodes = 16, 16
	for i := 1; i < len(cuts); i++ {
		width := (cuts[i] - cuts[i-1]) / panels
		for p := range panels {
			a := cuts[i-1] + float64(p)*width
			sum += quad.Fixed(integrand, a, a+width, nodes, quad.Legendre{}, 0)
		}
	}
	return min(sum, 1)
}

// stirlingError returns δ(x) = lnΓ(x+1) − (x+½)ln x + x − ½ln 2π for x > 0, what
// Stirling's formula lacks.
func stirlingError(x float64) float64 {
	if x < 16 {
		g, _ := math.Lgamma(x + 1)
		return g - (x+0.5)*math.Log(x) + x - 0.5*math.Log(2*math.Pi)
	}
	y := 1 / (x * x)
	return (1./12 - y*(1./360-y*(1./1260-y*(1./1680-y*(1./1188-y*691./360360))))) / x
}
