package ssl

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// tiny is a recipe that trains within a second.
func tiny(t testing.TB) Recipe {
	t.Helper()
	views, err := augment.Lookup("demo")
	if err != nil {
		t.Fatal(err)
	}
	return Recipe{
		Method: "simclr", Model: "resnet9", Width: 4, Epochs: 3, BatchSize: 16,
		Optimizer: Optimizer{Name: "adam", LR: 1e-3, WarmupEpochs: 1, WeightDecay: 1e-6},
		Augment:   views,
		Options:   map[string]any{"temperature": .1, "projector": []int{16, 8}},
	}
}

func tinyLoop(t testing.TB) *Loop {
	t.Helper()
	train, _, err := data.FashionMNIST()
	if err != nil {
		t.Fatal(err)
	}
	index := make([]int, 70) // four batches of 16, six left over
	for i := range index {
		index[i] = 3 * i
	}
	return &Loop{Recipe: tiny(t), Data: train, Index: index, Seed: 7}
}

// weights returns all tensors of a trainer as numbers.
func weights(tr Trainer) map[string][]float32 {
	out := map[string][]float32{}
	for name, x := range nn.State(tr) {
		out[name] = torch.ToSlice[float32](x)
	}
	return out
}

func sameWeights(t *testing.T, got, want map[string][]float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d tensors, want %d", len(got), len(want))
	}
	for name, w := range want {
		if !slices.Equal(got[name], w) {
			t.Errorf("%s differs", name)
		}
	}
}

func run(t *testing.T, l *Loop) map[string][]float32 {
	t.Helper()
	tr, err := l.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer Free(tr)
	return weights(tr)
}

// A run that is stopped after any step and resumed is bit for bit the run that
// was never stopped: same weights, same reported losses.
func TestResumeEqualsUninterrupted(t *testing.T) {
	var losses []float64
	whole := tinyLoop(t)
	whole.Report = func(p Progress) {
		if p.EpochEnd {
			losses = append(losses, p.Loss)
		}
	}
	want := run(t, whole)
	for _, stop := range []int{1, 4, 7, 11} {
		l := tinyLoop(t)
		l.Checkpoints = t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		var got []float64
		l.Report = func(p Progress) {
			if p.EpochEnd {
				got = append(got, p.Loss)
			}
			if p.Step == stop {
				cancel()
			}
		}
		if _, err := l.Run(ctx); !errors.Is(err, ErrStopped) {
			t.Fatalf("stop after step %d: error %v, want ErrStopped", stop, err)
		}
		l.Resume = true
		resumedAt := -1
		l.Resumed = func(step int) { resumedAt = step }
		sameWeights(t, run(t, l), want)
		if resumedAt != stop {
			t.Errorf("resumed at step %d, want %d", resumedAt, stop)
		}
		if !slices.Equal(got, losses) {
			t.Errorf("losses %v, want %v", got, losses)
		}
	}
}

// The batches do not depend on how many threads draw them, and a second run
// is the first.
func TestRunIsDeterministic(t *testing.T) {
	a, b := run(t, tinyLoop(t)), run(t, tinyLoop(t))
	sameWeights(t, a, b)
	other := tinyLoop(t)
	other.Seed++
	c := run(t, other)
	if slices.Equal(a["encoder.conv1.0.weight"], c["encoder.conv1.0.weight"]) {
		t.Error("another seed gave the same weights")
	}
}

func TestTornCheckpointFallsBack(t *testing.T) {
	want := run(t, tinyLoop(t))
	l := tinyLoop(t)
	l.Checkpoints = t.TempDir()
	run(t, l)
	steps, err := checkpointSteps(l.Checkpoints)
	if err != nil || !slices.Equal(steps, []int{8, 12}) {
		t.Fatalf("checkpoints %v (%v), want the last two, 8 and 12", steps, err)
	}
	if err := os.Truncate(l.checkpointPath(12), 1000); err != nil {
		t.Fatal(err)
	}
	var warning string
	l.Warn = func(s string) { warning = s }
	l.Resume = true
	l.Resumed = func(step int) {
		if step != 8 {
			t.Errorf("resumed at %d, want 8", step)
		}
	}
	sameWeights(t, run(t, l), want)
	if !strings.Contains(warning, "step-00000012") {
		t.Errorf("the warning %q does not name the torn file", warning)
	}
}

func TestCheckpointOfAnotherTrainingIsRefused(t *testing.T) {
	l := tinyLoop(t)
	l.Checkpoints = t.TempDir()
	run(t, l)
	for name, change := range map[string]func(l *Loop){
		"recipe": func(l *Loop) { l.Recipe.Width = 8 },
		"seed":   func(l *Loop) { l.Seed = 8 },
		"images": func(l *Loop) { l.Index = l.Index[1:] },
	} {
		other := tinyLoop(t)
		other.Checkpoints, other.Resume = l.Checkpoints, true
		change(other)
		_, err := other.Run(context.Background())
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v does not say what differs", name, err)
		}
	}
}

func TestBadSettings(t *testing.T) {
	for want, change := range map[string]func(l *Loop){
		"batch_size":      func(l *Loop) { l.Recipe.BatchSize = 71 },
		"unknown method":  func(l *Loop) { l.Recipe.Method = "simcrl" },
		"unknown model":   func(l *Loop) { l.Recipe.Model = "resnet19" },
		"lr":              func(l *Loop) { l.Recipe.Optimizer.LR = math.NaN() },
		"is not in":       func(l *Loop) { l.Index[3] = 6000 },
		"loss became NaN": func(l *Loop) { l.Recipe.Optimizer.LR = 1e30; l.Recipe.Epochs = 5 },
	} {
		l := tinyLoop(t)
		change(l)
		_, err := l.Run(context.Background())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// A checkpoint that cannot be written ends the run with an error and leaves no
// half-written file.
func TestUnwritableCheckpoint(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(dir, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	l := tinyLoop(t)
	l.Checkpoints = dir
	if _, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "checkpoint") {
		t.Errorf("error %v does not speak of checkpoints", err)
	}
}
