package mem

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// WriteText writes the summary for a terminal: a table of the sets, a table of
// the contrasts and the [Summary.Sentences], about 110 columns wide. Undefined
// statistics appear as a dash.
func (s *Summary) WriteText(w io.Writer) error {
	var b bytes.Buffer
	digits := s.Decimals()
	offset := ""
	if s.Offset == ExternalOffset {
		offset = ", less the mean of S_E"
	}
	fmt.Fprintf(&b, "SSLMem scores m = L_g − L_f%s, normalisation %s: %s, %s\n\n", offset, s.Normalisation, count(s.Points, "point"), s.pairs())
	s.writeSets(&b, digits)
	if len(s.Contrasts) > 0 {
		b.WriteByte('\n')
		s.writeContrasts(&b, digits)
	}
	b.WriteByte('\n')
	for i, sentence := range s.Sentences() {
		if i == 0 {
			wrap(&b, sentence, "", "")
		} else {
			wrap(&b, sentence, "- ", "  ")
		}
	}
	for _, warning := range s.Warnings {
		wrap(&b, "Warning: "+warning.Text, "", "  ")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// textWidth is the width at which sentences are broken.
const textWidth = 100

func (s *Summary) pairs() string {
	seeds := make([]string, len(s.Seeds))
	for i, seed := range s.Seeds {
		seeds[i] = fmt.Sprint(seed)
	}
	word := "seeds"
	if len(seeds) == 1 {
		word = "seed"
	}
	return fmt.Sprintf("%s (%s %s)", count(len(seeds), "f/g pair"), word, strings.Join(seeds, ", "))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (s *Summary) writeSets(b *bytes.Buffer, digits int) {
	t := newTable(b)
	t.row("set", "", "n", "mean m", "95 % CI", "SD", "median", "mean − S_E", "m > τ", "reliability")
	for _, v := range s.Sets {
		fraction := "–"
		if v.FractionAbove.Defined() {
			fraction = fmt.Sprintf("%.1f %%", 100*v.FractionAbove)
		}
		t.row(v.Set.String(), v.Set.Describe(), fmt.Sprint(v.N), FormatSigned(v.Mean, digits), v.CI.Format(digits),
			FormatUnsigned(v.SD, digits), FormatSigned(v.Median, digits), FormatSigned(v.OffsetMean, digits), fraction,
			FormatUnsigned(v.Reliability.SpearmanBrown, 2))
	}
	t.flush()
	if s.Tau.Defined() {
		fmt.Fprintf(b, "τ = %s, the 95th percentile of m on S_E\n", FormatSigned(s.Tau, digits))
	}
}

func (s *Summary) writeContrasts(b *bytes.Buffer, digits int) {
	t := newTable(b)
	t.row("contrast", "", "difference", "95 % CI", "Welch t", "df", "p one-sided", "p two-sided", "d", "pairs")
	for _, c := range s.Contrasts {
		t.row(c.Name(), "", FormatSigned(c.Difference, digits), c.CI.Format(digits),
			FormatSigned(c.T, 2), FormatUnsigned(c.DF, 1), tableP(c.POneSided), tableP(c.PTwoSided), FormatSigned(c.D, 2),
			fmt.Sprintf("%d/%d", c.PairsInDirection(), len(c.Pairs)))
	}
	t.flush()
}

// tableP is FormatP without its "p = ".
func tableP(p Number) string {
	if !p.Defined() {
		return "–"
	}
	text := strings.TrimPrefix(FormatP(p), "p ")
	return strings.TrimPrefix(text, "= ")
}

// table aligns columns: the first two to the left, the others to the right.
type table struct {
	out   *bytes.Buffer
	cells bytes.Buffer
	tabs  *tabwriter.Writer
}

func newTable(out *bytes.Buffer) *table {
	t := &table{out: out}
	t.tabs = tabwriter.NewWriter(&t.cells, 0, 0, 2, ' ', tabwriter.AlignRight)
	return t
}

func (t *table) row(cells ...string) {
	first := strings.TrimRight(fmt.Sprintf("%-9s %-16s", cells[0], cells[1]), " ")
	fmt.Fprintf(t.tabs, "%-25s\t%s\t\n", first, strings.Join(cells[2:], "\t"))
}

func (t *table) flush() {
	t.tabs.Flush() // writes to memory, cannot fail
	for line := range strings.Lines(t.cells.String()) {
		t.out.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
}

// wrap writes a sentence in lines of at most textWidth characters where it
// can, the first line after the prefix first and the others after rest.
func wrap(b *bytes.Buffer, sentence, first, rest string) {
	line := first
	for i, word := range strings.Fields(sentence) {
		switch {
		case i == 0:
			line += word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > textWidth:
			b.WriteString(line + "\n")
			line = rest + word
		default:
			line += " " + word
		}
	}
	b.WriteString(line + "\n")
}
