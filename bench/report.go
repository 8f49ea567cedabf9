package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"sslmem/data/atomicfile"
)

// A report is everything that was measured.
type report struct {
	Machine   machine       `json:"machine"`
	NoPyTorch string        `json:"no_pytorch,omitempty"`
	Train     []comparison  `json:"train,omitempty"`
	Ops       []comparison  `json:"ops,omitempty"`
	Scope     *comparison   `json:"scope,omitempty"`
	Memory    *memoryResult `json:"memory,omitempty"`
}

// save replaces the file at path; an empty path is none.
func (r report) save(path string) error {
	if path == "" {
		return nil
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot write the results: %w", err)
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// heading is of the columns that [printRow] fills.
const heading = "\tthreads\tunit\tsslmem\t(quartiles)\tPyTorch\t(quartiles)\tratio\t(quartiles)\tpeak MB\tPyTorch's\t"

// printComparisons writes a table. Per turn into the unit's value: views per
// second are counted up, times per operation down.
func printComparisons(out io.Writer, all []comparison) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, heading)
	for _, c := range all {
		fmt.Fprintln(w, strings.Join(c.row(), "\t")+"\t")
	}
	w.Flush()
}

// row has the cells of one line under heading.
func (c comparison) row() []string {
	cells := []string{c.What, fmt.Sprint(c.Threads), c.Unit}
	for _, seconds := range [][]float64{c.Ours, c.Theirs} {
		cells = append(cells, spreadCells(c.values(seconds), c.format())...)
	}
	cells = append(cells, spreadCells(c.ratios(), "%.2f")...)
	for _, bytes := range []int{c.OursPeak, c.TheirsPeak} {
		cell := "–"
		if bytes > 0 {
			cell = fmt.Sprint(bytes / mega)
		}
		cells = append(cells, cell)
	}
	return cells
}

// values turns seconds per turn into the unit of the comparison.
func (c comparison) values(seconds []float64) []float64 {
	values := make([]float64, len(seconds))
	for i, s := range seconds {
		switch c.Unit {
		case "views/s":
			values[i] = float64(c.PerTurn) / s
		case "ns":
			values[i] = 1e9 * s / float64(c.PerTurn)
		case "µs":
			values[i] = 1e6 * s / float64(c.PerTurn)
		}
	}
	return values
}

func (c comparison) format() string {
	if c.Unit == "views/s" {
		return "%.1f"
	}
	return "%.0f"
}

func spreadCells(values []float64, format string) []string {
	if len(values) == 0 {
		return []string{"–", ""}
	}
	s := spreadOf(values)
	if len(values) == 1 {
		return []string{fmt.Sprintf(format, s.median), ""}
	}
	return []string{fmt.Sprintf(format, s.median), fmt.Sprintf("("+format+"–"+format+")", s.low, s.high)}
}

// words is the verdict on a training's memory.
func (r memoryResult) words() string {
	growth := r.growth()
	verdict := "flat"
	if growth > 1+flat || growth < 1-flat {
		verdict = "NOT flat"
	}
	third := len(r.Samples) / 3
	last := r.Samples[len(r.Samples)-third:]
	return fmt.Sprintf("resident memory over %d steps: %s. First third %.1f MB, last third %.1f MB, %+.2f %% (limit ±%.0f %%); within the last third %+.2f MB.",
		r.Steps, verdict, mean(r.Samples[:third])/mega, mean(last)/mega, 100*(growth-1), 100*flat, float64(last[third-1]-last[0])/mega)
}

// scopeWords is the verdict on the peak of part scope.
func scopeWords(c comparison) string {
	verdict := "under"
	if c.OursPeak > scopeLimit {
		verdict = "OVER"
	}
	return fmt.Sprintf("peak after %d sums and the timing: %.0f MB, %s the limit of %d MB.", scopeAdds, float64(c.OursPeak)/mega, verdict, scopeLimit/mega)
}
