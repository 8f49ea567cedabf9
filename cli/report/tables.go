package report

import (
	"fmt"
	"strings"

	"sslmem/mem"
)

// Tables returns the numbers of a summary: the sets, the contrasts between
// them if there are any, with other tests and effect sizes, and, for more than one
// f/g pair, the contrasts under each pair alone. Undefined statistics appear as a dash.
func Tables(s *mem.Summary) []Table {
	digits := s.Decimals()
	tables := []Table{setTable(s, digits)}
	if len(s.Contrasts) > 0 {
		tables = append(tables, contrastTable(s, digits), testTable(s, digits))
		if len(s.Seeds) > 1 {
			tables = append(tables, pairTable(s, digits))
		}
	}
	return tables
}

func setTable(s *mem.Summary, digits int) Table {
	t := Table{
		Caption: fmt.Sprintf("Score m = L_g − L_f by set (normalisation %s; %s)", s.Normalisation, pairsInWords(s.Seeds)),
		Columns: []string{"set", "n", "mean m", "95 % CI", "SD", "median", "mean − S_E", "m > τ", "reliability"},
		Note: "mean − S_E takes away the offset that all sets have in common when one encoder is better on every image. " +
			"Reliability is the correlation to be expected between these scores and those from other views of the same images.",
	}
	if s.Tau.Defined() {
		t.Note += fmt.Sprintf(" m > τ is the share of images above τ = %s, the 95th percentile of m on S_E: 5 %% where nothing is memorized.", mem.FormatSigned(s.Tau, digits))
	}
	for _, v := range s.Sets {
		share := dash
		if v.FractionAbove.Defined() {
			share = fmt.Sprintf("%.1f %%", 100*float64(v.FractionAbove))
		}
		t.Rows = append(t.Rows, []string{
			fmt.Sprintf("%v, %s", v.Set, v.Set.Describe()), fmt.Sprint(v.N),
			mem.FormatSigned(v.Mean, digits), v.CI.Format(digits), mem.FormatUnsigned(v.SD, digits), mem.FormatSigned(v.Median, digits),
			mem.FormatSigned(v.OffsetMean, digits), share, mem.FormatUnsigned(v.Reliability.SpearmanBrown, 2),
		})
	}
	return t
}

func contrastTable(s *mem.Summary, digits int) Table {
	t := Table{
		Caption: "Differences between the sets, each in the direction that memorization predicts",
		Columns: []string{"contrast", "difference", "95 % CI", "Welch t", "df", "p one-sided", "p two-sided", "Cohen’s d", "f/g pairs"},
		Note: "p takes the images as the sample and the encoders as given, and is not corrected for there being several contrasts. " +
			"The last column says in how many of the f/g pairs alone the difference has the predicted sign.",
	}
	for _, c := range s.Contrasts {
		t.Rows = append(t.Rows, []string{
			c.Name(), mem.FormatSigned(c.Difference, digits), c.CI.Format(digits), mem.FormatSigned(c.T, 2), mem.FormatUnsigned(c.DF, 1),
			pValue(c.POneSided), pValue(c.PTwoSided), mem.FormatSigned(c.D, 2),
			fmt.Sprintf("%d of %d", c.PairsInDirection(), len(c.Pairs)),
		})
	}
	return t
}

func testTable(s *mem.Summary, digits int) Table {
	t := Table{
		Caption: "The same differences by other tests, and their size",
		Columns: []string{"contrast", "95 % BCa", "Student p", "permutation p", "Kolmogorov–Smirnov D", "p", "Cohen’s d, 95 % CI", "Hedges’ g"},
		Note: "The interval is bootstrapped. Student’s and the permutation p are one-sided as above; that of Kolmogorov and Smirnov is two-sided and sees any difference between the distributions. " +
			"The summary file holds more: both tails, the share above every τ, and every class.",
	}
	for _, c := range s.Contrasts {
		d := c.Details
		t.Rows = append(t.Rows, []string{
			c.Name(), d.Bootstrap.BCa.Format(digits), pValue(d.Student.POneSided), pValue(d.Permutation.POneSided),
			mem.FormatUnsigned(d.KS.D, 3), pValue(d.KS.P), d.Effect.CohensDCI.Format(2), mem.FormatSigned(d.Effect.HedgesG, 2),
		})
	}
	return t
}

func pairTable(s *mem.Summary, digits int) Table {
	t := Table{
		Caption: "The same differences under each f/g pair alone, with one-sided p",
		Columns: []string{"seed of the pair"},
		Note:    "How far the pairs agree shows how far the result holds for other encoders than these.",
	}
	for _, c := range s.Contrasts {
		t.Columns = append(t.Columns, c.Name())
	}
	for k, seed := range s.Seeds {
		row := []string{fmt.Sprint(seed)}
		for _, c := range s.Contrasts {
			p := c.Pairs[k]
			row = append(row, fmt.Sprintf("%s (%s)", mem.FormatSigned(p.Difference, digits), mem.FormatP(p.POneSided)))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// trusted is the reliability from which on single scores are shown without a
// warning. Below it, more than 30 % of the variance of the scores comes from
// the draw of the views.
const trusted = 0.7

// ImagesNote says how far the order of single images can be trusted, from the
// reliability of the scores in S_C or, without that set, over all points.
func ImagesNote(s *mem.Summary) string {
	r, where := s.Reliability.SpearmanBrown, "over all images"
	if c, ok := s.Set(mem.Candidate); ok {
		r, where = c.Reliability.SpearmanBrown, "in S_C"
	}
	if !r.Defined() {
		return "How reliable the scores of single images are is not known: it takes at least 4 views of an image and scores that differ."
	}
	note := fmt.Sprintf("The reliability of single scores is %.2f %s, where 1 means that other views of the images would give the same scores.", float64(r), where)
	if r < trusted {
		note += " That is low: the order of single images is partly chance, so draw more views before calling one of them memorized."
	}
	return note
}

func pairsInWords(seeds []uint64) string {
	text := make([]string, len(seeds))
	for i, seed := range seeds {
		text[i] = fmt.Sprint(seed)
	}
	if len(seeds) == 1 {
		return "1 f/g pair, seed " + text[0]
	}
	return fmt.Sprintf("%d f/g pairs, seeds %s", len(seeds), strings.Join(text, ", "))
}
