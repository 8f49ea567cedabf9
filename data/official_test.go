package data_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
	"sslmem/internal/python"
)

// expected is what torchvision reads, see testdata/make_official.py.
type expected struct {
	Shape   []int
	Labels  []int
	SHA256  string
	Paths   []string
	Classes []string
}

func loadExpected(t *testing.T, path string) map[string]expected {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]expected{}
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	return want
}

// official are the small data sets in the formats of the large ones: what to
// open, and what the training and the test set are called in official.json.
var official = []struct {
	ref, format string
	train, test string
	// loose says that class names are not compared: torchvision gives none, or
	// names of its own.
	loose bool
}{
	{"cifar-10-binary.tar.gz", "CIFAR-10, binary", "cifar10", "cifar10 test", false},
	{"cifar-10-python.tar.gz", "CIFAR-10, python", "cifar10", "cifar10 test", false},
	{"cifar-100-binary.tar.gz", "CIFAR-100, binary", "cifar100", "cifar100 test", false},
	{"cifar-100-python.tar.gz", "CIFAR-100, python", "cifar100", "cifar100 test", false},
	{"svhn", "SVHN, cropped digits", "svhn train", "svhn test", true},
	{"svhn#extra", "SVHN, cropped digits", "svhn extra", "svhn test", true},
	{"svhn/test_32x32.mat", "SVHN, one file", "svhn test", "", true},
	{"stl10_binary.tar.gz", "STL-10, binary", "stl10 train", "stl10 test", false},
	{"stl10_binary.tar.gz#unlabeled", "STL-10, binary", "stl10 unlabeled", "stl10 test", true},
	{"stl10_binary.tar.gz#train+unlabeled", "STL-10, binary", "stl10 train+unlabeled", "stl10 test", false},
	{"stl10_binary.tar.gz#fold0", "STL-10, binary", "stl10 fold0", "stl10 test", false},
	{"stl10_binary.tar.gz#fold9", "STL-10, binary", "stl10 fold9", "stl10 test", false},
	{"fashion", "IDX, as MNIST", "fashion", "fashion test", true},
	{"gzip.zip", "EMNIST, IDX", "emnist balanced", "emnist balanced test", false},
	{"gzip.zip#letters", "EMNIST, IDX", "emnist letters", "emnist letters test", false},
	{"numpy/images.npy", "NumPy .npy", "numpy", "", true},
	{"numpy/images.npz", "NumPy .npz", "npz", "npz test", true},
}

func TestOfficialFormats(t *testing.T) {
	want := loadExpected(t, "testdata/official.json")
	for _, c := range official {
		t.Run(strings.ReplaceAll(c.ref, "/", "_"), func(t *testing.T) {
			checkOfficial(t, "testdata/official", c.ref, c.format, want[c.train], want[c.test], c.test != "", c.loose)
		})
	}
}

