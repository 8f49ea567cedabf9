package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslmem/torch/safetensors"
)

// raw assembles a file from a header and so many bytes of data.
func raw(header string, dataLen int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, dataLen)...)
}

// badFiles are files that must be refused, with a part of the error each.
var badFiles = []struct {
	name string
	file []byte
	want string
}{
	{"empty", nil, "0 bytes are too few"},
	{"seven bytes", make([]byte, 7), "7 bytes are too few"},
	{"no header", make([]byte, 8), "does not start with '{'"},
	{"huge header", []byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"), "header of 18446744073709551615 bytes"},
	{"header over the limit", []byte("\x01\xe1\xf5\x05\x00\x00\x00\x00{}"), "header of 100000001 bytes"},
	{"header at the limit, truncated", []byte("\x00\xe1\xf5\x05\x00\x00\x00\x00{}"), "only 2 follow"},
	{"zip", []byte("PK\x03\x04\x00\x00\x08\x08\x00\x00\x00\x00\x00\x00"), "torch.LoadPT"},
	{"leading space", raw(` {}`, 0), "does not start with '{'"},
	{"array", raw(`[]`, 0), "does not start with '{'"},
	{"no end", raw(`{`, 0), "not JSON near byte 1: unexpected EOF"},
	{"bad JSON", raw(`{"a":}`, 0), "not JSON"},
	{"trailing comma", raw(`{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},}`, 1), "not JSON"},
	{"two objects", raw(`{}{}`, 0), "2 bytes behind its closing brace"},
	{"zero padding", raw("{}\x00\x00", 0), "2 bytes behind its closing brace"},
	{"not UTF-8", raw("{\"\xff\":{}}", 0), "not UTF-8"},
	{"deep", raw(`{"a":`+strings.Repeat(`[`, 1<<20), 0), `"a": its description is not a JSON object`},
	{"deep description", raw(`{"a":{"shape":`+strings.Repeat(`[`, 1<<20), 0), "shape holds something that is not a number"},
	{"tensor is null", raw(`{"a":null}`, 0), "not a JSON object"},
	{"no dtype", raw(`{"a":{"shape":[1],"data_offsets":[0,1]}}`, 1), `"a": the field "dtype" is missing`},
	{"no shape", raw(`{"a":{"dtype":"U8","data_offsets":[0,1]}}`, 1), `"a": the field "shape" is missing`},
	{"no offsets", raw(`{"a":{"dtype":"U8","shape":[1]}}`, 1), `"a": the field "data_offsets" is missing`},
	{"one offset", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}`, 1), "1 numbers, not 2"},
	{"unknown field", raw(`{"a":{"dtype":"U8","layout":"sparse"}}`, 1), `"layout" is not part of the format`},
	{"field twice", raw(`{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), `"dtype" is given twice`},
	{"dtype is a number", raw(`{"a":{"dtype":8,"shape":[1],"data_offsets":[0,1]}}`, 1), "dtype is not a string"},
	{"unknown dtype", raw(`{"a":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}}`, 4), `dtype "f32" is not known; known are BOOL, F4`},
	{"shape is a number", raw(`{"a":{"dtype":"U8","shape":1,"data_offsets":[0,1]}}`, 1), "shape is not an array"},
	{"negative shape", raw(`{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}`, 1), "shape holds -1"},
	{"fractional shape", raw(`{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}`, 1), "shape holds 1.0"},
	{"exponent in shape", raw(`{"a":{"dtype":"U8","shape":[1e0],"data_offsets":[0,1]}}`, 1), "shape holds 1e0"},
	{"shape of 64 bits", raw(`{"a":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,1]}}`, 1), "not an integer from 0 to 2^63-1"},
	{"elements overflow", raw(`{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0), "more elements than 63 bits count"},
	{"elements overflow before a 0", raw(`{"a":{"dtype":"U8","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}`, 0), "more elements than 63 bits count"},
	{"bytes overflow", raw(`{"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}}`, 0), "more bytes than 63 bits count"},
	{"size too small", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4), "takes 8 bytes, but data_offsets [0, 4] span 4"},
	{"scalar of two", raw(`{"a":{"dtype":"U8","shape":[],"data_offsets":[0,2]}}`, 2), "takes 1 bytes"},
	{"backwards", raw(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[1,0]}}`, 1), "end before they begin"},
	{"truncated data", raw(`{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}`, 7), "reach past the 7 bytes"},
	{"offsets of 64 bits", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[18446744073709551615,0]}}`, 0), "data_offsets holds 18446744073709551615"},
	{"hole in front", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), "1 bytes before"},
	{"hole", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}}`, 4), `"b": 2 bytes before`},
	{"hole before empty", raw(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}}`, 2), "2 bytes before"},
	{"overlap", raw(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3), `"b": data_offsets [1, 3] overlap tensor "a"`},
	{"same bytes", raw(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 2), "overlap"},
	{"bytes behind", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 3), "2 bytes behind the last tensor"},
	{"data without tensors", raw(`{}`, 1), "1 bytes behind the last tensor"},
	{"name twice", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), `"a": the name is given twice`},
	{"name twice by escape", raw(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, 0), "given twice"},
	{"metadata twice", raw(`{"__metadata__":{},"__metadata__":{}}`, 0), "given twice"},
	{"metadata key twice", raw(`{"__metadata__":{"a":"1","a":"2"}}`, 0), `the key "a" of __metadata__ is given twice`},
	{"metadata number", raw(`{"__metadata__":{"epoch":3}}`, 0), `the value of "epoch" in __metadata__ is not a string`},
	{"metadata array", raw(`{"__metadata__":[]}`, 0), "__metadata__ is not a JSON object"},
	{"metadata null", raw(`{"__metadata__":null}`, 0), "__metadata__ is not a JSON object"},
}

