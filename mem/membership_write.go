package mem

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"sslmem/data/atomicfile"
)

// WriteCSV writes what the attacks say of each point, one line a target and point. The
// columns are
//
//	pair, target               the number of the pair, and "f" or "g"
//	set, index, member         the point, and 1 if the target was trained on it
//	fold                       0 or 1: what judges it was learned on the other fold
//	mean, vector, loss, m      scores of [MembershipAttacks], higher for members
//
// Numbers are written with the fewest digits that give back the same float64.
func (r *MembershipReport) WriteCSV(w io.Writer) error {
	header := []string{"pair", "target", "set", "index", "member", "fold"}
	for _, a := range MembershipAttacks() {
		header = append(header, string(a))
	}
	rows := [][]string{header}
	for _, p := range r.Points {
		member := "0"
		if p.Member {
			member = "1"
		}
		row := []string{strconv.Itoa(p.Pair), p.Target, p.Set.String(), strconv.Itoa(p.Index), member, strconv.Itoa(p.Fold)}
		for _, s := range p.Scores {
			row = append(row, decimal(s))
		}
		rows = append(rows, row)
	}
	return csv.NewWriter(w).WriteAll(rows)
}

// SaveCSV writes the table of [MembershipReport.WriteCSV] to a file, which appears
// complete or not at all.
func (r *MembershipReport) SaveCSV(path string) error { return atomicfile.Write(path, r.WriteCSV) }

// WriteText writes a table of the attacks for a terminal, with what chance gives, and
// says in a sentence what they show.
func (r *MembershipReport) WriteText(w io.Writer) error {
	var b bytes.Buffer
	against := "S_E of both"
	if r.Against == Independent {
		against = "those of the other"
	}
	fmt.Fprintf(&b, "Membership from %d views of each image: %s, members S_C of f and S_I of g (%d), others %s (%d)\n\n",
		r.Views, count(r.Pairs, "f/g pair"), r.Members, against, r.Others)
	t := newTable(&b)
	t.row("attack", "looks at", "accuracy", "95 % CI", "AUC", "95 % CI", "TPR at 1 % FPR", "95 % CI", "TPR at .1 % FPR", "95 % CI")
	for _, a := range r.Attacks {
		t.row(string(a.Attack), a.Attack.Describe(), percent(a.Accuracy.Value), percentCI(a.Accuracy.CI),
			fmt.Sprintf("%.3f", a.AUC.Value), fmt.Sprintf("%.3f to %.3f", a.AUC.CI.Low, a.AUC.CI.High),
			percent(a.TPR1.Value), percentCI(a.TPR1.CI), percent(a.TPR01.Value), percentCI(a.TPR01.CI))
	}
	t.row("chance", "", "50.0 %", "", "0.500", "", "1.0 %", "", "0.1 %", "")
	t.flush()
	b.WriteByte('\n')
	var better, not []string
	for _, a := range r.Attacks {
		if a.AUC.CI.Low > .5 {
			better = append(better, string(a.Attack))
		} else {
			not = append(not, string(a.Attack))
		}
	}
	switch {
	case len(better) == 0:
		wrap(&b, "No attack is shown to tell members from others better than chance.", "", "")
	case len(not) == 0:
		wrap(&b, "All attacks tell members from others better than chance.", "", "")
	default:
		wrap(&b, fmt.Sprintf("Better than chance at telling members from others: %s. Not shown to be: %s.", strings.Join(better, ", "), strings.Join(not, ", ")), "", "")
	}
	if r.Others < 1000 {
		wrap(&b, fmt.Sprintf("With %d others, a false positive rate below %.2g allows for no mistake at all.", r.Others, 1/float64(max(1, r.Others))), "", "")
	}
	_, err := w.Write(b.Bytes())
	return err
}
