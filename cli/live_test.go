package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"sslmem/cli/rundir"
	"sslmem/data"
)

// rowsOf returns the rows of a run's metrics with what the clock does not change,
// by encoder and step.
func rowsOf(t *testing.T, dir string) map[string]map[string]float64 {
	t.Helper()
	rows, err := rundir.ReadMetrics(filepath.Join(dir, rundir.MetricsFile))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]float64{}
	for _, row := range rows {
		delete(row.Values, "views_per_s")
		delete(row.Values, "wait")
		out[fmt.Sprint(row.Model, " ", row.Step)] = row.Values
	}
	if len(out) != len(rows) {
		t.Errorf("%s: a step has two rows", dir)
	}
	return out
}

// Evaluation in training changes no bit of the encoders, and stands in the rows
// of the epochs that have one.
func TestLiveLeavesTrainingAlone(t *testing.T) {
	root := t.TempDir()
	with, without := filepath.Join(root, "with"), filepath.Join(root, "without")
	more := []string{"--pair", "--set", "recipe.epochs=5", "--json"}
	code, stdout, stderr := call(tiny(with, append(more, "--set", "live.every=2", "--set", "live.probe=true")...)...)
	if code != ExitOK || strings.Contains(stderr, "warning") {
		t.Fatal(code, stderr)
	}
	if code, _, stderr := call(tiny(without, append(more, "--set", "live.every=0")...)...); code != ExitOK {
		t.Fatal(stderr)
	}
	for _, f := range []string{"encoders/f0.safetensors", "encoders/g0.safetensors", rundir.SplitsFile} {
		if !sameFile(t, filepath.Join(with, f), filepath.Join(without, f)) {
			t.Errorf("%s differs", f)
		}
	}
	rows := rowsOf(t, with)
	for key, row := range rowsOf(t, without) {
		for column, value := range row {
			if rows[key][column] != value {
				t.Errorf("%s of %s is %v with and %v without", column, key, rows[key][column], value)
			}
		}
	}
	for epoch := 1; epoch <= 5; epoch++ {
		row := rows[fmt.Sprintf("f0 %d", 2*epoch)]
		live := epoch == 2 || epoch == 4 || epoch == 5
		for _, column := range liveColumns {
			if _, there := row[column]; there != live {
				t.Errorf("%s of epoch %d is there: %v", column, epoch, there)
			}
		}
		if live && (row["knn"] < 0 || row["knn"] > 1 || row["rankme"] < 1 || row["rankme"] > 20 || row["spread"] <= 0) {
			t.Errorf("epoch %d: %v", epoch, row)
		}
	}
	var o outcome
	if err := json.Unmarshal([]byte(stdout), &o); err != nil || len(o.Live) != 2 || o.Live[1].Encoder != "g0" || o.Live[1].Epoch != 5 || !reflect.DeepEqual(o.Live[0].Values["knn"], rows["f0 10"]["knn"]) {
		t.Errorf("outcome %+v %v", o.Live, err)
	}
}

// Where the data have no test images, a tenth of the training images is kept out;
// where they have no classes, the rank alone is measured.
func TestLiveKeepsImagesOut(t *testing.T) {
	labelled := jpegClasses(t, 60)
	plain := t.TempDir()
	for i := range 60 {
		name := fmt.Sprintf("%03d.jpg", i)
		if err := os.Link(filepath.Join(labelled, fmt.Sprintf("class%d", i%3), name), filepath.Join(plain, name)); err != nil {
			t.Fatal(err)
		}
	}
	for folder, knn := range map[string]bool{labelled: true, plain: false} {
		dir := filepath.Join(t.TempDir(), "run")
		if code, _, stderr := call(tiny(dir, "--data", folder, "--set", "image_size=28", "--json")...); code != ExitOK || strings.Contains(stderr, "warning") {
			t.Fatal(code, stderr)
		}
		splits, err := data.LoadSplits(filepath.Join(dir, rundir.SplitsFile))
		if err != nil || len(splits.Shared) != 54 || len(splits.External) != 6 {
			t.Errorf("%d images to train on and %d kept out (%v), want 54 and 6", len(splits.Shared), len(splits.External), err)
		}
		rows := rowsOf(t, dir)
		last := rows["e0 6"] // two steps an epoch
		if _, there := last["knn"]; there != knn || last["rankme"] < 1 {
			t.Errorf("%v: %v", knn, rows)
		}
	}
	dir := filepath.Join(t.TempDir(), "run")
	if code, _, stderr := call(tiny(dir, "--data", plain, "--pair", "--set", "image_size=28", "--set", "splits.external=0")...); code != ExitUsage || !strings.Contains(stderr, "live.every=0") {
		t.Errorf("nothing to evaluate on: %d %s", code, stderr)
	}
}

// A run with live evaluation that is killed and resumed has the encoders and the
// values of one that is not.
func TestLiveResumes(t *testing.T) {
	root := t.TempDir()
	whole, killed := filepath.Join(root, "whole"), filepath.Join(root, "killed")
	more := []string{"--pair", "--set", "recipe.epochs=30", "--set", "live.every=1"}
	if code, _, stderr := call(tiny(whole, more...)...); code != ExitOK {
		t.Fatal(stderr)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0], tiny(killed, more...)...)
	child.Env = append(os.Environ(), childEnv+"=1")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		text, _ := os.ReadFile(filepath.Join(killed, rundir.MetricsFile))
		if strings.Count(string(text), "\n") > 12 {
			break
		}
	}
	_ = child.Process.Signal(syscall.SIGKILL) // it may be done already
	_ = child.Wait()
	if code, _, stderr := call("train", "--resume", killed, "--json"); code != ExitOK {
		t.Fatal(stderr)
	}
	for _, f := range []string{"encoders/f0.safetensors", "encoders/g0.safetensors"} {
		if !sameFile(t, filepath.Join(whole, f), filepath.Join(killed, f)) {
			t.Errorf("%s differs", f)
		}
	}
	if got, want := rowsOf(t, killed), rowsOf(t, whole); !reflect.DeepEqual(got, want) {
		t.Errorf("other metrics: %d rows and %d", len(got), len(want))
	}
}

func TestLiveSettings(t *testing.T) {
	for set, want := range map[string]string{
		"live.every=-1": "live.every", "live.images=1": "live.images", "live.bank=0": "live.bank", "live.k=0": "k", "live.temperature=0": "emperature",
	} {
		if code, _, stderr := call("train", "--set", set); code != ExitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%s: %d %s", set, code, stderr)
		}
	}
	if got := evenly(10, 4); !slices.Equal(got, []int{0, 2, 5, 7}) {
		t.Error(got)
	}
	if got := evenly(3, 4); !slices.Equal(got, []int{0, 1, 2}) {
		t.Error(got)
	}
}
