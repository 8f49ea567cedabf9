package mem

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"sslmem/data/atomicfile"
)

var unitColumns = []string{
	"layer", "unit", "unit_mem", "unit_mem_median", "mu_max", "mu_rest", "mu_rest_median", "argmax", "dead", "unbounded",
}

// WriteCSV writes the units with one line each, in the order of t, in the
// columns layer, unit, unit_mem, unit_mem_median, mu_max, mu_rest,
// mu_rest_median, argmax, dead and unbounded, as [Unit] explains them. Numbers
// are written with the fewest digits that give back the same float64; an
// undefined one, and the argmax of a dead unit, is an empty field.
func (t *UnitTable) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	rows := [][]string{unitColumns}
	for _, u := range t.Units {
		argmax := strconv.Itoa(u.Argmax)
		if u.Dead {
			argmax = ""
		}
		rows = append(rows, []string{
			u.Layer, strconv.Itoa(u.Unit), field(u.Mem), field(u.Median), field(u.Max), field(u.Rest), field(u.RestMedian),
			argmax, strconv.FormatBool(u.Dead), strconv.FormatBool(u.Unbounded),
		})
	}
	return out.WriteAll(rows)
}

// SaveCSV writes the table of [UnitTable.WriteCSV] to a file, which appears
// complete or not at all.
func (t *UnitTable) SaveCSV(path string) error { return atomicfile.Write(path, t.WriteCSV) }

// SaveJSON writes the table as JSON to a file, which appears complete or not at
// all. Undefined numbers are null.
func (t *UnitTable) SaveJSON(path string) error { return saveJSON(path, t) }

// WriteText writes the distribution in each layer and the given number of most
// memorizing units for a terminal.
func (t *UnitTable) WriteText(w io.Writer, most int) error {
	const digits = 3
	var b bytes.Buffer
	name, point := "UnitMem", "point"
	if t.Of == OfClasses {
		name, point = "UnitMem of classes", "class"
	}
	fmt.Fprintf(&b, "%s, (µ_max − µ_rest)/(µ_max + µ_rest), over %d %s\n\n", name, t.N, t.Of)
	rows := newTable(&b)
	rows.row("layer", "", "units", "dead", "mean", "SD", "5 %", "25 %", "50 %", "75 %", "95 %", "max", "above ½")
	for _, l := range t.Layers() {
		cells := []string{l.Layer, "", strconv.Itoa(l.Units), strconv.Itoa(l.Dead), FormatUnsigned(l.Mean, digits), FormatUnsigned(l.SD, digits)}
		for _, q := range l.Quantiles {
			cells = append(cells, FormatUnsigned(q, digits))
		}
		above := "–"
		if l.Above.Defined() {
			above = fmt.Sprintf("%.1f %%", 100*l.Above)
		}
		rows.row(append(cells, FormatUnsigned(l.Max, digits), above)...)
	}
	rows.flush()
	if units := t.Most(most); len(units) > 0 {
		fmt.Fprintf(&b, "\nThe units that memorize most:\n\n")
		rows = newTable(&b)
		rows.row("layer", "", "unit", name, "µ_max", "µ_rest", point)
		for _, u := range units {
			rows.row(u.Layer, "", strconv.Itoa(u.Unit), FormatUnsigned(u.Mem, digits), fmt.Sprintf("%.3g", float64(u.Max)), fmt.Sprintf("%.3g", float64(u.Rest)), strconv.Itoa(u.Argmax))
		}
		rows.flush()
	}
	_, err := w.Write(b.Bytes())
	return err
}
