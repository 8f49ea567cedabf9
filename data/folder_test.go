package data_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
)

// mnistLike writes the four files of a tiny data set, two of them packed.
func mnistLike(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tiny")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	put(t, dir, "train-images-idx3-ubyte", idx([]uint32{4, 2, 3}, count(24)))
	put(t, dir, "train-labels-idx1-ubyte.gz", gz(idx([]uint32{4}, []byte{2, 0, 1, 1})))
	put(t, dir, "t10k-images-idx3-ubyte.gz", gz(idx([]uint32{2, 2, 3}, count(12))))
	put(t, dir, "t10k-labels-idx1-ubyte", idx([]uint32{2}, []byte{1, 0}))
	return dir
}

func TestOpenFolder(t *testing.T) {
	dir := mnistLike(t)
	train, test, err := data.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if train.Name != "tiny" || test.Name != "tiny-test" || train.Len() != 4 || test.Len() != 2 {
		t.Errorf("%q with %d and %q with %d images", train.Name, train.Len(), test.Name, test.Len())
	}
	if !slices.Equal(test.Classes, []string{"0", "1", "2"}) {
		t.Errorf("test classes %v are not those of the training set", test.Classes)
	}
}

func TestOpenFile(t *testing.T) {
	dir := mnistLike(t)
	train, test, err := data.Open(filepath.Join(dir, "train-images-idx3-ubyte"))
	if err != nil || test != nil || !slices.Equal(train.Labels, []int{2, 0, 1, 1}) {
		t.Errorf("labels beside the images were not read: %+v, %v", train, err)
	}
	alone := put(t, t.TempDir(), "pictures", idx([]uint32{4, 2, 3}, count(24)))
	if train, _, err = data.Open(alone); err != nil || train.Labels != nil || train.Len() != 4 {
		t.Errorf("images alone: %+v, %v", train, err)
	}
	put(t, dir, "train-labels-idx1-ubyte.gz", []byte("damaged"))
	if _, _, err := data.Open(filepath.Join(dir, "train-images-idx3-ubyte")); err == nil {
		t.Error("damaged labels beside the images were passed over")
	}
}

func TestOpenErrors(t *testing.T) {
	if _, _, err := data.Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing path: %v", err)
	}
	for name, c := range map[string]struct {
		change func(dir string)
		want   []string
	}{
		"missing": {func(dir string) {
			os.Remove(filepath.Join(dir, "train-images-idx3-ubyte"))
			os.Remove(filepath.Join(dir, "t10k-labels-idx1-ubyte"))
		}, []string{"train-images-idx3-ubyte.gz is missing", "t10k-labels-idx1-ubyte.gz is missing", "give its path"}},
		"shapes": {func(dir string) {
			put(t, dir, "t10k-images-idx3-ubyte.gz", idx([]uint32{2, 3, 2}, count(12)))
		}, []string{"1×3×2, but the training images have 1×2×3"}},
		"labels": {func(dir string) {
			put(t, dir, "t10k-labels-idx1-ubyte", idx([]uint32{2}, []byte{1, 3}))
		}, []string{"byte 9: label 3", "classes 0 to 2"}},
	} {
		dir := mnistLike(t)
		c.change(dir)
		_, _, err := data.Open(dir)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want one with %q", name, err, want)
			}
		}
	}
}
