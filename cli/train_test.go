package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sslmem/cli/rundir"
	"sslmem/torch/torchtest"
)

// tiny are settings under which train takes a second on 60 images.
func tiny(out string, more ...string) []string {
	args := []string{"train", "--out", out}
	for _, s := range []string{
		"recipe.width=4", "recipe.epochs=3", "recipe.optimizer.warmup_epochs=1", "recipe.batch_size=20", "score.curve_points=0",
		"splits.shared=20", "splits.candidate=20", "splits.independent=20", "splits.external=20",
	} {
		args = append(args, "--set", s)
	}
	return append(args, more...)
}

func sameFile(t *testing.T, a, b string) bool {
	t.Helper()
	x, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := os.ReadFile(b)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Equal(x, y)
}

// Without --pair, train trains one encoder on all images with each seed.
func TestTrainWithoutPairs(t *testing.T) {
	torchtest.NoLeak(t)
	folder, dir := jpegClasses(t, 60), filepath.Join(t.TempDir(), "run")
	code, stdout, stderr := call(tiny(dir, "--data", folder, "--set", "image_size=28", "--set", "live.every=0", "--seeds", "2", "--json")...)
	if code != ExitOK {
		t.Fatal(stderr)
	}
	var o outcome
	if err := json.Unmarshal([]byte(stdout), &o); err != nil || o.Settings.Pair || o.Settings.Seeds != 2 {
		t.Errorf("outcome %+v, %v", o, err)
	}
	left, err := os.ReadDir(filepath.Join(dir, rundir.EncodersDir))
	if err != nil || len(left) != 2 || left[0].Name() != "e0.safetensors" || left[1].Name() != "e1.safetensors" {
		t.Errorf("encoders: %v, %v", left, err)
	}
	e0, e1 := filepath.Join(dir, "encoders", "e0.safetensors"), filepath.Join(dir, "encoders", "e1.safetensors")
	if sameFile(t, e0, e1) {
		t.Error("both seeds gave the same encoder")
	}
	rows, err := rundir.ReadMetrics(filepath.Join(dir, rundir.MetricsFile))
	if err != nil || len(rows) != 2*3 || rows[0].Step != 3 {
		t.Errorf("metrics %v (%v): want 2 encoders × 3 epochs of 60/20 steps", rows, err)
	}
	for _, args := range [][]string{{"score", dir}, {"plot", dir}, {"demo", "--resume", dir}} {
		if code, _, stderr := call(args...); code != ExitFailure || !strings.Contains(stderr, "train --pair --config") {
			t.Errorf("%v: %d %s", args, code, stderr)
		}
	}
	// What is lost is trained again, and comes out the same.
	again := filepath.Join(t.TempDir(), "e1")
	if err := os.Rename(e1, again); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call("train", "--resume", dir, "--json"); code != ExitOK {
		t.Fatal(stderr)
	}
	if !sameFile(t, e1, again) {
		t.Error("the second encoder depends on the first")
	}
}

// A recipe, a file, --set and flags: each is put over the one before.
func TestRecipeThenConfigThenSet(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "mine.toml")
	text := "seeds = 2\n[recipe]\nwidth = 4\nepochs = 6\nbatch_size = 30\n[recipe.optimizer]\nwarmup_epochs = 1\n[recipe.options]\nmomentum = 0.5"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "run")
	code, _, stderr := call("train", "--pair", "--recipe", "byol-demo", "--config", file, "--out", dir, "--json",
		"--set", "recipe.batch_size=20", "--set", "splits.shared=20", "--set", "splits.candidate=20", "--set", "splits.independent=20", "--seeds", "1")
	if code != ExitOK {
		t.Fatal(stderr)
	}
	s := TrainDefaults()
	if err := s.load(filepath.Join(dir, rundir.ConfigFile)); err != nil {
		t.Fatal(err)
	}
	r := s.Recipe
	if r.Method != "byol" || r.Width != 4 || r.Epochs != 6 || r.BatchSize != 20 || r.Options["momentum"] != .5 || s.Seeds != 1 || !s.Pair || s.Splits.Shared != 20 {
		t.Errorf("got %+v", s)
	}
	// The demo takes a recipe too, and a file that was not made for pairs.
	demo := filepath.Join(root, "demo")
	args := small(demo, "--recipe", "align-uniform-demo", "--set", "pair=false")
	if code, _, stderr := call(args...); code != ExitOK || !exists(filepath.Join(demo, "encoders", "g1.safetensors")) {
		t.Errorf("demo: %d %s", code, stderr)
	}
	for want, args := range map[string][]string{
		"did you mean byol-demo?":        {"--recipe", "byol-dmo"},
		"did you mean \"share.init\"?":   {"--set", "share.int=false"},
		"did you mean --recipe?":         {"--recip", "x"},
		"--recipe cannot be changed":     {"--resume", dir, "--recipe", "byol-demo"},
		"recipe.optimizer.warmup_epochs": {"--set", "recipe.warmup_epochs=3"},
		"recipe.options.temperature":     {"--set", "recipe.temperature=3"},
	} {
		if code, _, stderr := call(append([]string{"train"}, args...)...); code != ExitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%v: %d %s", args, code, stderr)
		}
	}
}

// What f and g share they have in common: on the same images they come out the
// same, unless weights, order or views are their own. Those of f are as before.
func TestShare(t *testing.T) {
	root := t.TempDir()
	train := func(name string, more ...string) (f, g string) {
		dir := filepath.Join(root, name)
		args := tiny(dir, "--pair", "--json", "--set", "splits.shared=40", "--set", "splits.candidate=0", "--set", "splits.independent=0")
		if code, _, stderr := call(append(args, more...)...); code != ExitOK {
			t.Fatal(stderr)
		}
		return filepath.Join(dir, "encoders", "f0.safetensors"), filepath.Join(dir, "encoders", "g0.safetensors")
	}
	f, g := train("all")
	if !sameFile(t, f, g) {
		t.Error("f and g share everything and differ")
	}
	for _, key := range []string{"init", "order", "views"} {
		ownF, ownG := train(key, "--set", "share."+key+"=false")
		if !sameFile(t, f, ownF) {
			t.Errorf("share.%s changes f", key)
		}
		if sameFile(t, ownF, ownG) {
			t.Errorf("share.%s = false changes nothing", key)
		}
	}
}
