package ssl_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"sslmem/data"
	"sslmem/models"
	"sslmem/ssl"
	"sslmem/ssl/recipes"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// trainings lists all methods, and one with privacy.
func trainings() []string { return append(ssl.MethodNames(), "mae"+withPrivacy) }

// methodLoop trains a method as its demo does, but on 26 images for a few
// epochs of three steps, or with privacy, of thirteen.
func methodLoop(t *testing.T, method string, epochs int) *ssl.Loop {
	t.Helper()
	method, isPrivate := strings.CutSuffix(method, withPrivacy)
	entry, err := recipes.Demo(method)
	if err != nil {
		t.Fatal(err)
	}
	train, _, err := data.FashionMNIST()
	if err != nil {
		t.Fatal(err)
	}
	r := entry.Recipe
	r.Width, r.Epochs, r.BatchSize, r.Optimizer.WarmupEpochs = 4, epochs, 8, 1
	if models.TakesImageSize(r.Model) {
		r.Width = 12 // a multiple of the heads, and of 4
	}
	r = limited(r)
	if isPrivate {
		r = private(r)
	}
	index := make([]int, 26)
	for i := range index {
		index[i] = 5 * i
	}
	return &ssl.Loop{
		Recipe: r, Data: train, Index: index, Seed: 3, Checkpoints: t.TempDir(), Resume: true,
		Warn: func(s string) {
			if strings.Contains(s, "checkpoint") {
				t.Errorf("%s: %s", method, s)
			}
		},
	}
}

// limited starts what limits a method's alignment at once, in trainings that are
// shorter than the recipe's.
func limited(r ssl.Recipe) ssl.Recipe {
	if _, there := r.Options["limiter_start_epoch"]; there {
		r = r.With("limiter_start_epoch", 0)
	}
	return r
}

// final trains to the end and returns its last checkpoint, which holds all that
// a training has.
func final(t *testing.T, l *ssl.Loop) []byte {
	t.Helper()
	trainer, err := l.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ssl.Free(trainer)
	return lastCheckpoint(t, l.Checkpoints)
}

