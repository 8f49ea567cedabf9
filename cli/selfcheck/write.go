package selfcheck

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"sslmem/mem"
)

// A Report is what a self-check found.
type Report struct {
	Command  string    `json:"command"`
	Plan     Plan      `json:"plan"`
	Seconds  float64   `json:"seconds"`
	Findings []Finding `json:"findings"`
}

// Failed reports whether something that holds exactly did not.
func (r Report) Failed() bool {
	for _, f := range r.Findings {
		if f.Failed() {
			return true
		}
	}
	return false
}

// WriteJSON writes the report as one JSON object; undefined numbers are null.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// WriteText writes the report for a terminal.
func (r Report) WriteText(w io.Writer) error {
	for _, f := range r.Findings {
		fmt.Fprintf(w, "%d  %s\n   %s · %s\n", f.Number, f.Claim, f.Source, f.text())
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, row := range f.Rows {
			fmt.Fprintf(t, "   %s\t%s\t%s\t%s\t%s\t%s\n", row.What, row.Expect, row.measured(), row.p(), row.sample(), row.end())
		}
		if err := t.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	_, err := fmt.Fprintln(w, r.count())
	return err
}

// WriteMarkdown writes the report as a page: what was asked, the rule of the verdicts,
// and a table.
func (r Report) WriteMarkdown(w io.Writer) error {
	p := r.Plan
	fmt.Fprintf(w, `# Self-check

Written by

    %s --markdown docs/selfcheck.md

in %.0f minutes, the trainings of an interrupted run not counted. It asks of published findings whether they
hold at the scale of a laptop: f/g pairs of the demo's size and settings (docs/demo.md), %d + %d images an encoder, of
which %d are made atypical (inverted, turned, or put together of four), %d epochs, %d views to score an image, seed %d.
These settings were chosen so that memorization shows; the verdicts say nothing about other settings.

%s

| check | claim, source, and what was measured | expected | measured, 95 %% interval | p, one-sided | n | pairs | verdict |
|---|---|---|---|---|---|---|---|
`, r.Command, r.Seconds/60, p.Splits.Shared, p.Splits.Candidate, p.Atypical, p.Epochs, p.Views, p.Seed, rule)
	for _, f := range r.Findings {
		fmt.Fprintf(w, "| **%d** | **%s** (%s) | | | | | | **%s** |\n", f.Number, escape(f.Claim), escape(f.Source), escape(f.text()))
		for _, row := range f.Rows {
			what := row.What
			if row.Note != "" {
				what += " (" + row.Note + ")"
			}
			seeds := ""
			if row.Seeds > 0 {
				seeds = fmt.Sprint(row.Seeds)
			}
			fmt.Fprintf(w, "| | %s | %s | %s | %s | %s | %s | %s |\n", escape(what), row.Expect, row.measured(),
				strings.TrimPrefix(row.p(), "p = "), fmt.Sprintf("%d %s", row.N, row.Unit), seeds, row.Verdict)
		}
	}
	_, err := fmt.Fprintf(w, "\n%s\n", r.count())
	return err
}

// rule says how verdicts come about.
const rule = "A row is **shown** if the one-sided p in the expected direction is below .05, **contradicted** if that in the other\n" +
	"direction is, and else **not shown at this scale**. Of a number that should be about 0, the whole interval must lie\n" +
	"within the named margin, or none of it. A row that is exact is shown if it deviates by rounding only. A check is\n" +
	"contradicted if one of its rows is, and shown if all are. No p is corrected for the number of rows: of those that\n" +
	"test nothing, one in twenty would come out as shown. Where n counts images, the encoders are taken as given, and the\n" +
	"result need not hold for other seeds; where it counts pairs, it is about seeds, and tests have little power."

// text is the verdict, with the reason of a check that was not run.
func (f Finding) text() string {
	if f.Why != "" {
		return fmt.Sprintf("%s: %s", f.Verdict, f.Why)
	}
	return string(f.Verdict)
}

// measured is the value with its interval.
func (r Row) measured() string {
	if r.Expect == Exactly {
		return fmt.Sprintf("off by %.2g", float64(r.Value))
	}
	digits := mem.Decimals(max(abs(float64(r.Value)), 1e-6))
	text := mem.FormatSigned(r.Value, digits)
	if r.CI.Low.Defined() {
		text += " " + r.CI.Format(digits)
	}
	return text
}

func abs(x float64) float64 { return max(x, -x) }

func (r Row) p() string {
	if !r.P.Defined() {
		return ""
	}
	return mem.FormatP(r.P)
}

// sample says what the sample of the test is.
func (r Row) sample() string {
	text := fmt.Sprintf("n %d %s", r.N, r.Unit)
	if r.Seeds > 0 {
		text += fmt.Sprintf(", %d pairs", r.Seeds)
	}
	return text
}

func (r Row) end() string {
	if r.Note != "" {
		return fmt.Sprintf("%s (%s)", r.Verdict, r.Note)
	}
	return string(r.Verdict)
}

// count says how many checks have which verdict.
func (r Report) count() string {
	n := map[Verdict]int{}
	for _, f := range r.Findings {
		n[f.Verdict]++
	}
	var parts []string
	for _, v := range []Verdict{Shown, NotShown, Contradicted, NotRun} {
		parts = append(parts, fmt.Sprintf("%d %s", n[v], v))
	}
	return fmt.Sprintf("%d checks: %s.", len(r.Findings), strings.Join(parts, ", "))
}

func escape(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
