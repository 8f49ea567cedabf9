package mem

import "math"

// EffectSize says how large the difference between two means is, in standard
// deviations. Unlike a p-value it does not grow with the number of points.
type EffectSize struct {
	// CohensD is the difference divided by the pooled standard deviation.
	CohensD   Number   `json:"cohens_d"`
	CohensDCI Interval `json:"cohens_d_ci95"`
	// HedgesG is CohensD times J(n_a+n_b−2), J(m) = Γ(m/2)/(√(m/2)·Γ((m−1)/2)),
	// which takes away the bias that d has in small samples (L. V. Hedges,
	// "Distribution theory for Glass's estimator of effect size and related
	// estimators", Journal of Educational Statistics 6, 1981).
	HedgesG   Number   `json:"hedges_g"`
	HedgesGCI Interval `json:"hedges_g_ci95"`
}

// Effect returns the effect size of the difference between the means of a and b.
// The 95 % intervals are the exact ones for normal samples of equal variance:
// they hold the δ of those non-central t distributions in which the t of
// [Student] is not among the 2.5 % at either end (J. H. Steiger and R. T.
// Fouladi, "Noncentrality interval estimation and the evaluation of statistical
// models", 1997). All is undefined where Student's test is.
func Effect(a, b []float64) EffectSize {
	s := compareSamples(a, b)
	if s.note != "" {
		none := Interval{undefined, undefined}
		return EffectSize{undefined, none, undefined, none}
	}
	df := s.na + s.nb - 2
	unit := math.Sqrt(1/s.na + 1/s.nb) // d is t times this
	d := s.difference / math.Sqrt(s.pooled())
	low, high := noncentralInterval(d/unit, df)
	e := EffectSize{CohensD: Number(d), CohensDCI: Interval{Number(low * unit), Number(high * unit)}}
	j := Number(hedgesJ(df))
	e.HedgesG = j * e.CohensD
	e.HedgesGCI = Interval{j * e.CohensDCI.Low, j * e.CohensDCI.High}
	return e
}

// hedgesJ returns Γ(m/2)/(√(m/2)·Γ((m−1)/2)) for m > 1, and for one degree of
// freedom, where no unbiased estimate exists, 0.
func hedgesJ(m float64) float64 {
	if m <= 1 {
		return 0
	}
	// With lnΓ(x) = (x−½)ln x − x + ½ln 2π + δ(x), so that large terms cancel
	// before they are computed.
	x := m / 2
	return math.Exp((x-1)*-math.Log1p(-0.5/x) - 0.5 + stirlingError(x) - stirlingError(x-0.5))
}
