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

// mixed is a list of tensors of several types in no order.
func mixed() []safetensors.Tensor {
	return []safetensors.Tensor{
		{Name: "mask", DType: safetensors.Bool, Shape: []int64{3}, Data: []byte{1, 0, 1}},
		{Name: "w2", DType: safetensors.F32, Shape: []int64{1, 2}, Data: make([]byte, 8)},
		{Name: "step", DType: safetensors.I64, Data: make([]byte, 8)},
		{Name: "half", DType: safetensors.BF16, Shape: []int64{1}, Data: make([]byte, 2)},
		{Name: "w1", DType: safetensors.F32, Shape: []int64{1}, Data: make([]byte, 4)},
		{Name: "none", DType: safetensors.F64, Shape: []int64{0, 5}},
	}
}

func written(t *testing.T, tensors []safetensors.Tensor, metadata map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOrderAndAlignment(t *testing.T) {
	tensors := mixed()
	metadata := map[string]string{"b": "2", "a": "1", "c": "3"}
	want := written(t, tensors, metadata)
	f, err := safetensors.Parse(want)
	if err != nil {
		t.Fatal(err)
	}
	if order := []string{"step", "none", "w1", "w2", "half", "mask"}; !slices.Equal(f.Names(), order) {
		t.Errorf("names %q, want %q", f.Names(), order)
	}
	if n := binary.LittleEndian.Uint64(want); n%8 != 0 {
		t.Errorf("header of %d bytes is not a multiple of 8", n)
	}
	if i, j := bytes.Index(want, []byte(`"a":"1"`)), bytes.Index(want, []byte(`"b":"2"`)); i < 0 || j < i {
		t.Error("metadata keys are not sorted")
	}
	at := 0
	for info, data := range f.All() {
		if at%info.DType.Size() != 0 {
			t.Errorf("%s starts at %d", info.Name, at)
		}
		at += len(data)
	}
	for range 10 {
		tensors = append(tensors[1:], tensors[0])
		if !bytes.Equal(written(t, tensors, metadata), want) {
			t.Fatal("the order of the tensors changes the file")
		}
	}
	if tensors[0].Name == "step" {
		t.Error("Write sorted the caller's slice")
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, c := range []struct {
		tensors  []safetensors.Tensor
		metadata map[string]string
		want     string
	}{
		{append(mixed(), safetensors.Tensor{Name: "w1", DType: safetensors.U8, Shape: []int64{0}}), nil, `"w1": the name is given twice`},
		{[]safetensors.Tensor{{Name: "__metadata__", DType: safetensors.U8, Shape: []int64{0}}}, nil, "reserved"},
		{[]safetensors.Tensor{{Name: "\xff", DType: safetensors.U8, Shape: []int64{0}}}, nil, "not UTF-8"},
		{[]safetensors.Tensor{{Name: "a", DType: "F33", Shape: []int64{0}}}, nil, `"a": dtype "F33" is not known`},
		{[]safetensors.Tensor{{Name: "a", DType: safetensors.F32, Shape: []int64{2}, Data: make([]byte, 4)}}, nil, `"a": shape [2] of F32 takes 8 bytes, but the data has 4`},
		{[]safetensors.Tensor{{Name: "a", DType: safetensors.F32, Shape: []int64{-1}}}, nil, "negative"},
		{[]safetensors.Tensor{{Name: "a", DType: safetensors.F32, Shape: []int64{1 << 40, 1 << 40}}}, nil, "63 bits"},
		{nil, map[string]string{"a": "\xff"}, "metadata"},
		{nil, map[string]string{"a": strings.Repeat("x", 100_000_000)}, "header would take"},
	} {
		var b bytes.Buffer
		err := safetensors.Write(&b, c.tensors, c.metadata)
		var format *safetensors.FormatError
		if !errors.As(err, &format) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want a FormatError with %q", err, c.want)
		}
		if b.Len() > 0 {
			t.Errorf("%q: %d bytes were written", c.want, b.Len())
		}
	}
}

// fullWriter takes n bytes and then reports a full disk.
type fullWriter struct{ n int }

var errFull = errors.New("no space left")

func (w *fullWriter) Write(p []byte) (int, error) {
	if len(p) > w.n {
		return 0, errFull
	}
	w.n -= len(p)
	return len(p), nil
}

func TestWriteErrors(t *testing.T) {
	if err := safetensors.Write(&fullWriter{}, mixed(), nil); !errors.Is(err, errFull) || !strings.Contains(err.Error(), "header") {
		t.Errorf("full at once: %v", err)
	}
	size := len(written(t, mixed(), nil))
	if err := safetensors.Write(&fullWriter{size - 1}, mixed(), nil); !errors.Is(err, errFull) || !strings.Contains(err.Error(), `"mask"`) {
		t.Errorf("full at the last tensor: %v", err)
	}
	if err := safetensors.Write(&fullWriter{size}, mixed(), nil); err != nil {
		t.Error(err)
	}
}

// TestNoCopy makes sure that the data goes to the writer as it is.
func TestNoCopy(t *testing.T) {
	data := make([]byte, 1<<20)
	var same bool
	w := writerFunc(func(p []byte) (int, error) {
		same = same || len(p) == len(data) && &p[0] == &data[0]
		return len(p), nil
	})
	if err := safetensors.Write(w, []safetensors.Tensor{{Name: "a", DType: safetensors.U8, Shape: []int64{1 << 20}, Data: data}}, nil); err != nil {
		t.Fatal(err)
	}
	if !same {
		t.Error("the writer never saw the tensor's own bytes")
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// TestSave replaces a file, keeps it when the new one is refused, and leaves
// the old map valid.
func TestSave(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors")
	if err := safetensors.Save(path, mixed(), nil); err != nil {
		t.Fatal(err)
	}
	old, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	bad := []safetensors.Tensor{{Name: "a", DType: safetensors.U8, Shape: []int64{2}}}
	err = safetensors.Save(path, bad, nil)
	var format *safetensors.FormatError
	if !errors.As(err, &format) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), `"a"`) {
		t.Errorf("the error must name file and tensor: %v", err)
	}
	if f, err := safetensors.Open(path); err != nil || len(f.Names()) != len(mixed()) {
		t.Errorf("the old file is gone: %v", err)
	}
	if err := safetensors.Save(path, nil, map[string]string{"v": "2"}); err != nil {
		t.Fatal(err)
	}
	if _, mask, err := old.Tensor("mask"); err != nil || !bytes.Equal(mask, []byte{1, 0, 1}) {
		t.Errorf("the old map reads %v, %v", mask, err)
	}
	if f, err := safetensors.Open(path); err != nil || f.Metadata()["v"] != "2" {
		t.Errorf("the new file: %v", err)
	}
	if names, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(names) > 0 {
		t.Errorf("left behind: %q, %v", names, err)
	}
	if err := safetensors.Save(filepath.Join(dir, "none", "x"), nil, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing folder: %v", err)
	}
}

// TestFullDevice writes to a device that is always full.
func TestFullDevice(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	if err := safetensors.Write(io.Writer(full), mixed(), nil); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("got %v", err)
	}
}
