package data

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"sslmem/data/format"
)

// FuzzIDX: no input makes the reader panic or take more memory than the input
// can hold, errors name a place in it, and what is accepted is consistent.
func FuzzIDX(f *testing.F) {
	images := []byte("\x00\x00\x08\x03\x00\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00\x03abcdefghijkl")
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(images)
	z.Close()
	for _, seed := range [][]byte{
		images, packed.Bytes(), images[:9], packed.Bytes()[:30], append(packed.Bytes(), 0, 0),
		[]byte("\x00\x00\x08\x01\x00\x00\x00\x03abc"),
		[]byte("\x00\x00\x08\x04\x00\x00\x00\x01\x00\x00\x00\x03\x00\x00\x00\x01\x00\x00\x00\x01rgb"),
		[]byte("\x00\x00\x08\x03\xff\xff\xff\xff\x00\x00\x20\x00\x00\x00\x20\x00"),
		{0x1f, 0x8b}, {},
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, nd := range [][2]int{{3, 4}, {1, 1}} {
			dims, payload, err := parseIDX("f", bytes.NewReader(content), int64(len(content)), nd[0], nd[1])
			if err != nil {
				var fe *FormatError
				if !errors.As(err, &fe) || fe.File != "f" || fe.Offset < 0 || fe.Offset > format.MaxDeflate*int64(len(content)) {
					t.Fatalf("error without a place: %v", err)
				}
				continue
			}
			product := 1
			for _, n := range dims {
				product *= n
			}
			if len(dims) < nd[0] || len(dims) > nd[1] || product != len(payload) || product < 1 || product > format.MaxDeflate*len(content) {
				t.Fatalf("%d bytes with dimensions %v from %d bytes", len(payload), dims, len(content))
			}
		}
	})
}

// FuzzSplits: no input panics, and what is accepted is valid and survives
// being saved and loaded.
func FuzzSplits(f *testing.F) {
	f.Add([]byte(`{"dataset":"a","n":10,"seed":1,"shared":[0,1],"candidate":[2],"independent":[3],"external":[]}`))
	f.Add([]byte(`{"n":10,"shared":null}`))
	f.Add([]byte(`{"n":1e3}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, content []byte) {
		s, err := parseSplits(content)
		if err != nil {
			return
		}
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseSplits(b)
		if err != nil || !reflect.DeepEqual(again, s) {
			t.Fatalf("%+v became %+v, %v", s, again, err)
		}
	})
}

// FuzzOpen: whatever lies at a path, opening it does not panic, errors name it,
// and what is accepted is consistent. The format is recognised from the content.
func FuzzOpen(f *testing.F) {
	for _, name := range []string{
		"shards/train-00000.tar", "numpy/images.npz", "numpy/labels.npy", "svhn/extra_32x32.mat", "gzip.zip",
		"cifar-10-python.tar.gz", "cifar-100-binary.tar.gz", "fashion/t10k-images-idx3-ubyte.gz",
	} {
		b, err := os.ReadFile(filepath.Join("testdata", "official", filepath.FromSlash(name)))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		if r, err := gzip.NewReader(bytes.NewReader(b)); err == nil {
			if b, err = io.ReadAll(r); err != nil {
				f.Fatal(err)
			}
			f.Add(b) // a plain archive, of which changes reach the content
		}
	}
	path := filepath.Join(f.TempDir(), "fuzzed")
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		s, err := OpenSet(path)
		if err != nil {
			if !strings.Contains(err.Error(), path) {
				t.Fatalf("the error names no file: %v", err)
			}
			return
		}
		defer s.Close()
		for _, src := range []Source{s.Train, s.Test} {
			if src == nil {
				continue
			}
			d, err := Load(src, 8)
			if err != nil {
				if !strings.Contains(err.Error(), path) {
					t.Fatalf("the error names no file: %v", err)
				}
				continue
			}
			if err := d.Check(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
