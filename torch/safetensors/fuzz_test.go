package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"sslmem/torch/safetensors"
)

// FuzzOpen feeds any bytes to the reader. It must neither crash nor accept a
// file that breaks a rule; what it accepts must survive writing.
func FuzzOpen(f *testing.F) {
	for _, c := range badFiles {
		if len(c.file) < 1<<12 {
			f.Add(c.file)
		}
	}
	f.Add(raw(`{"a":`+strings.Repeat(`{"a":[`, 300), 0))
	for name := range fixtures(f) {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)-1])
		f.Add(b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := safetensors.Parse(b)
		read, readErr := safetensors.Read(bytes.NewReader(b), int64(len(b)))
		if (err == nil) != (readErr == nil) {
			t.Fatalf("Parse says %v, Read says %v", err, readErr)
		}
		if err != nil {
			if readErr.Error() != err.Error() {
				t.Fatalf("Parse says %v, Read says %v", err, readErr)
			}
			return
		}
		n := binary.LittleEndian.Uint64(b)
		if text := b[8 : 8+n]; !json.Valid(text) {
			t.Fatalf("accepted a header that is not JSON: %q", text)
		}
		var all []byte
		for info, data := range file.All() {
			if int64(len(data)) != info.Elements()*int64(info.DType.Bits())/8 {
				t.Fatalf("%+v has %d bytes", info, len(data))
			}
			all = append(all, data...)
		}
		if !bytes.Equal(all, b[8+n:]) {
			t.Fatal("the tensors do not fill the data")
		}
		same(t, read, file)
		var out bytes.Buffer
		if err := safetensors.Write(&out, contents(file), file.Metadata()); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := safetensors.Parse(out.Bytes())
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		same(t, again, file)
	})
}

// FuzzRoundTrip writes two tensors and metadata made of the fuzzer's input and
// reads them back. Whatever is not UTF-8 must be refused.
func FuzzRoundTrip(f *testing.F) {
	f.Add("a", "b", "key", "value", uint8(0), []byte{1, 2, 3})
	f.Add("é\x00", "\\\"", "", "\u2028</script>", uint8(13), make([]byte, 24))
	f.Add("x", "x", "\xff", "", uint8(7), []byte(nil))
	dtypes := []safetensors.DType{"F4", "F6_E3M2", "C64", "BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "I16", "U16", "F16", "BF16", "I32", "U32", "F32", "F64", "I64", "U64"}
	f.Fuzz(func(t *testing.T, name1, name2, key, value string, dtype uint8, data []byte) {
		d := dtypes[int(dtype)%len(dtypes)]
		unit := max(d.Size(), 1) // bytes that hold whole elements
		if d.Bits() == 6 {
			unit = 3
		}
		data = data[:len(data)/unit*unit]
		tensors := []safetensors.Tensor{
			{Name: name1, DType: d, Shape: []int64{int64(len(data) * 8 / d.Bits()), 1}, Data: data},
			{Name: name2, DType: safetensors.U8, Shape: []int64{}, Data: []byte{dtype}},
		}
		var b bytes.Buffer
		err := safetensors.Write(&b, tensors, map[string]string{key: value})
		fine := name1 != name2 && name1 != "__metadata__" && name2 != "__metadata__"
		for _, s := range []string{name1, name2, key, value} {
			fine = fine && utf8.ValidString(s)
		}
		if fine != (err == nil) {
			t.Fatalf("fine is %v, but the error is %v", fine, err)
		}
		if err != nil {
			return
		}
		file, err := safetensors.Parse(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if m := file.Metadata(); len(m) != 1 || m[key] != value {
			t.Fatalf("metadata %q, want %q: %q", m, key, value)
		}
		for _, want := range tensors {
			info, got, err := file.Tensor(want.Name)
			if err != nil || info.DType != want.DType || !slices.Equal(info.Shape, want.Shape) || !bytes.Equal(got, want.Data) {
				t.Fatalf("got %+v %v %v, want %+v", info, got, err, want)
			}
		}
	})
}

// same fails unless both files hold the same tensors and metadata.
func same(t *testing.T, got, want *safetensors.File) {
	t.Helper()
	if len(got.Names()) != len(want.Names()) || len(got.Metadata()) != len(want.Metadata()) {
		t.Fatalf("%d tensors and %d metadata, want %d and %d", len(got.Names()), len(got.Metadata()), len(want.Names()), len(want.Metadata()))
	}
	for key, value := range want.Metadata() {
		if got.Metadata()[key] != value {
			t.Fatalf("metadata %q differs", key)
		}
	}
	for w, data := range want.All() {
		g, gotData, err := got.Tensor(w.Name)
		if err != nil || g.DType != w.DType || !slices.Equal(g.Shape, w.Shape) || !bytes.Equal(gotData, data) {
			t.Fatalf("got %+v %v, want %+v", g, err, w)
		}
	}
}
