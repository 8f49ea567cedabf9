package mem

import (
	"fmt"
	"math"
	"strings"
)

// Sentences says in words what the summary shows: first a verdict on whether
// f memorizes the images that only it saw, then one sentence for each contrast
// with its numbers. A result that is not significant (one-sided p ≥ .05), or
// that points the other way, is called that.
func (s *Summary) Sentences() []string {
	sentences := []string{s.verdict()}
	digits := s.Decimals()
	for _, c := range s.Contrasts {
		sentences = append(sentences, c.sentence(digits))
	}
	return sentences
}

// verdict judges S_C against the two sets that f and g have in common: S_S,
// which both saw, and S_E, which neither saw.
func (s *Summary) verdict() string {
	var higher, not []string
	for _, b := range []Set{Shared, External} {
		c, ok := s.Contrast(Candidate, b)
		switch {
		case !ok || c.Note != "":
		case c.Significant():
			higher = append(higher, meanOf(b))
		default:
			not = append(not, meanOf(b))
		}
	}
	verdict := ""
	switch {
	case len(higher) == 0 && len(not) == 0:
		return "Nothing can be said about memorization: it takes a test of S_C against S_S or S_E, with at least two points in each and scores that differ."
	case len(not) == 0:
		verdict = fmt.Sprintf("f memorizes the images only it saw: mean m(S_C) is significantly higher than %s.", strings.Join(higher, " and "))
	case len(higher) == 0:
		verdict = fmt.Sprintf("These scores do not show that f memorizes the images only it saw: mean m(S_C) is not significantly higher than %s. This is no proof that it does not: more f/g pairs or more points may show it.", strings.Join(not, " or "))
	default:
		verdict = fmt.Sprintf("The evidence that f memorizes the images only it saw is mixed: mean m(S_C) is significantly higher than %s but not than %s.", higher[0], not[0])
	}
	if len(s.Seeds) == 1 {
		verdict += " It rests on one f/g pair; another seed may give another result."
	}
	return verdict
}

// sentence describes one contrast with the given number of decimals.
func (c Contrast) sentence(digits int) string {
	word := "higher"
	if c.Difference < 0 {
		word = "lower"
	}
	// Where the sign is not the expected one, only the two-sided test counts.
	expected := c.Difference > 0 == (c.Alternative == Greater) && c.Difference != 0
	start := fmt.Sprintf("Mean m(%v) = %s is %.*f %s than mean m(%v) = %s",
		c.A, FormatSigned(c.MeanA, digits), digits, math.Abs(float64(c.Difference)), word, c.B, FormatSigned(c.MeanB, digits))
	if c.Difference == 0 {
		start = fmt.Sprintf("Mean m(%v) and mean m(%v) are both %s", c.A, c.B, FormatSigned(c.MeanA, digits))
	}
	if c.Note != "" {
		return fmt.Sprintf("%s; %s.", start, c.Note)
	}
	switch {
	case expected && c.Significant():
		start += ","
	case expected:
		start += ", but not significantly:"
	case c.PTwoSided < alpha:
		start += fmt.Sprintf(", significantly (two-sided Welch %s) and against what memorization predicts:", FormatP(c.PTwoSided))
	default:
		start += ", which is no sign of memorization:"
	}
	return fmt.Sprintf("%s 95 %% CI of the difference %s, one-sided Welch %s, d = %s, n = %d and %d, %s.",
		start, c.CI.Format(digits), FormatP(c.POneSided), FormatSigned(c.D, 2), c.NA, c.NB, c.pairsInWords())
}

// pairsInWords says how many pairs of encoders there are and how many of them
// alone point in the direction of the alternative.
func (c Contrast) pairsInWords() string {
	word := "higher"
	if c.Alternative == Less {
		word = "lower"
	}
	if len(c.Pairs) == 1 {
		return "1 f/g pair"
	}
	return fmt.Sprintf("%d f/g pairs (%s in %d of them)", len(c.Pairs), word, c.PairsInDirection())
}

// FormatP writes a p-value for people: "p = 0.035", "p = 3.1e-06",
// "p < 1e-300" where it is below the smallest numbers of the machine,
// "p > 0.99" near one, and "p undefined".
func FormatP(p Number) string {
	switch {
	case !p.Defined():
		return "p undefined"
	case p < 1e-300:
		return "p < 1e-300"
	case p > 0.99:
		return "p > 0.99"
	}
	return fmt.Sprintf("p = %.2g", float64(p))
}

// Decimals returns how many decimals the scores of s deserve: three
// significant digits of the largest standard deviation, or of the largest mean
// where no set has one.
func (s *Summary) Decimals() int {
	var scale float64
	for _, v := range s.Sets {
		if v.SD.Defined() {
			scale = max(scale, float64(v.SD))
		}
	}
	if scale == 0 {
		for _, v := range s.Sets {
			scale = max(scale, math.Abs(float64(v.Mean)))
		}
	}
	return Decimals(scale)
}

// Decimals returns how many decimals show three significant digits of a number
// of the size of scale, which is not negative; 3 if it is 0.
func Decimals(scale float64) int {
	if scale == 0 {
		return 3
	}
	return min(max(0, 2-int(math.Floor(math.Log10(scale)))), 15)
}

func meanOf(s Set) string { return fmt.Sprintf("mean m(%v)", s) }

// FormatSigned writes x with its sign, or a dash if it is undefined.
func FormatSigned(x Number, digits int) string {
	if !x.Defined() {
		return "–"
	}
	return fmt.Sprintf("%+.*f", digits, float64(x))
}

// FormatUnsigned writes x without a plus, or a dash if it is undefined.
func FormatUnsigned(x Number, digits int) string {
	return strings.TrimPrefix(FormatSigned(x, digits), "+")
}

// Format writes both limits with their signs in brackets, or a dash if they are
// undefined.
func (i Interval) Format(digits int) string {
	if !i.Low.Defined() {
		return "–"
	}
	return fmt.Sprintf("[%s, %s]", FormatSigned(i.Low, digits), FormatSigned(i.High, digits))
}
