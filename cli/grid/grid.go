// Package grid runs the cells of an experiment one after the other, each once.
//
// A cell has a name, the settings that its result depends on, and a function that
// finds the result, for minutes or hours. What it found is kept in a file of its own,
// cells/NAME.json in the folder of the experiment, which appears whole or not at all.
// So an experiment that was stopped, in any way, goes on with the first cell that has
// no file, and one that is given more cells runs those only:
//
//	g := grid.Grid{Dir: "experiments/width", Cells: []grid.Cell{
//		{Name: "width-8", Settings: s8, Run: func(ctx context.Context) (any, error) { … }},
//		{Name: "width-16", Settings: s16, Run: …},
//	}}
//	err := g.Run(ctx)
//	err = g.Result("width-8", &r)
//
// A file is only as good as the settings that it was made by. If those of a finished
// cell are others than the cell's, the error names the first that differs; nothing is
// run then, and nothing is overwritten.
package grid

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"sslmem/data/atomicfile"
)

// A Cell is one piece of an experiment.
type Cell struct {
	// Name is of letters, digits, dots, minus and underscores, and no other cell's.
	Name string
	// Settings are all that the result depends on, as JSON has them.
	Settings any
	// Run finds the result, which is kept as JSON. It ends soon after ctx does, with
	// an error.
	Run func(ctx context.Context) (any, error)
}

// A Grid is an experiment.
type Grid struct {
	Dir   string // its folder, which is made
	Cells []Cell // in the order in which they are run
	// Report, if not nil, is called when Run begins, before and after each cell that
	// it runs.
	Report func(Progress)
}

// A State says how far a cell is.
type State string

const (
	Waiting  State = "waiting"
	Running  State = "running"
	Finished State = "done"
)

// Progress is how far a grid is.
type Progress struct {
	States []State         // of the cells
	Took   []time.Duration // of those that are finished, in this or an earlier run
}

// Left estimates how long the cells that are not finished will take, from the mean of
// those that are; 0 if none is.
func (p Progress) Left() time.Duration {
	var sum time.Duration
	done := 0
	for i, s := range p.States {
		if s == Finished {
			sum += p.Took[i]
			done++
		}
	}
	if done == 0 {
		return 0
	}
	return sum / time.Duration(done) * time.Duration(len(p.States)-done)
}

// record is the content of a cell's file.
type record struct {
	Name     string          `json:"name"`
	Settings json.RawMessage `json:"settings"`
	Seconds  float64         `json:"seconds"`
	Result   json.RawMessage `json:"result"`
}

var nameable = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)

// Run runs the cells that have no result yet. It checks all before it runs any: names
// that cannot be those of files or stand twice, files that cannot be read, and results
// by other settings are errors. The first error of a cell ends the run; the results
// of the cells before it stay.
func (g Grid) Run(ctx context.Context) error {
	p, err := g.Progress()
	if err != nil {
		return err
	}
	g.report(p)
	for i, c := range g.Cells {
		if p.States[i] == Finished {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		p.States[i] = Running
		g.report(p)
		start := time.Now()
		if err := g.run(ctx, c, start); err != nil {
			return fmt.Errorf("cell %s: %w", c.Name, err)
		}
		p.States[i], p.Took[i] = Finished, time.Since(start)
		g.report(p)
	}
	return nil
}

func (g Grid) report(p Progress) {
	if g.Report != nil {
		g.Report(p)
	}
}

// Check returns the error that Run would return before it runs anything.
func (g Grid) Check() error {
	_, err := g.Progress()
	return err
}

// Progress reads which cells are finished, and checks them as Run does.
func (g Grid) Progress() (Progress, error) {
	p := Progress{States: make([]State, len(g.Cells)), Took: make([]time.Duration, len(g.Cells))}
	seen := map[string]bool{}
	for i, c := range g.Cells {
		if !nameable.MatchString(c.Name) || seen[c.Name] {
			return p, fmt.Errorf("%q cannot be the name of a cell: take letters, digits, dots, - and _, and each name once", c.Name)
		}
		seen[c.Name] = true
		p.States[i] = Waiting
		r, err := g.read(c.Name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return p, err
		}
		settings, err := json.Marshal(c.Settings)
		if err != nil {
			return p, fmt.Errorf("the settings of cell %s: %w", c.Name, err)
		}
		if what := difference(r.Settings, settings); what != "" {
			return p, fmt.Errorf("cell %s was run by other settings: %s; go on with those, or take another folder than %s", c.Name, what, g.Dir)
		}
		p.States[i], p.Took[i] = Finished, time.Duration(r.Seconds*float64(time.Second))
	}
	return p, nil
}

func (g Grid) run(ctx context.Context, c Cell, start time.Time) error {
	result, err := c.Run(ctx)
	if err != nil {
		return err
	}
	r := record{Name: c.Name}
	if r.Result, err = json.Marshal(result); err != nil {
		return fmt.Errorf("its result: %w", err)
	}
	if r.Settings, err = json.Marshal(c.Settings); err != nil {
		return fmt.Errorf("its settings: %w", err)
	}
	r.Seconds = time.Since(start).Seconds()
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	path := g.path(c.Name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("cannot make the folder of results: %w", err)
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

func (g Grid) path(name string) string { return filepath.Join(g.Dir, "cells", name+".json") }

func (g Grid) read(name string) (r record, err error) {
	text, err := os.ReadFile(g.path(name))
	if err != nil {
		return r, fmt.Errorf("cell %s: %w", name, err)
	}
	if err := json.Unmarshal(text, &r); err != nil || r.Name != name || len(r.Result) == 0 {
		return r, fmt.Errorf("%s does not hold the result of cell %s; remove the file to run the cell again", g.path(name), name)
	}
	return r, nil
}

// Result reads what a finished cell found into v, a pointer. The error of a cell that
// has not been run wraps [fs.ErrNotExist].
func (g Grid) Result(name string, v any) error {
	r, err := g.read(name)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(r.Result))
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%s: %w", g.path(name), err)
	}
	return nil
}