func checkOfficial(t *testing.T, root, ref, format string, train, test expected, hasTest, loose bool) {
	t.Helper()
	s, err := data.OpenSet(filepath.Join(root, filepath.FromSlash(ref)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Format != format {
		t.Errorf("recognised as %q instead of %q", s.Format, format)
	}
	compare(t, s.Train, train, loose)
	if (s.Test != nil) != hasTest {
		t.Fatalf("test set %v", s.Test)
	}
	if hasTest {
		compare(t, s.Test, test, loose)
	}
}

func compare(t *testing.T, s data.Source, want expected, loose bool) {
	t.Helper()
	d, err := data.Load(s, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := []int{d.Len(), d.C, d.H, d.W}; !slices.Equal(got, want.Shape) {
		t.Fatalf("shape %v instead of %v", got, want.Shape)
	}
	for i, l := range want.Labels {
		if got := d.Label(i); got != l {
			t.Errorf("image %d has label %d instead of %d", i, got, l)
		}
	}
	sum := sha256.Sum256(d.Pixels)
	if hex.EncodeToString(sum[:]) != want.SHA256 {
		t.Error("the pixels differ from torchvision's")
	}
	if !loose && !slices.Equal(d.Classes, want.Classes) {
		t.Errorf("classes %q instead of %q", d.Classes, want.Classes)
	}
}

// TestOfficialRemake makes the files again where torchvision can be imported,
// and compares both what torchvision reads and what is read here.
func TestOfficialRemake(t *testing.T) {
	dir := t.TempDir()
	python.Run(t, "testdata/make_official.py", dir)
	want, got := loadExpected(t, "testdata/official.json"), loadExpected(t, filepath.Join(dir, "official.json"))
	if !reflect.DeepEqual(got, want) {
		t.Error("torchvision reads something else from the files made again")
	}
	for _, c := range official {
		checkOfficial(t, filepath.Join(dir, "official"), c.ref, c.format, want[c.train], want[c.test], c.test != "", c.loose)
	}
}

// TestUnpackedFolders opens what the archives hold after they were unpacked.
func TestUnpackedFolders(t *testing.T) {
	want := loadExpected(t, "testdata/official.json")
	for _, c := range []struct{ archive, format, train, test string }{
		{"cifar-10-binary.tar.gz", "CIFAR-10, binary", "cifar10", "cifar10 test"},
		{"cifar-100-python.tar.gz", "CIFAR-100, python", "cifar100", "cifar100 test"},
		{"stl10_binary.tar.gz", "STL-10, binary", "stl10 train", "stl10 test"},
	} {
		dir := unpack(t, filepath.Join("testdata", "official", c.archive))
		checkOfficial(t, dir, ".", c.format, want[c.train], want[c.test], true, false)
	}
}

// TestUnlabeledInPlace: the images without labels of an unpacked STL-10 are read
// from where they lie.
func TestUnlabeledInPlace(t *testing.T) {
	want := loadExpected(t, "testdata/official.json")
	dir := unpack(t, "testdata/official/stl10_binary.tar.gz")
	for _, path := range []string{dir, filepath.Join(dir, "stl10_binary")} {
		s, err := data.OpenSet(path + "#unlabeled")
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := s.Train.(*data.Records); !ok {
			t.Errorf("%T instead of Records", s.Train)
		}
		compare(t, s.Train, want["stl10 unlabeled"], true)
		compare(t, s.Test, want["stl10 test"], false)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	os.Truncate(filepath.Join(dir, "stl10_binary", "unlabeled_X.bin"), 30000)
	if _, err := data.OpenSet(dir + "#unlabeled"); err == nil || !strings.Contains(err.Error(), "byte 27648") {
		t.Errorf("a cut file: %v", err)
	}
}

// TestDamagedArchives cuts and changes the archives at many places.
func TestDamagedArchives(t *testing.T) {
	for _, file := range []string{
		"cifar-10-binary.tar.gz", "cifar-100-python.tar.gz", "stl10_binary.tar.gz", "gzip.zip", "svhn/train_32x32.mat", "numpy/images.npz", "numpy/images.npy",
	} {
		content, err := os.ReadFile(filepath.Join("testdata", "official", file))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), filepath.Base(file))
		try := func(b []byte) error {
			if err := os.WriteFile(path, b, 0o666); err != nil {
				t.Fatal(err)
			}
			_, _, err := data.Open(path)
			return err
		}
		if err := try(content); err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			n := len(content) * i / 20
			if err := try(content[:n]); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("%s cut to %d of %d bytes: %v", file, n, len(content), err)
			}
		}
		if file == "numpy/images.npy" {
			continue // has no checksum
		}
		for i := range 40 {
			n := 20 + (len(content)-40)*i/40
			b := bytes.Clone(content)
			b[n] ^= 1 << (i % 8)
			if err := try(b); err == nil && !harmless(file, n, len(content)) {
				t.Errorf("%s with a bit of byte %d changed was read as if it were whole", file, n)
			} else if err != nil && !strings.Contains(err.Error(), path) {
				t.Errorf("%s with a bit of byte %d changed: the error names no file: %v", file, n, err)
			}
		}
	}
}

// harmless reports whether a byte tells nothing about the content: the text at
// the start of a .mat file, and times and names in a zip archive.
func harmless(file string, at, size int) bool {
	return strings.HasSuffix(file, ".mat") && at < 124 || strings.HasSuffix(file, ".npz") || strings.HasSuffix(file, ".zip")
}
