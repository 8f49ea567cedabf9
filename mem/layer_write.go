package mem

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"sslmem/data/atomicfile"
)

var layerColumns = []string{
	"set", "layer", "part", "n", "layer_mem", "sd", "ci_low", "ci_high",
	"mean_minus_external", "delta", "delta_from", "extreme", "most", "least", "loss_f", "loss_g",
}

// WriteLayersCSV writes tables of layers, such as those of several sets, with
// one line a set and layer. The columns are
//
//	set, layer, part              "S_C", the layer's name, [LayerPart] or empty
//	n                             points of the set
//	layer_mem, sd, ci_low, ci_high
//	mean_minus_external           layer_mem less that of S_E
//	delta, delta_from             empty where there is none
//	extreme, most, least          of how many points, and their means
//	loss_f, loss_g
//
// as [LayerRow] explains them. Numbers are written with the fewest digits that
// give back the same float64; an undefined one is an empty field.
func WriteLayersCSV(w io.Writer, tables ...*LayerTable) error {
	rows := [][]string{layerColumns}
	for _, t := range tables {
		for _, r := range t.Rows {
			rows = append(rows, []string{
				t.Set.String(), r.Layer, string(r.Part), strconv.Itoa(t.N),
				field(r.LayerMem), field(r.SD), field(r.CI.Low), field(r.CI.High), field(r.OffsetMean), field(r.Delta), r.Baseline,
				strconv.Itoa(t.Extreme), field(r.Most), field(r.Least), field(r.LossF), field(r.LossG),
			})
		}
	}
	return csv.NewWriter(w).WriteAll(rows)
}

// SaveLayersCSV writes the table of [WriteLayersCSV] to a file, which appears
// complete or not at all.
func SaveLayersCSV(path string, tables ...*LayerTable) error {
	return atomicfile.Write(path, func(w io.Writer) error { return WriteLayersCSV(w, tables...) })
}

// SaveJSON writes the table as JSON to a file, which appears complete or not at
// all. Undefined numbers are null.
func (t *LayerTable) SaveJSON(path string) error { return saveJSON(path, t) }

// saveJSON writes v, indented, to a file that appears complete or not at all.
func saveJSON(path string, v any) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(v)
	})
}

// field is decimal, and "" for an undefined number.
func field(x Number) string {
	if !x.Defined() {
		return ""
	}
	return decimal(float64(x))
}

// WriteText writes the table for a terminal; undefined numbers appear as a
// dash.
func (t *LayerTable) WriteText(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "LayerMem of %v (%s), (L_g − L_f)/(L_g + L_f): %s, %s\n\n", t.Set, t.Set.Describe(), count(t.N, "point"), count(len(t.Seeds), "f/g pair"))
	rows := newTable(&b)
	k := strconv.Itoa(t.Extreme)
	rows.row("layer", "", "LayerMem", "95 % CI", "SD", "mean − S_E", "Δ", "Δ from", "most "+k, "least "+k)
	const digits = 3
	for _, r := range t.Rows {
		from := r.Baseline
		if from == "" {
			from = "–"
		}
		rows.row(r.Layer, string(r.Part), FormatSigned(r.LayerMem, digits), r.CI.Format(digits), FormatUnsigned(r.SD, digits),
			FormatSigned(r.OffsetMean, digits), FormatSigned(r.Delta, digits), from, FormatSigned(r.Most, digits), FormatSigned(r.Least, digits))
	}
	rows.flush()
	_, err := w.Write(b.Bytes())
	return err
}
