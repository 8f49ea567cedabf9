package ptfile_test

import (
	"bytes"
	"math"
	"math/cmplx"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sslmem/torch/ptfile"
)

// FuzzRead feeds any bytes to the reader as a whole file. It must neither crash
// nor take memory out of proportion, and what it accepts must survive writing.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.pt")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if len(b) < 3000 { // the search is slow with long ones
			f.Add(b)
			f.Add(b[:len(b)/2])
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) { accept(t, b) })
}

// FuzzPickle does the same with the pickle in an archive that has two storages,
// so that the search does not get stuck in checksums.
func FuzzPickle(f *testing.F) {
	for _, c := range hostile {
		if len(c.pickle) < 1<<12 {
			f.Add([]byte(c.pickle))
		}
	}
	f.Add([]byte(proto + tensorOf(storage("FloatStorage", "0", 2), "K\x00", "K\x02\x85", "K\x01\x85") + "."))
	f.Fuzz(func(t *testing.T, b []byte) { accept(t, withPickle(t, string(b))) })
}

// accept reads a file, with and without opaque objects, and checks what the
// package promises of the result.
func accept(t *testing.T, b []byte) {
	before := allocated()
	strict, err := ptfile.Read(bytes.NewReader(b), int64(len(b)), ptfile.Options{})
	opaque, opaqueErr := ptfile.Read(bytes.NewReader(b), int64(len(b)), ptfile.Options{Opaque: true})
	if used := allocated() - before; used > 2*bound(len(b)) {
		t.Fatalf("%d bytes of memory were taken for a file of %d", used, len(b))
	}
	if err == nil && opaqueErr != nil {
		t.Fatalf("only refused where more is allowed: %v", opaqueErr)
	}
	if opaqueErr != nil {
		if opaqueErr.Error() == "" || !strings.HasPrefix(err.Error(), "ptfile: ") {
			t.Fatalf("error %q", err)
		}
		return
	}
	var total int64
	for _, s := range opaque.Storages() {
		if total += s.Bytes(); total > int64(len(b)) {
			t.Fatalf("the storages take %d bytes, the file %d", total, len(b))
		}
	}
	walk(t, opaque.Root, 0)
	if err != nil {
		return
	}
	for _, s := range strict.Storages() {
		s.Data = make([]byte, s.Bytes())
		if strict.ReadStorage(s, s.Data) != nil {
			return
		}
	}
	var out bytes.Buffer
	if ptfile.Write(&out, strict.Root) != nil {
		return // an argparse.Namespace, or a set that Python cannot hold
	}
	again, err := read(out.Bytes())
	if err != nil {
		t.Fatalf("what was written is refused: %v", err)
	}
	var second bytes.Buffer
	for _, s := range again.Storages() {
		s.Data = make([]byte, s.Bytes())
		if err := again.ReadStorage(s, s.Data); err != nil {
			t.Fatal(err)
		}
	}
	if err := ptfile.Write(&second, again.Root); err != nil || !bytes.Equal(second.Bytes(), out.Bytes()) {
		t.Fatalf("written twice it differs: %v", err)
	}
}

// walk goes through a tree by plain recursion, as programs do.
func walk(t *testing.T, v ptfile.Value, depth int) {
	if depth > 500 {
		t.Fatal("the tree is too deep")
	}
	switch v := v.(type) {
	case *ptfile.List:
		for _, item := range v.Items {
			walk(t, item, depth+1)
		}
	case ptfile.Tuple:
		for _, item := range v {
			walk(t, item, depth+1)
		}
	case *ptfile.Dict:
		for key, value := range v.All() {
			if _, ok := v.Get(key); !ok && !isNaN(key) {
				t.Fatalf("the key %v is lost", key)
			}
			walk(t, value, depth+1)
		}
	case *ptfile.Object:
		_ = v.Class()
		walk(t, v.State, depth+1)
		walk(t, v.Args, depth+1)
	case *ptfile.Tensor:
		inside(t, v)
	}
}

// inside checks the corners of a tensor against its storage.
func inside(t *testing.T, x *ptfile.Tensor) {
	if x.Numel() == 0 {
		return
	}
	last := x.Offset
	for i, size := range x.Shape {
		last += (size - 1) * x.Strides[i]
	}
	if size := int64(x.DType.Size()); x.Offset < 0 || last < x.Offset || (last+1)*size > x.Storage.Bytes() {
		t.Fatalf("%+v reaches element %d of %d bytes", x, last, x.Storage.Bytes())
	}
}

// isNaN reports whether a key differs from itself, as in Python.
func isNaN(key ptfile.Value) bool {
	switch k := key.(type) {
	case float64:
		return math.IsNaN(k)
	case complex128:
		return cmplx.IsNaN(k)
	}
	return false
}
