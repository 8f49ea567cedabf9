package cli

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"

	"sslmem/cli/grid"
	"sslmem/data/atomicfile"
	"sslmem/mem"
)

// A found is what one cell of an experiment found.
type found struct {
	Measures []measure `json:"measures"`
	// M is the mean m of each candidate over the pairs, in the order of the splits,
	// for the agreement of cells; nil where it is not needed.
	M []float64 `json:"m,omitempty"`
	// PairM is the same for each pair.
	PairM [][]float64 `json:"pair_m,omitempty"`
}

// A measure is one number for each seed.
type measure struct {
	Name   string       `json:"name"`
	Values []float64    `json:"values"`
	Mean   mem.Number   `json:"mean"`
	CI     mem.Interval `json:"ci95"` // of the mean, over seeds; undefined for one
}

func newMeasure(name string, values ...float64) measure {
	m := measure{Name: name, Values: values}
	mean, ci := mem.MeanInterval(values)
	m.Mean, m.CI = mem.Number(mean), ci
	return m
}

// value returns the values of a measure of the given name.
func (f found) value(name string) ([]float64, bool) {
	for _, m := range f.Measures {
		if m.Name == name {
			return m.Values, true
		}
	}
	return nil, false
}

// A foundCell is a finished cell with its place in the experiment.
type foundCell struct {
	Name    string `json:"name"`
	Setting string `json:"setting"` // what is varied, in words
	found
}

// found reads what the cells of an experiment have found.
func (e *experiment) results() ([]foundCell, error) {
	var all []foundCell
	for i, c := range e.grid.Cells {
		f := foundCell{Name: c.Name, Setting: e.settings[i]}
		if err := e.grid.Result(c.Name, &f.found); err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// writeFound writes a row for each cell: means, with their intervals if there are
// several seeds.
func writeFound(w io.Writer, cells []foundCell) error {
	if len(cells) == 0 {
		return nil
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var names []string
	for _, c := range cells {
		for _, m := range c.Measures {
			if !slices.Contains(names, m.Name) {
				names = append(names, m.Name)
			}
		}
	}
	fmt.Fprint(out, "setting")
	for _, name := range names {
		fmt.Fprintf(out, "\t%s", name)
	}
	fmt.Fprintln(out)
	for _, c := range cells {
		fmt.Fprint(out, c.Setting)
		for _, name := range names {
			fmt.Fprint(out, "\t"+c.text(name))
		}
		fmt.Fprintln(out)
	}
	return out.Flush()
}

// text is a measure for a person; – where a cell does not have it.
func (f found) text(name string) string {
	for _, m := range f.Measures {
		if m.Name != name {
			continue
		}
		if m.CI.Low.Defined() {
			return fmt.Sprintf("%.4g (%.3g to %.3g)", float64(m.Mean), float64(m.CI.Low), float64(m.CI.High))
		}
		return fmt.Sprintf("%.4g", float64(m.Mean))
	}
	return "–"
}

// saveCSV writes a row for each cell, measure and seed.
func saveCSV(path string, cells []foundCell) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		out := csv.NewWriter(w)
		if err := out.Write([]string{"cell", "setting", "measure", "seed", "value"}); err != nil {
			return err
		}
		for _, c := range cells {
			for _, m := range c.Measures {
				for seed, v := range m.Values {
					row := []string{c.Name, c.Setting, m.Name, strconv.Itoa(seed), strconv.FormatFloat(v, 'g', -1, 64)}
					if err := out.Write(row); err != nil {
						return err
					}
				}
			}
		}
		out.Flush()
		return out.Error()
	})
}

// writeProgress writes how far the cells are, when one begins and when all are done.
func (e *experiment) writeProgress(w io.Writer, p grid.Progress) {
	done, running := 0, ""
	for i, s := range p.States {
		switch s {
		case grid.Finished:
			done++
		case grid.Running:
			running = ", now " + e.settings[i]
		}
	}
	if running == "" && done < len(p.States) {
		return
	}
	left := ""
	if d := p.Left(); d > 0 {
		left = ", about " + roughly(d.Seconds()) + " left"
	}
	fmt.Fprintf(w, "%d of %d cells done%s%s\n", done, len(p.States), running, left)
}
