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

// WriteDejaVuCSV writes what attacks say of each point, one line a pair and point. The
// columns are
//
//	pair, set, index, class    the point and its class
//	outcome                    an [AttackOutcome]
//	target, reference          the class that each names
//	target_place, reference_place            [LabelInference].Place
//	target_confidence, reference_confidence  in nats
//
// Numbers are written with the fewest digits that give back the same float64.
func WriteDejaVuCSV(w io.Writer, attacks []DejaVuAttack) error {
	rows := [][]string{{"pair", "set", "index", "class", "outcome", "target", "reference", "target_place", "reference_place", "target_confidence", "reference_confidence"}}
	for _, a := range attacks {
		for i := range a.Index {
			row := []string{strconv.Itoa(a.Pair), a.Set.String(), strconv.Itoa(a.Index[i]), strconv.Itoa(a.Class[i]), string(a.Outcome(i))}
			for _, v := range []int{a.Target.Label[i], a.Reference.Label[i], a.Target.Place[i], a.Reference.Place[i]} {
				row = append(row, strconv.Itoa(v))
			}
			rows = append(rows, append(row, decimal(a.Target.Confidence[i]), decimal(a.Reference.Confidence[i])))
		}
	}
	return csv.NewWriter(w).WriteAll(rows)
}

// SaveDejaVuCSV writes the table of [WriteDejaVuCSV] to a file, which appears complete
// or not at all.
func SaveDejaVuCSV(path string, attacks []DejaVuAttack) error {
	return atomicfile.Write(path, func(w io.Writer) error { return WriteDejaVuCSV(w, attacks) })
}

// WriteText writes the levels and the outcomes for a terminal, and says in a sentence
// what they show.
func (r *DejaVuReport) WriteText(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Classes inferred from crops: %s, %s\n\n", count(r.Points, "point"), count(r.Pairs, "f/g pair"))
	t := newTable(&b)
	t.row("most confident", "", "n", "target", "95 % CI", "reference", "95 % CI", "déjà vu", "95 % CI", "top-5", "reference", "déjà vu")
	for _, l := range r.Levels {
		t.row(percent(l.Share), "", strconv.Itoa(l.N), percent(l.Target), percentCI(l.TargetCI), percent(l.Reference), percentCI(l.ReferenceCI),
			points(l.Score), pointsCI(l.CI), percent(l.Target5), percent(l.Reference5), points(l.Score5))
	}
	t.flush()
	b.WriteByte('\n')
	wrap(&b, fmt.Sprintf("Of all points, %s are memorized (only the target is right), %s forgotten (only the reference is), %s correlated (both are), %s unassociated.",
		percent(r.Memorized), percent(r.Forgotten), percent(r.Correlated), percent(r.Unassociated)), "", "")
	for _, sentence := range r.verdicts() {
		wrap(&b, sentence, "", "")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// verdicts say in sentences what the levels show.
func (r *DejaVuReport) verdicts() (sentences []string) {
	for _, v := range []struct {
		text string
		is   func(i Interval) bool
	}{
		{"The target names the class more often than the reference on", func(i Interval) bool { return i.Low > 0 }},
		{"The target names the class less often than the reference on", func(i Interval) bool { return i.High < 0 }},
		{"No difference between target and reference is shown on", func(i Interval) bool { return i.Contains(0) }},
	} {
		var where []string
		for _, l := range r.Levels {
			switch {
			case !v.is(l.CI):
			case l.Share == 1:
				where = append(where, "all points")
			default:
				where = append(where, fmt.Sprintf("the %s that each is most confident of", percent(l.Share)))
			}
		}
		if len(where) > 0 {
			sentences = append(sentences, fmt.Sprintf("%s %s.", v.text, strings.Join(where, ", and on ")))
		}
	}
	return sentences
}

func percent(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }

func percentCI(i Interval) string {
	if !i.Low.Defined() || !i.High.Defined() {
		return "–"
	}
	return fmt.Sprintf("%.1f to %.1f", 100*i.Low, 100*i.High)
}

// points are percentage points, with their sign.
func points(x float64) string { return FormatSigned(Number(100*x), 1) }

func pointsCI(i Interval) string {
	return Interval{100 * i.Low, 100 * i.High}.Format(1)
}
