package mem

import (
	"bytes"
	"fmt"
	"io"
)

// WriteFull writes what [Summary.WriteText] does and then the rest: bootstrap
// intervals, other tests, effect sizes, noise ceilings, the curve of the fraction
// above τ, and the classes.
func (s *Summary) WriteFull(w io.Writer) error {
	if err := s.WriteText(w); err != nil {
		return err
	}
	var b bytes.Buffer
	digits := s.Decimals()
	if len(s.Sets) > 0 {
		s.writeBootstraps(&b, digits)
	}
	if len(s.Contrasts) > 0 {
		s.writeTests(&b)
		s.writeEffects(&b, digits)
	}
	s.writeReliability(&b)
	s.writeCurve(&b, digits)
	if len(s.Classes) > 0 {
		s.writeClasses(&b, digits)
	}
	_, err := w.Write(b.Bytes())
	return err
}

func (s *Summary) writeBootstraps(b *bytes.Buffer, digits int) {
	fmt.Fprintf(b, "\nMeans, bootstrapped %d times\n", s.Sets[0].Bootstrap.Resamples)
	t := newTable(b)
	t.row("set", "", "mean m", "SE", "95 % percentile", "95 % BCa")
	for _, v := range s.Sets {
		t.row(v.Set.String(), v.Set.Describe(), FormatSigned(v.Mean, digits), FormatUnsigned(v.Bootstrap.SE, digits+1),
			v.Bootstrap.Percentile.Format(digits), v.Bootstrap.BCa.Format(digits))
	}
	t.flush()
}

func (s *Summary) writeTests(b *bytes.Buffer) {
	b.WriteString("\nTests; p in the predicted direction and two-sided, of Kolmogorov–Smirnov two-sided\n")
	t := newTable(b)
	t.row("contrast", "", "Student t", "p", "two-sided", "permutation p", "two-sided", "partitions", "KS D", "p")
	for _, c := range s.Contrasts {
		d := c.Details
		partitions := fmt.Sprint(d.Permutation.Partitions)
		if d.Permutation.Exact {
			partitions += ", all"
		}
		t.row(c.Name(), "", FormatSigned(d.Student.T, 2), tableP(d.Student.POneSided), tableP(d.Student.PTwoSided),
			tableP(d.Permutation.POneSided), tableP(d.Permutation.PTwoSided), partitions, FormatUnsigned(d.KS.D, 3), tableP(d.KS.P))
	}
	t.flush()
}

func (s *Summary) writeEffects(b *bytes.Buffer, digits int) {
	b.WriteString("\nEffect sizes, and bootstrap of the difference\n")
	t := newTable(b)
	t.row("contrast", "", "Cohen's d", "95 % CI", "Hedges' g", "95 % CI", "difference 95 % BCa")
	for _, c := range s.Contrasts {
		e := c.Details.Effect
		t.row(c.Name(), "", FormatSigned(e.CohensD, 2), e.CohensDCI.Format(2), FormatSigned(e.HedgesG, 2), e.HedgesGCI.Format(2),
			c.Details.Bootstrap.BCa.Format(digits))
	}
	t.flush()
}

func (s *Summary) writeReliability(b *bytes.Buffer) {
	b.WriteString("\nReliability over all points; the noise ceiling is the highest correlation to be expected with the scores\n")
	t := newTable(b)
	t.row("of other", "", "r", "Spearman–Brown", "noise ceiling")
	row := func(name string, r Reliability) {
		t.row(name, "", FormatUnsigned(r.R, 2), FormatUnsigned(r.SpearmanBrown, 2), FormatUnsigned(r.Ceiling, 2))
	}
	row("views", s.Reliability)
	row("f/g pairs", s.AcrossPairs)
	t.flush()
}

// curveRows is how many thresholds the text shows.
const curveRows = 11

func (s *Summary) writeCurve(b *bytes.Buffer, digits int) {
	b.WriteString("\nFraction of points with m > τ\n")
	t := newTable(b)
	head := []string{"τ", ""}
	for _, v := range s.Sets {
		head = append(head, v.Set.String())
	}
	t.row(head...)
	for i := 0; i < len(s.Thresholds); i += (thresholds - 1) / (curveRows - 1) {
		row := []string{FormatSigned(s.Thresholds[i], digits), ""}
		for _, v := range s.Sets {
			row = append(row, fmt.Sprintf("%.1f %%", 100*float64(v.AboveCurve[i])))
		}
		t.row(row...)
	}
	t.flush()
}

func (s *Summary) writeClasses(b *bytes.Buffer, digits int) {
	b.WriteString("\nMean m of the points of each class (n); one-sided Welch p of S_C > S_S and S_C > S_E\n")
	t := newTable(b)
	head := []string{"class", ""}
	for _, v := range s.Sets {
		head = append(head, v.Set.String())
	}
	t.row(append(head, "p S_C > S_S", "p S_C > S_E")...)
	for _, c := range s.Classes {
		row := []string{fmt.Sprint(c.Class), ""}
		for _, v := range s.Sets {
			cell := "–"
			for _, of := range c.Sets {
				if of.Set == v.Set {
					cell = fmt.Sprintf("%s (%d)", FormatSigned(of.Mean, digits), of.N)
				}
			}
			row = append(row, cell)
		}
		for _, other := range []Set{Shared, External} {
			p := undefined
			for _, contrast := range c.Contrasts {
				if contrast.B == other {
					p = contrast.POneSided
				}
			}
			row = append(row, tableP(p))
		}
		t.row(row...)
	}
	t.flush()
}
