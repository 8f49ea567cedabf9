package ssl

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/torch/torchtest"
)

// jpegFolder writes n images of Fashion-MNIST as JPEGs.
func jpegFolder(t *testing.T, n int) string {
	t.Helper()
	train, _, err := data.FashionMNIST()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i := range n {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, &image.Gray{Pix: train.Image(i), Stride: 28, Rect: image.Rect(0, 0, 28, 28)}, nil); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.jpg", i)), b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// folderLoop trains on a folder of JPEGs that are decoded as they are needed.
func folderLoop(t *testing.T, dir string) *Loop {
	t.Helper()
	l := tinyLoop(t)
	var err error
	if l.Recipe.Augment, err = augment.Lookup("simclr-cifar"); err != nil {
		t.Fatal(err)
	}
	set, err := data.OpenSet(dir)
	if err != nil {
		t.Fatal(err)
	}
	if l.Data, err = data.NewLazy(set.Train, 24); err != nil {
		t.Fatal(err)
	}
	l.Index = l.Index[:0]
	for i := range 38 { // two batches of 16, six left over
		l.Index = append(l.Index, 39-i)
	}
	return l
}

// A training on a folder of JPEGs is to the bit that on the same images in memory,
// and so is one that was stopped at any step and resumed.
func TestFolderEqualsMemory(t *testing.T) {
	torchtest.NoLeak(t)
	dir := jpegFolder(t, 40)
	whole := folderLoop(t, dir)
	set, err := data.OpenSet(dir)
	if err != nil {
		t.Fatal(err)
	}
	if whole.Data, err = data.Load(set.Train, 24); err != nil {
		t.Fatal(err)
	}
	want := run(t, whole)
	sameWeights(t, run(t, folderLoop(t, dir)), want)
	for _, stop := range []int{1, 2, 5} {
		l := folderLoop(t, dir)
		l.Checkpoints = t.TempDir()
		trainTo(t, l, stop)
		again := folderLoop(t, dir)
		again.Checkpoints, again.Resume = l.Checkpoints, true
		resumed := 0
		again.Resumed = func(step int) { resumed = step }
		sameWeights(t, run(t, again), want)
		if resumed != stop {
			t.Errorf("resumed at step %d, want %d", resumed, stop)
		}
	}
}

// A file that is damaged while a training runs ends it with an error that names
// it, and its checkpoint goes on once the file is whole again.
func TestDamagedFileEndsTraining(t *testing.T) {
	torchtest.NoLeak(t)
	dir := jpegFolder(t, 40)
	whole := folderLoop(t, dir)
	whole.Recipe.Epochs = 8 // more than are decoded ahead
	want := run(t, whole)
	l := folderLoop(t, dir)
	l.Recipe.Epochs = 8
	l.Checkpoints, l.Resume = t.TempDir(), true
	victim := filepath.Join(dir, "017.jpg")
	content, err := os.ReadFile(victim)
	if err != nil {
		t.Fatal(err)
	}
	l.Report = func(p Progress) {
		if p.Step == 2 {
			if err := os.WriteFile(victim, content[:200], 0o666); err != nil {
				t.Error(err)
			}
		}
	}
	_, err = l.Run(context.Background())
	if err == nil || !strings.Contains(err.Error(), "017.jpg") || !strings.Contains(err.Error(), "step ") {
		t.Fatalf("error %v does not name step and file", err)
	}
	if err := os.WriteFile(victim, content, 0o666); err != nil {
		t.Fatal(err)
	}
	l.Report = nil
	sameWeights(t, run(t, l), want)
}

// A checkpoint does not go with files of other names.
func TestCheckpointKnowsTheFiles(t *testing.T) {
	dir := jpegFolder(t, 40)
	l := folderLoop(t, dir)
	l.Checkpoints, l.Resume = t.TempDir(), true
	trainTo(t, l, 3)
	if err := os.Rename(filepath.Join(dir, "017.jpg"), filepath.Join(dir, "017a.jpg")); err != nil {
		t.Fatal(err)
	}
	other := folderLoop(t, dir)
	other.Checkpoints, other.Resume = l.Checkpoints, true
	if _, err := other.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "images") {
		t.Errorf("error %v does not say that the images differ", err)
	}
}