func lastCheckpoint(t *testing.T, dir string) []byte {
	t.Helper()
	names := checkpointsIn(t, dir)
	if len(names) == 0 {
		t.Fatalf("%s holds no checkpoint", dir)
	}
	b, err := os.ReadFile(names[len(names)-1])
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func checkpointsIn(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "step-*.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

// A training of any method that is stopped after every single step, and resumed
// as if the process had ended in between, is bit for bit the one that was never
// stopped: it ends with the same checkpoint and reports the same numbers.
func TestEveryMethodResumes(t *testing.T) {
	for _, name := range trainings() {
		t.Run(name, func(t *testing.T) {
			torchtest.NoLeak(t)
			whole := methodLoop(t, name, 3)
			var want []ssl.Progress
			whole.Report = func(p ssl.Progress) { want = append(want, timeless(p)) }
			checkpoint := final(t, whole)

			l := methodLoop(t, name, 3)
			var got []ssl.Progress
			for len(got) < len(want)-1 {
				ctx, stop := context.WithCancel(context.Background())
				l.Report = func(p ssl.Progress) {
					got = append(got, timeless(p))
					stop()
				}
				if _, err := l.Run(ctx); !errors.Is(err, ssl.ErrStopped) {
					t.Fatalf("after step %d: error %v, want ErrStopped", len(got), err)
				}
			}
			l.Report = func(p ssl.Progress) { got = append(got, timeless(p)) }
			if !bytes.Equal(final(t, l), checkpoint) {
				t.Error("the last checkpoint differs from that of a training never stopped")
			}
			for i, p := range got {
				if !equalProgress(p, want[i]) {
					t.Errorf("step %d is reported as %+v, want %+v", i+1, p, want[i])
				}
			}
		})
	}
}

// A checkpoint holds something that each step has changed: otherwise the test
// above would prove nothing.
func TestEveryMethodTrains(t *testing.T) {
	for _, m := range ssl.Methods() {
		t.Run(m.Name, func(t *testing.T) {
			torchtest.NoLeak(t)
			l := methodLoop(t, m.Name, 2)
			r, err := l.Recipe.Fit(l.Data)
			if err != nil {
				t.Fatal(err)
			}
			start, err := ssl.New(r, 1, 10, l.Seed)
			if err != nil {
				t.Fatal(err)
			}
			defer ssl.Free(start)
			end, err := l.Run(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			defer ssl.Free(end)
			before := map[string][]float32{}
			for name, p := range nn.Parameters(start) {
				if p.RequiresGrad() {
					before[name] = torch.ToSlice[float32](p)
				}
			}
			same := 0
			for name, p := range nn.Parameters(end) {
				if b, ok := before[name]; ok && slices.Equal(b, torch.ToSlice[float32](p)) {
					same++
					t.Logf("%s is as it was", name)
				}
			}
			if 4*same > len(before) {
				t.Errorf("%d of %d parameters are as they were before the training", same, len(before))
			}
		})
	}
}

// The alarm is silent over the first epochs of every demo.
func TestEveryMethodIsHealthy(t *testing.T) {
	for _, m := range ssl.Methods() {
		t.Run(m.Name, func(t *testing.T) {
			torchtest.NoLeak(t)
			entry, err := recipes.Demo(m.Name)
			if err != nil {
				t.Fatal(err)
			}
			l := methodLoop(t, m.Name, 4)
			l.Recipe = limited(entry.Recipe)
			l.Recipe.Epochs, l.Recipe.Optimizer.WarmupEpochs = 4, 1
			l.Index = l.Index[:0]
			for i := range 4 * l.Recipe.BatchSize {
				l.Index = append(l.Index, i)
			}
			l.Warn = func(s string) { t.Error(s) }
			l.EpochEnd = func(p ssl.Progress, _ ssl.Trainer) error {
				t.Logf("epoch %d: loss %.3f, spread %.3f of %.3f", p.Epoch, p.Loss, p.Spread, p.EvenSpread())
				return nil
			}
			final(t, l)
		})
	}
}

// What a child that trains one method is told by its environment.
const (
	methodDir  = "SSL_TEST_METHOD_DIR"
	methodName = "SSL_TEST_METHOD"
)

// A training of any method whose process is killed, at a moment that nobody chose, and
// that another process resumes ends with the checkpoint of one that was never killed.
func TestEveryMethodSurvivesAKill(t *testing.T) {
	const epochs = 12
	if dir := os.Getenv(methodDir); dir != "" {
		l := methodLoop(t, os.Getenv(methodName), epochs)
		l.Checkpoints = dir
		l.Report = func(ssl.Progress) { time.Sleep(3 * time.Millisecond) } // so that the kill comes before the end
		final(t, l)
		return
	}
	for _, name := range trainings() {
		t.Run(name, func(t *testing.T) {
			l := methodLoop(t, name, epochs)
			c := exec.Command(os.Args[0], "-test.run=^TestEveryMethodSurvivesAKill$")
			c.Env = append(os.Environ(), methodDir+"="+l.Checkpoints, methodName+"="+name,
				"TMPDIR="+t.TempDir()) // the child cannot clean up
			c.Stdout, c.Stderr = os.Stderr, os.Stderr
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(time.Minute); len(checkpointsIn(t, l.Checkpoints)) == 0; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Error("no checkpoint within a minute")
					break
				}
			}
			time.Sleep(rand.N(50 * time.Millisecond))
			if err := c.Process.Signal(syscall.SIGKILL); err != nil {
				t.Error(err)
			}
			if err := c.Wait(); err == nil {
				t.Error("the child ended before it was killed")
			}
			if names := checkpointsIn(t, l.Checkpoints); len(names) > 0 {
				t.Logf("killed after %s", filepath.Base(names[len(names)-1]))
			}
			resumed := false
			l.Resumed = func(int) { resumed = true }
			got := final(t, l)
			if !resumed || !bytes.Equal(got, final(t, methodLoop(t, name, epochs))) {
				t.Error("the last checkpoint is not that of a training never killed")
			}
		})
	}
}

// timeless returns p without what depends on how long things took.
func timeless(p ssl.Progress) ssl.Progress {
	p.ViewsPerSecond, p.Wait = 0, 0
	return p
}

// equalProgress compares to the last bit; NaN equals NaN.
func equalProgress(a, b ssl.Progress) bool { return fmt.Sprint(a) == fmt.Sprint(b) }
