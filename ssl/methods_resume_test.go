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

// methodLoop trains a method as its demo does, but on 26 images for a few
// epochs of three steps.
func methodLoop(t *testing.T, method string, epochs int) *ssl.Loop {
	t.Helper()
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
	for _, m := range ssl.Methods() {
		t.Run(m.Name, func(t *testing.T) {
			torchtest.NoLeak(t)
			whole := methodLoop(t, m.Name, 3)
			var want []ssl.Progress
			whole.Report = func(p ssl.Progress) { want = append(want, timeless(p)) }
			checkpoint := final(t, whole)

			l := methodLoop(t, m.Name, 3)
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
			l.Recipe = entry.Recipe
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

// methodsDir, if set, is the folder in which a child trains all methods.
const methodsDir = "SSL_TEST_METHODS_DIR"

// A process that trains one method after the other is killed within the training
// of each, at a moment that nobody chose, and started again. In the end there
// is what a process leaves that was never killed.
func TestEveryMethodSurvivesKills(t *testing.T) {
	if dir := os.Getenv(methodsDir); dir != "" {
		for _, m := range ssl.Methods() {
			l := methodLoop(t, m.Name, 20)
			l.Checkpoints = filepath.Join(dir, m.Name)
			l.Report = func(ssl.Progress) { time.Sleep(time.Millisecond) }
			final(t, l)
		}
		return
	}
	dir := t.TempDir()
	start := func() *exec.Cmd {
		c := exec.Command(os.Args[0], "-test.run=^TestEveryMethodSurvivesKills$")
		c.Env = append(os.Environ(), methodsDir+"="+dir)
		c.Stdout, c.Stderr = os.Stderr, os.Stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, m := range ssl.Methods() {
		c := start()
		own := filepath.Join(dir, m.Name)
		for deadline := time.Now().Add(time.Minute); len(checkpointsIn(t, own)) == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Errorf("%s wrote no checkpoint within a minute", m.Name)
				break
			}
		}
		time.Sleep(rand.N(60 * time.Millisecond))
		if err := c.Process.Signal(syscall.SIGKILL); err != nil {
			t.Error(err)
		}
		if err := c.Wait(); err == nil {
			t.Errorf("%s: the child ended before it was killed", m.Name)
		}
		if names := checkpointsIn(t, own); len(names) > 0 {
			t.Logf("%s: killed after %s", m.Name, filepath.Base(names[len(names)-1]))
		}
	}
	if err := start().Wait(); err != nil {
		t.Fatal(err)
	}
	for _, m := range ssl.Methods() {
		if !bytes.Equal(lastCheckpoint(t, filepath.Join(dir, m.Name)), final(t, methodLoop(t, m.Name, 20))) {
			t.Errorf("%s: the last checkpoint is not that of a training never killed", m.Name)
		}
	}
}

// timeless returns p without what depends on how long things took.
func timeless(p ssl.Progress) ssl.Progress {
	p.ViewsPerSecond, p.Wait = 0, 0
	return p
}

// equalProgress compares to the last bit; NaN equals NaN.
func equalProgress(a, b ssl.Progress) bool { return fmt.Sprint(a) == fmt.Sprint(b) }
