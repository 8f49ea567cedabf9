package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslmem/ssl/recipes"
	"sslmem/torch/torchtest"
)

// A dry run tells what a run would be and leaves nothing behind.
func TestDryRun(t *testing.T) {
	torchtest.NoLeak(t)
	root := t.TempDir()
	t.Chdir(root)
	args := []string{"train", "--dry-run", "--pair", "--seeds", "2", "--recipe", "byol-demo", "--set", "recipe.batch_size=50"}
	code, stdout, stderr := call(append(args, "--json")...)
	var f forecast
	if err := json.Unmarshal([]byte(stdout), &f); code != ExitOK || err != nil {
		t.Fatalf("%d %v %s", code, err, stderr)
	}
	// Known by hand: 350 images in batches of 50 for 300 epochs; heads of 64-128-64 and 64-128-64 units.
	head := 64*128 + 128 + 2*128 + 128*64 + 64
	e := f.Each
	if e.Images != 350 || e.StepsPerEpoch != 7 || e.Steps != 2100 || f.Encoders != 4 {
		t.Errorf("plan %+v", f)
	}
	if e.Features != 64 || e.Heads != 2*head || e.Others != e.Encoder+head {
		t.Errorf("parameters %+v, want heads of twice %d and a teacher", e, head)
	}
	if e.Measured < 2 || 50%e.Measured != 0 || e.SecondsPerStep <= 0 || f.Seconds < e.SecondsPerStep || f.Memory < 0 {
		t.Errorf("estimate %+v", f)
	}
	if f.Run != filepath.Join("runs", "001-train") || f.Settings.Recipe.Options["momentum_end"] == nil || f.Settings.Recipe.Augment.Size != 28 {
		t.Errorf("the settings are not all written out: %+v", f)
	}
	if left, _ := os.ReadDir(root); len(left) > 0 {
		t.Errorf("a dry run left %v behind", left)
	}

	// What is printed are settings for --config, with something behind.
	code, stdout, stderr = call(args...)
	text, rest, _ := strings.Cut(stdout, "\nparameters ")
	s := TrainDefaults()
	if err := s.decode("printed", text); code != ExitOK || err != nil || s.Recipe.Method != "byol" {
		t.Errorf("%d %v %s", code, err, stderr)
	}
	for _, line := range []string{"350 of fashion-mnist", "7 an epoch, 2,100 an encoder", "runs/001-train", "time "} {
		if !strings.Contains(rest, line) {
			t.Errorf("no %q in %s", line, rest)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "mine.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call("demo", "--dry-run", "--out", root); code != ExitFailure || !strings.Contains(stderr, "holds no run") {
		t.Errorf("a folder that would be refused: %d %s", code, stderr)
	}
}

// The parts of a batch that are timed divide it and grow to it.
func TestGrowing(t *testing.T) {
	for batch, want := range map[int][]int{2: {2}, 8: {8}, 16: {8, 16}, 70: {7, 14, 35, 70}, 128: {8, 16, 32, 64, 128}, 97: {97}} {
		if got := growing(batch); !slices.Equal(got, want) {
			t.Errorf("%d: %v, want %v", batch, got, want)
		}
	}
	for _, name := range recipes.Names() {
		e, err := recipes.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		if sizes := growing(e.Recipe.BatchSize); sizes[len(sizes)-1] != e.Recipe.BatchSize || sizes[0] > 16 {
			t.Errorf("%s: %v", name, sizes)
		}
	}
}

func TestRoughly(t *testing.T) {
	for seconds, want := range map[float64]string{3.4: "3 s", 119: "119 s", 600: "10 min", 7200: "2 h", 1e6: "12 days"} {
		if got := roughly(seconds); got != want {
			t.Errorf("%g s: %s, want %s", seconds, got, want)
		}
	}
	if got := count(1234567); got != "1,234,567" || count(999) != "999" || count(1000) != "1,000" {
		t.Error(got)
	}
}

// A dry run of a private training says what it would spend.
func TestDryRunOfPrivacy(t *testing.T) {
	torchtest.NoLeak(t)
	t.Chdir(t.TempDir())
	args := []string{"train", "--dry-run", "--pair", "--recipe", "mae-demo", "--json", "--set", "recipe.width=12", "--set", "recipe.batch_size=4"}
	for _, s := range []string{"max_grad_norm=1", "delta=1e-4", "target_epsilon=8"} {
		args = append(args, "--set", "recipe.privacy."+s)
	}
	code, stdout, stderr := call(args...)
	var f forecast
	if err := json.Unmarshal([]byte(stdout), &f); code != ExitOK || err != nil || !strings.HasPrefix(f.Privacy, "ε 8 at δ 0.0001") {
		t.Errorf("%d %v %q %s", code, err, f.Privacy, stderr)
	}
}
