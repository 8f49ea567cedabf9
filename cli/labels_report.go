package cli

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"sslmem/data/atomicfile"
	"sslmem/mem"
)

// A labelReport is what labels.json holds.
type labelReport struct {
	Encoders int           `json:"encoders"`
	Sets     []labelSet    `json:"sets"`
	With     string        `json:"with,omitempty"` // the run that it is compared with
	Agree    []labelsAgree `json:"agreement,omitempty"`

	index, class []int // of the points
	set          []mem.Set
	scores       mem.LabelScores
}

// A labelSet is the memorization of the labels of a set.
type labelSet struct {
	Set        mem.Set      `json:"set"`
	N          int          `json:"n"`
	CorrectIn  float64      `json:"correct_in"`  // by the classifiers that saw the images
	CorrectOut float64      `json:"correct_out"` // by the others
	Mean       float64      `json:"mean"`        // CorrectIn − CorrectOut
	CI         mem.Interval `json:"ci95"`        // bootstrap over the images
	Memorized  float64      `json:"memorized"`   // share of images above 0
}

// labelsAgree is how alike labels and m rank the images of a set.
type labelsAgree struct {
	Set mem.Set `json:"set"`
	mem.Agreement
}

// labelResamples is how often images are drawn again for an interval.
const labelResamples = 2000

// of returns the positions of the points of a set.
func (l *labelReport) of(set mem.Set) (at []int) {
	for i, s := range l.set {
		if s == set {
			at = append(at, i)
		}
	}
	return at
}

// summarize fills in the sets.
func (l *labelReport) summarize(seed uint64) {
	for _, set := range attacked {
		at := l.of(set)
		if len(at) == 0 {
			continue
		}
		s := labelSet{Set: set, N: len(at)}
		m := make([]float64, len(at))
		for k, i := range at {
			m[k] = float64(l.scores.M[i])
			s.CorrectIn += float64(l.scores.CorrectIn[i]) / float64(len(at))
			s.CorrectOut += float64(l.scores.CorrectOut[i]) / float64(len(at))
		}
		s.Mean, s.Memorized = s.CorrectIn-s.CorrectOut, mem.FractionAbove(m)(0)
		s.CI = mem.BootstrapMean(m, labelResamples, seed).Percentile
		l.Sets = append(l.Sets, s)
	}
}

// compare adds the agreement with m, by index.
func (l *labelReport) compare(m map[int]float64) error {
	for _, set := range attacked {
		at := l.of(set)
		if len(at) == 0 {
			continue
		}
		var labels, scores []float64
		for _, i := range at {
			labels, scores = append(labels, float64(l.scores.M[i])), append(scores, m[l.index[i]])
		}
		g, err := mem.Agree(labels, scores, max(1, len(at)/10))
		if err != nil {
			return err
		}
		l.Agree = append(l.Agree, labelsAgree{set, g})
	}
	return nil
}

// saveCSV writes a line a point, with m where it is compared with that.
func (l *labelReport) saveCSV(path string, m map[int]float64) error {
	header := []string{"set", "index", "class", "correct_in", "correct_out", "label_mem"}
	if m != nil {
		header = append(header, "m")
	}
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	rows := [][]string{header}
	for i, index := range l.index {
		row := []string{
			l.set[i].String(), strconv.Itoa(index), strconv.Itoa(l.class[i]),
			number(float64(l.scores.CorrectIn[i])), number(float64(l.scores.CorrectOut[i])), number(float64(l.scores.M[i])),
		}
		if m != nil {
			row = append(row, number(m[index]))
		}
		rows = append(rows, row)
	}
	return atomicfile.Write(path, func(w io.Writer) error { return csv.NewWriter(w).WriteAll(rows) })
}

// writeText writes the report for a terminal.
func (l *labelReport) writeText(w io.Writer) error {
	fmt.Fprintf(w, "Memorization of labels by %d classifiers: P[right | saw it] − P[right | did not]\n\n", l.Encoders)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "set\tn\tright if seen\tif not\tmemorization\t95 % CI\tabove 0")
	for _, s := range l.Sets {
		fmt.Fprintf(t, "%v\t%d\t%.1f %%\t%.1f %%\t%+.3f\t%s\t%.1f %%\n", s.Set, s.N, 100*s.CorrectIn, 100*s.CorrectOut, s.Mean, s.CI.Format(3), 100*s.Memorized)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if l.With == "" {
		return nil
	}
	fmt.Fprintf(w, "\nCompared with m of %s, of the encoder that saw the image\n\n", l.With)
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "set\tSpearman\t\tKendall\t\thighest in common\tby chance")
	for _, g := range l.Agree {
		o := g.Overlaps[0]
		fmt.Fprintf(t, "%v\t%s\t%s\t%s\t%s\t%d of %d\t%.1f of %d\n", g.Set,
			mem.FormatSigned(g.Spearman.R, 2), mem.FormatP(g.Spearman.P), mem.FormatSigned(g.Kendall.R, 2), mem.FormatP(g.Kendall.P), o.Count, o.K, float64(o.Chance)*float64(o.K), o.K)
	}
	return t.Flush()
}
