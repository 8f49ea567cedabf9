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
	Machine machine `json:"machine"`
	// Absent says why some program could not be compared with.
	Absent []string      `json:"absent,omitempty"`
	Train  []comparison  `json:"train,omitempty"`
	Ops    []comparison  `json:"ops,omitempty"`
	Scope  *comparison   `json:"scope,omitempty"`
	Memory *memoryResult `json:"memory,omitempty"`
	Data   []comparison  `json:"data,omitempty"`
	Score  []scored      `json:"score,omitempty"`
	// Estimators is the noise of the rules for pairs of views, from part score.
	Estimators []estimator `json:"estimators,omitempty"`
	Learn      []learned   `json:"learn,omitempty"`
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

// heading is of the columns that [comparison.rows] fills.
const heading = "\tthreads\tunit\t\tmedian\t(quartiles)\tratio\t(quartiles)\tpeak MB\t"

// printComparisons writes a table with a row for each side. Views per second
// are counted up, times per operation down; the ratio is how many times longer
// than sslmem a side takes.
func printComparisons(out io.Writer, all []comparison) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, heading)
	for _, c := range all {
		for _, cells := range c.rows() {
			fmt.Fprintln(w, strings.Join(cells, "\t")+"\t")
		}
	}
	w.Flush()
}

// rows has the cells of the lines under heading.
func (c comparison) rows() [][]string {
	var rows [][]string
	for i, s := range c.Sides {
		cells := []string{"", "", "", s.Name}
		if i == 0 {
			cells = []string{c.What, fmt.Sprint(c.Threads), c.Unit, s.Name}
		}
		cells = append(cells, spreadCells(c.values(s.Seconds), c.format())...)
		if i == 0 {
			cells = append(cells, "", "")
		} else {
			cells = append(cells, spreadCells(c.ratios(i), "%.2f")...)
		}
		memory := "–"
		if s.Peak > 0 {
			memory = fmt.Sprint(s.Peak / mega)
		}
		rows = append(rows, append(cells, memory))
	}
	return rows
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

// scopeWords is the verdict on part scope: the peak, and the time beside the
// same loop in C++.
func scopeWords(c comparison) string {
	verdict := "under"
	if c.Sides[0].Peak > scopeLimit {
		verdict = "OVER"
	}
	words := fmt.Sprintf("peak after %d sums and the timing: %.0f MB, %s the limit of %d MB", scopeAdds, float64(c.Sides[0].Peak)/mega, verdict, scopeLimit/mega)
	if bare := c.find(cppName); bare != nil {
		ours := spreadOf(c.Sides[0].Seconds).median / spreadOf(bare.Seconds).median
		words += fmt.Sprintf("; %.2f times what C++ takes (aim: at most 1.3)", ours)
	}
	return words + "."
}

// overheadWords tells what a call costs beyond the same call in C++, for the
// operation that hardly computes.
func overheadWords(c comparison) string {
	bare, python := c.find(cppName), c.find(pythonName)
	if bare == nil || python == nil {
		return ""
	}
	nanoseconds := func(s *side) float64 { return spreadOf(c.values(s.Seconds)).median }
	ours, theirs := nanoseconds(&c.Sides[0])-nanoseconds(bare), nanoseconds(python)-nanoseconds(bare)
	return fmt.Sprintf("%s, beyond what C++ takes: %.0f ns, Python %.0f ns, so %.2f of it (aim: at most 0.5).", c.What, ours, theirs, ours/theirs)
}
