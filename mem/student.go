package mem

import (
	"fmt"
	"math"
)

// TTest is a test of the difference between two means by Student's t.
type TTest struct {
	// T is the difference divided by its standard error, and DF the degrees of
	// freedom.
	T  Number `json:"t"`
	DF Number `json:"df"`
	// CI is the 95 % confidence interval of the difference.
	CI Interval `json:"ci95"`
	// POneSided is the p-value in the direction that was asked for.
	POneSided Number `json:"p_one_sided"`
	PTwoSided Number `json:"p_two_sided"`
	// Note says why the test is undefined, and is empty if it is not.
	Note string `json:"note,omitempty"`
}

// Student compares the means of a and b as Student's test does, which takes
// their variances as equal and pools them: t = (mean(a) − mean(b))/(s·√(1/n_a +
// 1/n_b)) with n_a + n_b − 2 degrees of freedom ("Student", "The probable error
// of a mean", Biometrika 6, 1908). It is the test that published scores of
// memorization were compared with; [Welch] needs no such assumption. The test is
// undefined where Welch's is, with the same Note. The samples are not changed.
func Student(a, b []float64, alternative Alternative) TTest {
	s := compareSamples(a, b)
	if s.note != "" {
		return TTest{undefined, undefined, Interval{undefined, undefined}, undefined, undefined, s.note}
	}
	return studentT(s.difference, math.Sqrt(s.pooled()*(1/s.na+1/s.nb)), s.na+s.nb-2, alternative)
}

// studentT tests a difference with the given standard error, which is not 0.
func studentT(difference, se, df float64, alternative Alternative) TTest {
	t := difference / se
	margin := criticalT(df) * se
	test := TTest{
		T: Number(t), DF: Number(df),
		CI:        Interval{Number(difference - margin), Number(difference + margin)},
		PTwoSided: Number(2 * upperTail(math.Abs(t), df)),
	}
	if alternative == Less {
		t = -t
	}
	test.POneSided = Number(upperTail(t, df))
	return test
}

// twoSamples are the sizes, unbiased variances and the difference between the
// means of two samples. note says why they cannot be tested, "" if they can.
type twoSamples struct {
	na, nb, varA, varB, difference float64
	note                           string
}

func compareSamples(a, b []float64) twoSamples {
	s := twoSamples{na: float64(len(a)), nb: float64(len(b)), difference: math.NaN()}
	if len(a) == 0 || len(b) == 0 {
		s.note = fmt.Sprintf("n = %d and %d: a difference needs at least one point in each set", len(a), len(b))
		return s
	}
	meanA, varA := meanVariance(a)
	meanB, varB := meanVariance(b)
	s.varA, s.varB, s.difference = varA, varB, meanA-meanB
	if len(a) < 2 || len(b) < 2 {
		s.note = fmt.Sprintf("n = %d and %d: the test needs at least two points in each set", len(a), len(b))
		return s
	}
	switch u := varA/s.na + varB/s.nb; {
	case u == 0:
		s.note = "neither set has any variance, so there is no test"
	case math.IsNaN(u) || math.IsInf(u, 0):
		s.note = "the values are not finite or too large for a variance"
	}
	return s
}

// pooled returns the variance that both samples have in common.
func (s twoSamples) pooled() float64 {
	return ((s.na-1)*s.varA + (s.nb-1)*s.varB) / (s.na + s.nb - 2)
}
