package ssl

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// childDir, if set, is the folder for checkpoints of a test that runs itself in
// a process of its own.
const childDir = "SSL_TEST_DIR"

// child returns a command that runs one test of this program as a child.
func child(test, dir string) *exec.Cmd {
	c := exec.Command(os.Args[0], "-test.run=^"+test+"$")
	c.Env = append(os.Environ(), childDir+"="+dir)
	return c
}

// longLoop takes 96 steps and writes a checkpoint after every fourth.
func longLoop(t *testing.T, dir string) *Loop {
	l := tinyLoop(t)
	l.Recipe.Epochs = 24
	l.Checkpoints, l.Resume = dir, true
	return l
}

// A disk that fills up while a checkpoint is written ends the training with an
// error; the checkpoint before it stays as it was, and nothing else is left.
// The kernel plays the full disk: it refuses to let a file of the child grow.
func TestFullDisk(t *testing.T) {
	if dir := os.Getenv(childDir); dir != "" {
		l := longLoop(t, dir)
		l.EpochEnd = func(p Progress, _ Trainer) error {
			if p.Epoch == 1 {
				return nil
			}
			keepCopy(t, l.checkpointPath(4))
			signal.Ignore(syscall.SIGXFSZ)
			return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 50000, Max: 50000})
		}
		if _, err := l.Run(context.Background()); !errors.Is(err, syscall.EFBIG) {
			t.Errorf("error %v, want one of the file that cannot grow", err)
		}
		return
	}
	dir := t.TempDir()
	if out, err := child("TestFullDisk", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	l := longLoop(t, dir)
	checkpoint := l.checkpointPath(4)
	want, err := os.ReadFile(checkpoint + ".copy")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(checkpoint); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the checkpoint before is not what it was (%v)", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); name != filepath.Base(checkpoint) && name != filepath.Base(checkpoint)+".copy" {
			t.Errorf("%s was left behind", name)
		}
	}
	resumed := 0
	l.Resumed = func(step int) { resumed = step }
	l.Recipe.Epochs = 24
	run(t, l)
	if resumed != 4 {
		t.Errorf("resumed at step %d, want 4", resumed)
	}
}

// keepCopy copies the file at path to path.copy.
func keepCopy(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path+".copy", b, 0o666)
	}
	if err != nil {
		t.Error(err)
	}
}

// As many tensors live after each of 200 steps as after the first.
func TestStepsLeaveNothing(t *testing.T) {
	torchtest.NoLeak(t)
	l := tinyLoop(t)
	l.Recipe.Epochs = 50
	steps, first := 0, 0
	l.Report = func(p Progress) {
		steps = p.Step
		if p.Step == 1 {
			first = torch.Live()
		}
		if live := torch.Live(); live != first {
			t.Errorf("%d tensors live after step %d, %d after the first", live, p.Step, first)
		}
	}
	run(t, l)
	if steps != 200 {
		t.Errorf("%d steps, want 200", steps)
	}
}
