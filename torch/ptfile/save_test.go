package ptfile_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"math/big"
	"path/filepath"
	"strings"
	"testing"

	"sslmem/internal/python"
	"sslmem/torch/ptfile"
)

// writable are the fixtures that have no object, which is not written.
func writable(t *testing.T) []string {
	var names []string
	for name := range expected(t, "testdata") {
		if name != "namespace.pt" {
			names = append(names, name)
		}
	}
	return names
}

// loaded opens a fixture and gives its storages their bytes.
func loaded(t *testing.T, name string) ptfile.Value {
	t.Helper()
	f, err := ptfile.Open(filepath.Join("testdata", name), ptfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	get := contents(t, f)
	for _, s := range f.Storages() {
		s.Data = get(s)
	}
	return f.Root
}

// TestRoundTrip writes what was read and reads it again.
func TestRoundTrip(t *testing.T) {
	for _, name := range writable(t) {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := ptfile.Write(&b, loaded(t, name)); err != nil {
				t.Fatal(err)
			}
			f, err := read(b.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			same(t, described(t, f.Root, contents(t, f)), expected(t, "testdata")[name])

			var again bytes.Buffer
			if err := ptfile.Write(&again, loaded(t, name)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again.Bytes(), b.Bytes()) {
				t.Error("the same tree gave other bytes")
			}
		})
	}
}

// TestPythonReadsOurs lets torch.load(weights_only=True) read what was written
// here, plainly and through a memory map.
func TestPythonReadsOurs(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	want := expected(t, "testdata")
	for _, name := range writable(t) {
		path := filepath.Join(dir, name)
		if err := ptfile.Save(path, loaded(t, name)); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	got := decoded(t, python.Run(t, append([]string{"testdata/describe_files.py"}, paths...)...)).(map[string]any)
	if len(got) != len(paths) {
		t.Errorf("Python read %d files of %d", len(got), len(paths))
	}
	for name := range got {
		t.Run(name, func(t *testing.T) { same(t, got[name], want[name]) })
	}
}

// TestContainer checks what PyTorch demands of the zip archive.
func TestContainer(t *testing.T) {
	var b bytes.Buffer
	if err := ptfile.Write(&b, loaded(t, "views.pt")); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		offset, err := f.DataOffset()
		if err != nil || offset%64 != 0 || f.Method != zip.Store {
			t.Errorf("%s begins at byte %d with method %d, error %v", f.Name, offset, f.Method, err)
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		var content bytes.Buffer
		if _, err := content.ReadFrom(r); err != nil { // compares the checksum
			t.Errorf("%s: %v", f.Name, err)
		}
		switch name := strings.TrimPrefix(f.Name, "archive/"); name {
		case "version":
			if content.String() != "3\n" {
				t.Errorf("the version is %q", content.String())
			}
		case "byteorder":
			if content.String() != "little" {
				t.Errorf("the byte order is %q", content.String())
			}
		case ".data/serialization_id":
			if content.Len() != 40 {
				t.Errorf("the id is %q", content.String())
			}
		case "data.pkl":
		default:
			names = append(names, name)
		}
	}
	// One record for each storage: the views of one are not written again.
	if len(names) != 9 || names[0] != "data/0" || names[8] != "data/8" {
		t.Errorf("the records of storages are %v", names)
	}
}

func TestWriteErrors(t *testing.T) {
	vector := func(dtype ptfile.DType, n int64, data int) *ptfile.Tensor {
		s := &ptfile.Storage{DType: ptfile.Float32, Numel: 2, Data: make([]byte, data)}
		return &ptfile.Tensor{DType: dtype, Shape: []int64{n}, Strides: []int64{1}, Storage: s}
	}
	self := ptfile.NewList()
	self.Items = append(self.Items, ptfile.Tuple{self})
	deep := ptfile.Value(nil)
	for range 600 {
		deep = ptfile.Tuple{deep}
	}
	looped := ptfile.NewDict(ptfile.Counter)
	looped.Set("a", looped)
	for _, c := range []struct {
		root ptfile.Value
		part string
	}{
		{vector(ptfile.Float32, 3, 8), "reaches element 2 of a storage that has 2"},
		{vector(ptfile.Float32, 2, 7), "has 7 bytes of data instead of 8"},
		{vector(ptfile.Int32, 2, 8), "a tensor of int32 lies in a storage of float32"},
		{vector("float33", 2, 8), `"float33"`},
		{&ptfile.Tensor{DType: ptfile.Float32}, "no storage"},
		{ptfile.Tuple{&ptfile.Object{Of: ptfile.Class{Module: "argparse", Name: "Namespace"}}}, "argparse.Namespace"},
		{struct{}{}, "a Go struct {}"},
		{"\xff", "not UTF-8"},
		{ptfile.Device("cuda:x"), "not the name of a device"},
		{ptfile.DType("x"), "not known"},
		{new(big.Int).Lsh(big.NewInt(1), 3000), "longer than the 255"},
		{deep, "nested more than 500 deep"},
		{looped, "a value holds itself"},
		{self, "a value holds itself"},
	} {
		var b bytes.Buffer
		err := ptfile.Write(&b, c.root)
		if err == nil || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%v: error %v lacks %q", c.root, err, c.part)
		}
		if b.Len() > 0 {
			t.Errorf("%v: %d bytes were written before the error", c.root, b.Len())
		}
	}
	boom := errors.New("boom")
	for n := range 300 {
		err := ptfile.Write(&limited{n * 8, boom}, loaded(t, "views.pt"))
		if !errors.Is(err, boom) {
			t.Errorf("a writer that fails after %d bytes: %v", n*8, err)
		}
	}
}

// limited is a writer that fails after n bytes.
type limited struct {
	n   int
	err error
}

func (l *limited) Write(b []byte) (int, error) {
	if len(b) > l.n {
		return l.n, l.err
	}
	l.n -= len(b)
	return len(b), nil
}
