package ssl

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/torch/torchtest"
)

// trainTo trains until a checkpoint of the given step is written.
func trainTo(t *testing.T, l *Loop, step int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l.Report = func(p Progress) {
		if p.Step == step {
			cancel()
		}
	}
	if _, err := l.Run(ctx); !errors.Is(err, ErrStopped) {
		t.Fatalf("error %v, want ErrStopped", err)
	}
	l.Report = nil
}

func steps(t *testing.T, l *Loop) []int {
	t.Helper()
	s, err := checkpointSteps(l.Checkpoints)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A training does not start over among the checkpoints of another: its own
// would be the older ones, and the first to go.
func TestStartAmongCheckpointsIsRefused(t *testing.T) {
	torchtest.NoLeak(t)
	l := tinyLoop(t)
	l.Checkpoints = t.TempDir()
	trainTo(t, l, 5)
	if _, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "earlier training") {
		t.Errorf("error %v does not speak of an earlier training", err)
	}
	if got := steps(t, l); !slices.Equal(got, []int{4, 5}) {
		t.Errorf("checkpoints of steps %v are left, want 4 and 5", got)
	}
}

// Torn checkpoints that were passed over do not push out good ones.
func TestTornCheckpointsDoNotCount(t *testing.T) {
	l := tinyLoop(t)
	l.Checkpoints, l.Resume = t.TempDir(), true
	trainTo(t, l, 9)
	if got := steps(t, l); !slices.Equal(got, []int{8, 9}) {
		t.Fatalf("checkpoints of steps %v, want 8 and 9", got)
	}
	for _, torn := range []int{9, 11, 12} {
		if err := os.WriteFile(l.checkpointPath(torn), []byte("torn"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	warnings := 0
	l.Warn = func(string) { warnings++ }
	trainTo(t, l, 10)
	if warnings != 3 {
		t.Errorf("%d warnings, want one for each torn file", warnings)
	}
	if got := steps(t, l); !slices.Equal(got, []int{9, 10}) {
		t.Errorf("checkpoints of steps %v, want 9 and 10", got)
	}
}

func TestAllCheckpointsTorn(t *testing.T) {
	torchtest.NoLeak(t)
	l := tinyLoop(t)
	l.Checkpoints, l.Resume = t.TempDir(), true
	if err := os.WriteFile(l.checkpointPath(4), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "remove the folder") {
		t.Errorf("error %v does not say what to do", err)
	}
}

// Other files of the folder are neither taken for checkpoints nor touched.
func TestOtherFilesAreLeftAlone(t *testing.T) {
	l := tinyLoop(t)
	l.Recipe.Epochs, l.Recipe.Optimizer.WarmupEpochs = 1, 0
	l.Checkpoints, l.Resume = t.TempDir(), true
	names := []string{"12.safetensors", "step-12.safetensors", "step--0000012.safetensors", "step-00000001.safetensors.bak", "notes.txt"}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(l.Checkpoints, name), []byte("mine"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run(t, l)
	if got := steps(t, l); !slices.Equal(got, []int{4}) {
		t.Errorf("checkpoints of steps %v, want 4", got)
	}
	for _, name := range names {
		if text, err := os.ReadFile(filepath.Join(l.Checkpoints, name)); err != nil || string(text) != "mine" {
			t.Errorf("%s is %q (%v)", name, text, err)
		}
	}
}

// Views take size and normalisation from the whole data set where the recipe
// leaves them open, so that a checkpoint does not go with another data set
// even where the training images are the same.
func TestCheckpointKnowsTheNormalisation(t *testing.T) {
	l := tinyLoop(t)
	var err error
	if l.Recipe.Augment, err = augment.Lookup("simclr-cifar"); err != nil {
		t.Fatal(err)
	}
	l.Checkpoints, l.Resume = t.TempDir(), true
	trainTo(t, l, 3)
	more := *l.Data.(*data.Dataset)
	more.Pixels = append(slices.Clone(more.Pixels), make([]uint8, 100*28*28)...)
	more.Labels = append(slices.Clone(more.Labels), make([]int, 100)...)
	l.Data = &more
	if _, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "images") {
		t.Errorf("error %v does not say that the images differ", err)
	}
}

// The settings that a recipe leaves to the data are those that Fit finds.
func TestOpenRecipeIsFitted(t *testing.T) {
	open := tinyLoop(t)
	open.Recipe.Epochs, open.Recipe.Optimizer.WarmupEpochs = 1, 0
	var err error
	if open.Recipe.Augment, err = augment.Lookup("normal"); err != nil {
		t.Fatal(err)
	}
	fitted := tinyLoop(t)
	fitted.Recipe = open.Recipe
	fitted.Recipe.Augment = open.Recipe.Augment.Fit(fitted.Data.(*data.Dataset))
	sameWeights(t, run(t, open), run(t, fitted))
}

// Weights that are lost get no checkpoint, also when the run is stopped before
// the end of the epoch tells.
func TestDivergedTrainingGetsNoCheckpoint(t *testing.T) {
	torchtest.NoLeak(t)
	l := tinyLoop(t)
	l.Recipe.Optimizer.LR, l.Recipe.Optimizer.WarmupEpochs = 1e30, 0
	l.Checkpoints = t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	l.Report = func(p Progress) {
		if p.Step == 3 {
			cancel()
		}
	}
	if _, err := l.Run(ctx); err == nil || !strings.Contains(err.Error(), "the loss became") || errors.Is(err, ErrStopped) {
		t.Errorf("error %v, want one of the loss", err)
	}
	if got := steps(t, l); len(got) != 0 {
		t.Errorf("checkpoints of steps %v of a training that diverged", got)
	}
}

// A finished training that is resumed has nothing left to do.
func TestResumeOfAFinishedTraining(t *testing.T) {
	l := tinyLoop(t)
	l.Checkpoints, l.Resume = t.TempDir(), true
	want := run(t, l)
	l.Report = func(p Progress) { t.Errorf("step %d was taken", p.Step) }
	sameWeights(t, run(t, l), want)
}
