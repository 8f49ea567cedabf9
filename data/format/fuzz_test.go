package format_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"sslmem/data/format"
)

const official = "../testdata/official"

// checkError fails unless err is an Error with a place that can be.
func checkError(t *testing.T, err error, size int) {
	t.Helper()
	var fe *format.Error
	if !errors.As(err, &fe) || fe.File != "f" || fe.Offset < 0 || fe.Offset > int64(size+1)*format.MaxDeflate {
		t.Fatalf("error without a place: %v", err)
	}
}

// checkArray fails unless an array is whole and no larger than a file of that
// size can hold.
func checkArray(t *testing.T, a *format.Array, size int) {
	t.Helper()
	if len(a.Data) != a.Len()*a.Size || len(a.Data) > size*format.MaxDeflate {
		t.Fatalf("%v with %d bytes from %d bytes", a, len(a.Data), size)
	}
	if got := a.RowMajor(); len(got) != len(a.Data) {
		t.Fatalf("%v: %d bytes in the order of rows", a, len(got))
	}
	if _, err := a.Ints(); err != nil && a.Kind != format.Float && a.Size < 8 {
		t.Fatalf("%v: %v", a, err)
	}
}

// FuzzPickle: no input panics, runs code or hangs.
func FuzzPickle(f *testing.F) {
	for _, seed := range []string{
		"\x80\x02}q\x00(U\x06labelsq\x01]q\x02(K\x01M\x00\x01J\xff\xff\xff\xffe.",
		"(dp1\nS'label_names'\np2\n(lp3\nS'airplane'\np4\nasS'n'\nI10\ns.",
		"\x80\x02U\x04datacnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x02K\x02\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x04abcdtb\x86.",
		"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x02hi\x94\x8c\x06latin1\x86.", "c_codecs\nencode\n(X\x02\x00\x00\x00\xc3\xbfX\x06\x00\x00\x00latin1tR.",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		v, err := format.ReadPickle("f", content)
		if err != nil {
			checkError(t, err, len(content))
			return
		}
		if a, ok := v.(*format.Array); ok && a.Size != 0 {
			checkArray(t, a, len(content))
		}
	})
}

// FuzzMAT: no input panics or takes more memory than it can hold.
func FuzzMAT(f *testing.F) {
	for _, name := range []string{"train", "extra", "test"} {
		b, err := os.ReadFile(filepath.Join(official, "svhn", name+"_32x32.mat"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		vars, err := format.ReadMAT("f", bytes.NewReader(content), int64(len(content)))
		if err != nil {
			checkError(t, err, len(content))
			return
		}
		for _, a := range vars {
			checkArray(t, a, len(content))
		}
	})
}

// FuzzNPY: no input panics or takes more memory than it can hold.
func FuzzNPY(f *testing.F) {
	for _, name := range []string{"images.npy", "labels.npy"} {
		b, err := os.ReadFile(filepath.Join(official, "numpy", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	z, err := zip.OpenReader(filepath.Join(official, "numpy", "images.npz"))
	if err != nil {
		f.Fatal(err)
	}
	defer z.Close()
	for _, m := range z.File {
		r, err := m.Open()
		if err != nil {
			f.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("\x93NUMPY\x01\x00\x46\x00{'descr': '<f8', 'fortran_order': True, 'shape': (99999999, 99999999), }\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		a, err := format.ReadNPY("f", bytes.NewReader(content), int64(len(content)), 1)
		if err != nil {
			checkError(t, err, len(content))
			return
		}
		checkArray(t, a, len(content))
	})
}
