package cli

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sslmem/data"
)

// jpegClasses writes n images of Fashion-MNIST as JPEGs in folders of classes, the
// odd ones with some rows less.
func jpegClasses(t *testing.T, n int) string {
	t.Helper()
	train, _, err := data.FashionMNIST()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i := range n {
		var b bytes.Buffer
		im := &image.Gray{Pix: train.Image(i), Stride: 28, Rect: image.Rect(0, 0, 28, 28-i%2*4)}
		if err := jpeg.Encode(&b, im, nil); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, fmt.Sprintf("class%d", i%3), fmt.Sprintf("%03d.jpg", i))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A whole run on a folder of JPEGs that do not fit into the memory that it may
// take has the scores of one in memory.
func TestRunOfAFolder(t *testing.T) {
	folder := jpegClasses(t, 85)
	var scores [2][]byte
	for i, memory := range []int{0, 10} {
		dir := filepath.Join(t.TempDir(), "run")
		args := small(dir, "--data", folder, "--set", "image_size=20", "--set", fmt.Sprintf("memory_mb=%d", memory))
		if code, _, stderr := call(args...); code != ExitOK {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		var err error
		if scores[i], err = os.ReadFile(filepath.Join(dir, "scores.csv")); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := call("plot", dir); code != ExitOK {
			t.Errorf("plot: exit code %d: %s", code, stderr)
		}
	}
	if !bytes.Equal(scores[0], scores[1]) {
		t.Error("other scores than in memory")
	}
}

// Images of many sizes need one size, of their own or of the views.
func TestRunOfManySizes(t *testing.T) {
	folder := jpegClasses(t, 85)
	for _, memory := range []string{"memory_mb=0", "memory_mb=10"} {
		dir := filepath.Join(t.TempDir(), "run")
		args := small(dir, "--data", folder, "--set", memory)
		if code, _, stderr := call(args...); code == ExitOK || !strings.Contains(stderr, "image_size=") {
			t.Errorf("%s: exit code %d: %s", memory, code, stderr)
		}
		args = append(args, "--set", "recipe.augment.size=16", "--set", "recipe.augment.mean=[]", "--set", "recipe.augment.std=[]")
		if code, _, stderr := call(args...); code != ExitOK {
			t.Errorf("%s: exit code %d: %s", memory, code, stderr)
		}
	}
}

// A file that cannot be decoded ends the run with its name.
func TestRunOfABrokenFile(t *testing.T) {
	folder := jpegClasses(t, 85)
	if err := os.Truncate(filepath.Join(folder, "class2", "044.jpg"), 300); err != nil {
		t.Fatal(err)
	}
	args := small(filepath.Join(t.TempDir(), "run"), "--data", folder, "--set", "image_size=20", "--set", "memory_mb=0")
	if code, _, stderr := call(args...); code != ExitFailure || !strings.Contains(stderr, "044.jpg") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}