// TestRefused opens every bad file in all three ways.
func TestRefused(t *testing.T) {
	for _, c := range badFiles {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bad.safetensors")
			if err := os.WriteFile(path, c.file, 0o666); err != nil {
				t.Fatal(err)
			}
			_, opened := safetensors.Open(path)
			_, parsed := safetensors.Parse(c.file)
			_, read := safetensors.Read(bytes.NewReader(c.file), int64(len(c.file)))
			for _, err := range []error{opened, parsed, read} {
				var format *safetensors.FormatError
				if !errors.As(err, &format) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want a FormatError with %q", err, c.want)
				}
			}
			if opened != nil && !strings.Contains(opened.Error(), path) {
				t.Errorf("%v does not name the file", opened)
			}
		})
	}
}

// TestAccepted covers what is unusual but allowed.
func TestAccepted(t *testing.T) {
	for _, c := range []struct {
		name  string
		file  []byte
		names []string
	}{
		{"spaces behind", raw("{}      ", 0), nil},
		{"white space inside and behind", raw("{ \"a\" :\n{\"shape\":[ ],\t\"data_offsets\":[0 ,1],\"dtype\":\"BOOL\"} }\r\n\t ", 1), []string{"a"}},
		{"file order is offset order", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 2), []string{"b", "a"}},
		{"empty at the same offset first", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, 1), []string{"b", "a"}},
		{"0 before a large size", raw(`{"a":{"dtype":"F64","shape":[0,9223372036854775807],"data_offsets":[0,0]}}`, 0), []string{"a"}},
		{"unaligned data", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F64","shape":[],"data_offsets":[1,9]}}`, 9), []string{"a", "b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := safetensors.Parse(c.file)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(f.Names(), c.names) {
				t.Errorf("names %q, want %q", f.Names(), c.names)
			}
		})
	}
}

func TestOpenRefusesWhatCannotBeMapped(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	if _, err := safetensors.Open(missing); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("missing file: %v", err)
	}
	for _, path := range []string{t.TempDir(), os.DevNull} {
		if _, err := safetensors.Open(path); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestMissingTensor(t *testing.T) {
	f, err := safetensors.Open("testdata/shapes.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, _, err = f.Tensor("scalars")
	if err == nil || !strings.Contains(err.Error(), "shapes.safetensors") || !strings.Contains(err.Error(), `"scalars"`) {
		t.Errorf("the error must name file and tensor: %v", err)
	}
	if _, ok := f.Info("scalars"); ok {
		t.Error("Info found it")
	}
}

func TestClose(t *testing.T) {
	f, err := safetensors.Open("testdata/shapes.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := f.Tensor("scalar"); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Tensor after Close: %v", err)
	}
	for info := range f.All() {
		t.Errorf("All after Close yields %v", info)
	}
	if info, ok := f.Info("scalar"); !ok || info.DType != safetensors.F32 {
		t.Errorf("Info after Close: %v, %v", info, ok)
	}
}

// TestWindows makes sure that Parse copies nothing, and that appending to the
// bytes of one tensor cannot reach the next.
func TestWindows(t *testing.T) {
	b := raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2)
	f, err := safetensors.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	_, a, _ := f.Tensor("a")
	if &a[0] != &b[len(b)-2] || cap(a) != 1 {
		t.Errorf("not a window of one byte: cap %d", cap(a))
	}
}

// brokenReader fails behind its first n bytes.
type brokenReader struct {
	b []byte
	n int64
}

var errBroken = errors.New("cable pulled")

func (r brokenReader) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > r.n {
		return 0, errBroken
	}
	return copy(p, r.b[off:]), nil
}

func TestReadErrors(t *testing.T) {
	b, err := os.ReadFile("testdata/shapes.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int64{0, 8, int64(len(b)) - 1} {
		if _, err := safetensors.Read(brokenReader{b, n}, int64(len(b))); !errors.Is(err, errBroken) {
			t.Errorf("broken behind %d: %v", n, err)
		}
	}
	for _, n := range []int{0, 8, len(b) - 1} {
		if _, err := safetensors.Read(bytes.NewReader(b[:n]), int64(len(b))); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("short source of %d: %v", n, err)
		}
	}
}
