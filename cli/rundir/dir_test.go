package rundir_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sslmem/cli/rundir"
)

// touch makes a file with its folders.
func touch(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("x"), 0o666); err != nil {
		t.Fatal(err)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runs", "mine")
	d, err := rundir.Create(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if d.Name() != "mine" || d.Join("a", "b") != filepath.Join(path, "a", "b") {
		t.Errorf("name %q, join %q", d.Name(), d.Join("a", "b"))
	}
	for _, name := range []string{rundir.FiguresDir, rundir.CheckpointsDir} {
		if !exists(d.Join(name)) {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestCreateTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine")
	d, err := rundir.Create(path, false)
	if err != nil {
		t.Fatal(err)
	}
	// Stopped before the settings were written: still a run.
	if _, err := rundir.Create(path, false); !errors.Is(err, os.ErrExist) || !strings.Contains(err.Error(), "overwrite") {
		t.Errorf("got %v", err)
	}
	touch(t, d.Join(rundir.ConfigFile))
	touch(t, d.Join(rundir.CheckpointsDir, "f0", "last.safetensors"))
	touch(t, d.Join("notes.txt"))
	if _, err := rundir.Create(path, false); !errors.Is(err, os.ErrExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	if !exists(d.Join(rundir.CheckpointsDir, "f0", "last.safetensors")) {
		t.Error("a refusal removed something")
	}
	if _, err := rundir.Create(path, true); err != nil {
		t.Fatal(err)
	}
	if exists(d.Join(rundir.ConfigFile)) || exists(d.Join(rundir.CheckpointsDir, "f0")) {
		t.Error("the old run is still there")
	}
	if !exists(d.Join("notes.txt")) || !exists(d.Join(rundir.CheckpointsDir)) {
		t.Error("overwriting took more than the old run")
	}
}

// TestCreateElsewhere points at folders that hold no run.
func TestCreateElsewhere(t *testing.T) {
	home := t.TempDir()
	touch(t, filepath.Join(home, "thesis.tex"))
	for _, overwrite := range []bool{false, true} {
		if _, err := rundir.Create(home, overwrite); !errors.Is(err, os.ErrExist) || !strings.Contains(err.Error(), "no run") {
			t.Errorf("overwrite %v: %v", overwrite, err)
		}
	}
	if !exists(filepath.Join(home, "thesis.tex")) || exists(filepath.Join(home, rundir.FiguresDir)) {
		t.Error("the folder was changed")
	}
	if _, err := rundir.Create(filepath.Join(home, "thesis.tex"), true); err == nil {
		t.Error("a file is no folder")
	}
	if _, err := rundir.Create(filepath.Join(home, "thesis.tex", "run"), true); err == nil {
		t.Error("no folder can be made below a file")
	}
}

func TestCreateNumbered(t *testing.T) {
	root := filepath.Join(t.TempDir(), "runs")
	want := func(kind, name string) {
		t.Helper()
		d, err := rundir.CreateNumbered(root, kind)
		if err != nil {
			t.Fatal(err)
		}
		if string(d) != filepath.Join(root, name) || !exists(d.Join(rundir.FiguresDir)) {
			t.Errorf("got %s, want %s", d, name)
		}
	}
	want("demo", "001-demo")
	want("train", "002-train")
	for _, name := range []string{"mine", "041-train", "99x-train", "-5-train"} {
		if err := os.Mkdir(filepath.Join(root, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	want("demo", "042-demo")
	if err := os.Mkdir(filepath.Join(root, "999-demo"), 0o777); err != nil {
		t.Fatal(err)
	}
	want("demo", "1000-demo")
	want("demo", "1001-demo")
}

func TestCreateNumberedAtOnce(t *testing.T) {
	root := t.TempDir()
	var wait sync.WaitGroup
	var mu sync.Mutex
	seen := make(map[rundir.Dir]bool)
	for range 20 {
		wait.Go(func() {
			d, err := rundir.CreateNumbered(root, "demo")
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			seen[d] = true
		})
	}
	wait.Wait()
	if len(seen) != 20 {
		t.Errorf("%d different folders, want 20", len(seen))
	}
}

func TestOpen(t *testing.T) {
	root := t.TempDir()
	for _, path := range []string{filepath.Join(root, "none"), root} {
		if _, err := rundir.Open(path); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	touch(t, filepath.Join(root, rundir.ConfigFile))
	if d, err := rundir.Open(root); err != nil || string(d) != root {
		t.Errorf("%s, %v", d, err)
	}
}
