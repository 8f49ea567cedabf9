package grid_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"sslmem/cli/grid"
)

type settings struct {
	Width int     `json:"width"`
	LR    float64 `json:"lr"`
}

type result struct{ Value float64 }

// counted are cells that say when they are run.
func counted(ran *[]string, names ...string) []grid.Cell {
	var cells []grid.Cell
	for i, name := range names {
		cells = append(cells, grid.Cell{Name: name, Settings: settings{Width: i, LR: .1}, Run: func(context.Context) (any, error) {
			*ran = append(*ran, name)
			return result{Value: float64(i) / 3}, nil
		}})
	}
	return cells
}

// Cells are run in order, once, also if there are more of them later; results come back
// to the last bit.
func TestEachCellOnce(t *testing.T) {
	var ran []string
	g := grid.Grid{Dir: t.TempDir(), Cells: counted(&ran, "a", "b", "c")[:2]}
	for range 2 {
		if err := g.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	g.Cells = counted(&ran, "a", "b", "c")
	if err := g.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "b", "c"}; !slices.Equal(ran, want) {
		t.Errorf("ran %v, want %v", ran, want)
	}
	var r result
	if err := g.Result("b", &r); err != nil || r.Value != 1./3 {
		t.Errorf("result %v, %v", r, err)
	}
	if err := g.Result("d", &r); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a cell that was never run: %v", err)
	}
}

// A result by other settings is not taken for that of the cell, and no cell is run.
func TestOtherSettings(t *testing.T) {
	var ran []string
	g := grid.Grid{Dir: t.TempDir(), Cells: counted(&ran, "a", "b")}
	if err := g.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.Cells = append(counted(&ran, "new"), g.Cells...)
	g.Cells[1].Settings = settings{Width: 0, LR: .2}
	err := g.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "lr was 0.1 and is 0.2") || !strings.Contains(err.Error(), "cell a") {
		t.Errorf("error %v", err)
	}
	if len(ran) != 2 {
		t.Errorf("ran %v", ran)
	}
}

// A cell that fails leaves no result, those before it stay, and it is run again.
func TestFailure(t *testing.T) {
	var ran []string
	g := grid.Grid{Dir: t.TempDir(), Cells: counted(&ran, "a", "b", "c")}
	bad := errors.New("no memory left")
	good := g.Cells[1].Run
	g.Cells[1].Run = func(context.Context) (any, error) { return nil, bad }
	if err := g.Run(t.Context()); !errors.Is(err, bad) || !strings.Contains(err.Error(), "cell b") {
		t.Errorf("error %v", err)
	}
	g.Cells[1].Run = good
	if err := g.Run(t.Context()); err != nil || !slices.Equal(ran, []string{"a", "b", "c"}) {
		t.Errorf("ran %v, %v", ran, err)
	}
	if err := os.WriteFile(filepath.Join(g.Dir, "cells", "b.json"), []byte(`{"name": "b"`), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := g.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "remove the file") {
		t.Errorf("a torn file: %v", err)
	}
}

func TestNames(t *testing.T) {
	var ran []string
	for _, name := range []string{"", "a/b", "../a", "-a", ".a", "a b"} {
		if err := (grid.Grid{Dir: t.TempDir(), Cells: counted(&ran, name)}).Run(t.Context()); err == nil {
			t.Errorf("name %q is taken", name)
		}
	}
	if err := (grid.Grid{Dir: t.TempDir(), Cells: counted(&ran, "a", "a")}).Run(t.Context()); err == nil {
		t.Error("two cells of one name are taken")
	}
	if len(ran) > 0 {
		t.Errorf("ran %v", ran)
	}
}

// The end of the context ends the run between cells.
func TestStop(t *testing.T) {
	var ran []string
	g := grid.Grid{Dir: t.TempDir(), Cells: counted(&ran, "a", "b")}
	ctx, cancel := context.WithCancel(t.Context())
	g.Report = func(p grid.Progress) {
		if p.States[0] == grid.Finished {
			cancel()
		}
	}
	if err := g.Run(ctx); !errors.Is(err, context.Canceled) || !slices.Equal(ran, []string{"a"}) {
		t.Errorf("ran %v, %v", ran, err)
	}
}

func TestLeft(t *testing.T) {
	p := grid.Progress{States: []grid.State{grid.Finished, grid.Finished, grid.Running, grid.Waiting}, Took: []time.Duration{1, 3, 0, 0}}
	if got := p.Left(); got != 4 {
		t.Errorf("left %v, want 4", got)
	}
	if got := (grid.Progress{States: []grid.State{grid.Waiting}, Took: []time.Duration{0}}).Left(); got != 0 {
		t.Errorf("left %v of what nobody knows", got)
	}
}

// A process that is killed in the middle of a cell leaves the cells before it, and the
// next goes on from there.
func TestKilled(t *testing.T) {
	const dirKey = "GRID_TEST_DIR"
	cells := func(slow bool) []grid.Cell {
		var all []grid.Cell
		for i := range 3 {
			all = append(all, grid.Cell{Name: fmt.Sprint("c", i), Run: func(context.Context) (any, error) {
				if slow && i == 1 {
					time.Sleep(time.Minute)
				}
				return i, nil
			}})
		}
		return all
	}
	if dir := os.Getenv(dirKey); dir != "" {
		_ = grid.Grid{Dir: dir, Cells: cells(true)}.Run(t.Context())
		return
	}
	dir := t.TempDir()
	c := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	c.Env = append(os.Environ(), dirKey+"="+dir)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	first := filepath.Join(dir, "cells", "c0.json")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(first); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Error("no result within a minute")
			break
		}
	}
	_ = c.Process.Signal(syscall.SIGKILL)
	_ = c.Wait()
	info, err := os.Stat(first)
	if err != nil {
		t.Fatal(err)
	}
	g := grid.Grid{Dir: dir, Cells: cells(false)}
	if err := g.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	again, err := os.Stat(first)
	if err != nil || !again.ModTime().Equal(info.ModTime()) {
		t.Errorf("the first cell was run again: %v", err)
	}
	var v int
	if err := g.Result("c2", &v); err != nil || v != 2 {
		t.Errorf("result %v, %v", v, err)
	}
}
