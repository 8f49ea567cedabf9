package selfcheck

import (
	"math"

	"sslmem/mem"
)

// Expect says what a claim expects of a number.
type Expect string

const (
	Above   Expect = "> 0"   // it is positive
	Below   Expect = "< 0"   // it is negative
	Within  Expect = "≈ 0"   // it lies within a margin around 0 that its row names
	Exactly Expect = "exact" // it is a deviation from what must hold, up to rounding
)

// A Verdict is what a number, or all of a check, says of a claim.
type Verdict string

const (
	Shown        Verdict = "shown"
	NotShown     Verdict = "not shown at this scale"
	Contradicted Verdict = "contradicted"
	NotRun       Verdict = "not run"
)

// level is the p-value below which a sign counts as shown.
const level = .05

// JudgeSign returns the verdict on a sign from the one-sided p-value in its
// direction: shown below .05, contradicted above .95, where the opposite sign
// would have been shown, and not shown between or without a test.
func JudgeSign(p float64) Verdict {
	switch {
	case p < level:
		return Shown
	case p > 1-level:
		return Contradicted
	}
	return NotShown
}

// JudgeWithin returns the verdict on a number that should lie within ±margin: shown
// if all of its confidence interval does, contradicted if none of it does.
func JudgeWithin(ci mem.Interval, margin float64) Verdict {
	low, high := float64(ci.Low), float64(ci.High)
	switch {
	case low >= -margin && high <= margin:
		return Shown
	case low > margin || high < -margin:
		return Contradicted
	}
	return NotShown
}

// JudgeExact returns the verdict on a deviation from what must hold: contradicted
// unless it is at most the tolerance.
func JudgeExact(deviation, tolerance float64) Verdict {
	if math.Abs(deviation) <= tolerance {
		return Shown
	}
	return Contradicted
}

// Overall returns the verdict on a check from those of its rows: contradicted if one
// is, shown if all are that were run, not run if there is none.
func Overall(rows []Row) Verdict {
	all := NotRun
	for _, r := range rows {
		switch {
		case r.Verdict == Contradicted:
			return Contradicted
		case r.Verdict == NotShown, r.Verdict == Shown && all == NotRun:
			all = r.Verdict
		}
	}
	return all
}

// exact is the row of a deviation that must be 0 up to rounding.
func exact(what string, deviation, tolerance float64, n int, unit string) Row {
	nan := mem.Number(math.NaN())
	return Row{What: what, Expect: Exactly, Value: mem.Number(deviation), CI: mem.Interval{Low: nan, High: nan}, P: nan,
		N: n, Unit: unit, Verdict: JudgeExact(deviation, tolerance)}
}

// compare is the row of a difference between two means, whose sign is expected, by
// Welch's test.
func compare(what string, e Expect, a, b []float64, unit string, seeds int) Row {
	c := mem.Welch(a, b, alternative(e))
	return Row{What: what, Expect: e, Value: c.Difference, CI: c.CI, P: c.POneSided, N: len(a) + len(b), Unit: unit, Seeds: seeds,
		Note: "d " + mem.FormatSigned(c.D, 2), Verdict: JudgeSign(float64(c.POneSided))}
}

// mean is the row of a mean whose sign is expected, by Student's test of one sample,
// which is Welch's against a sample without variance.
func mean(what string, e Expect, x []float64, unit string, seeds int) Row {
	c := mem.Welch(x, make([]float64, len(x)), alternative(e))
	return Row{What: what, Expect: e, Value: c.Difference, CI: c.CI, P: c.POneSided, N: len(x), Unit: unit, Seeds: seeds,
		Verdict: JudgeSign(float64(c.POneSided))}
}

func alternative(e Expect) mem.Alternative {
	if e == Below {
		return mem.Less
	}
	return mem.Greater
}

// drawn is the row of a number with its values in resamples of the data, whose sign
// is expected.
func drawn(what string, e Expect, value float64, resamples []float64, n int, unit string, seeds int) Row {
	beyond := 1.
	for _, x := range resamples {
		if e == Above && x <= 0 || e == Below && x >= 0 {
			beyond++
		}
	}
	p := beyond / float64(len(resamples)+1)
	return Row{What: what, Expect: e, Value: mem.Number(value), N: n, Unit: unit, Seeds: seeds,
		CI: mem.Interval{Low: mem.Number(mem.Quantile(resamples, .025)), High: mem.Number(mem.Quantile(resamples, .975))},
		P:  mem.Number(p), Verdict: JudgeSign(p)}
}

// noted adds to the note of a row.
func (r Row) noted(note string) Row {
	if r.Note != "" {
		note = r.Note + "; " + note
	}
	r.Note = note
	return r
}
