package mem

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat"
)

// alpha is the level below which a p-value is called significant; confidence
// intervals are those of level 1 − alpha, 95 %.
const alpha = 0.05

// Alternative is the direction that a one-sided test looks for.
type Alternative string

// The two directions: the mean of the first sample is Greater or Less than
// that of the second.
const (
	Greater Alternative = "greater"
	Less    Alternative = "less"
)

// Comparison is the difference between the means of two samples a and b, with
// Welch's test, which does not assume that their variances are equal (B. L.
// Welch, "The generalization of 'Student's' problem when several different
// population variances are involved", Biometrika 34, 1947).
type Comparison struct {
	// NA and NB are the sizes of the samples.
	NA int `json:"n_a"`
	NB int `json:"n_b"`
	// Difference is mean(a) − mean(b), and CI its 95 % confidence interval.
	Difference Number   `json:"difference"`
	CI         Interval `json:"ci95"`
	// T is Difference divided by its standard error √(s²_a/n_a + s²_b/n_b),
	// and DF the Welch–Satterthwaite degrees of freedom.
	T  Number `json:"t"`
	DF Number `json:"df"`
	// Alternative is the direction that POneSided is the p-value of.
	Alternative Alternative `json:"alternative"`
	POneSided   Number      `json:"p_one_sided"`
	PTwoSided   Number      `json:"p_two_sided"`
	// D is Cohen's d: Difference divided by the pooled standard deviation
	// √(((n_a−1)s²_a + (n_b−1)s²_b)/(n_a+n_b−2)).
	D Number `json:"cohens_d"`
	// Note says why the test is undefined, and is empty if it is not.
	Note string `json:"note,omitempty"`
}

// Significant reports whether the one-sided p-value is below .05.
func (c Comparison) Significant() bool { return c.POneSided < alpha }

// Welch compares the means of a and b. Samples of fewer than two values, two
// samples without any variance, and values that are NaN or infinite leave the
// test undefined; Note then says why. The samples are not changed.
//
// P-values have a relative error below 1e-10 for up to 100,000 degrees of
// freedom, however small they are.
func Welch(a, b []float64, alternative Alternative) Comparison {
	c := Comparison{
		NA: len(a), NB: len(b), Alternative: alternative,
		Difference: undefined, CI: Interval{undefined, undefined}, T: undefined, DF: undefined,
		POneSided: undefined, PTwoSided: undefined, D: undefined,
	}
	s := compareSamples(a, b)
	c.Difference, c.Note = Number(s.difference), s.note
	if c.Note != "" {
		return c
	}
	ua, ub := s.varA/s.na, s.varB/s.nb
	// (ua+ub)²/(ua²/(na−1) + ub²/(nb−1)), written with ratios against underflow.
	ra, rb := ua/(ua+ub), ub/(ua+ub)
	df := 1 / (ra*ra/(s.na-1) + rb*rb/(s.nb-1))
	t := studentT(s.difference, math.Sqrt(ua+ub), df, alternative)
	c.T, c.DF, c.CI, c.POneSided, c.PTwoSided = t.T, t.DF, t.CI, t.POneSided, t.PTwoSided
	c.D = Number(s.difference / math.Sqrt(s.pooled()))
	return c
}

// meanVariance returns the mean and the unbiased variance (n−1) of x. The
// variance of equal values is exactly 0, and that of a single value NaN.
func meanVariance(x []float64) (mean, variance float64) {
	if len(x) > 1 && slices.Min(x) == slices.Max(x) {
		return x[0], 0
	}
	return stat.MeanVariance(x, nil)
}

// MeanInterval returns the mean of x and its t-based 95 % confidence interval,
// which is undefined for fewer than two values. The mean of nothing is NaN.
func MeanInterval(x []float64) (mean float64, ci Interval) {
	mean, variance := meanVariance(x)
	return mean, meanInterval(mean, variance, len(x))
}

// meanInterval returns the t-based 95 % confidence interval of the mean of a
// sample of n values, undefined for n < 2.
func meanInterval(mean, variance float64, n int) Interval {
	if n < 2 {
		return Interval{undefined, undefined}
	}
	margin := criticalT(float64(n-1)) * math.Sqrt(variance/float64(n))
	return Interval{Number(mean - margin), Number(mean + margin)}
}

// upperTail returns P(T > t) of Student's t distribution with df degrees of
// freedom. Far out it is an incomplete beta function itself, so tiny
// probabilities keep their relative precision; near 0 it is formed from
// P(|T| < t), because 1 − df/(df+t²) would lose the digits of a small t.
func upperTail(t, df float64) float64 {
	if t < 0 {
		return 1 - upperTail(-t, df)
	}
	t2 := t * t
	if t2 < 1 {
		return 0.5 * (1 - mathext.RegIncBeta(0.5, df/2, t2/(df+t2)))
	}
	return 0.5 * mathext.RegIncBeta(df/2, 0.5, df/(df+t2))
}

// criticalT returns the t with P(|T| ≤ t) = 95 % for df degrees of freedom.
func criticalT(df float64) float64 {
	x := mathext.InvRegIncBeta(df/2, 0.5, alpha)
	return math.Sqrt(df * (1 - x) / x)
}
