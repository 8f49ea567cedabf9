package safetensors_test

import (
	"bytes"
	"slices"
	"testing"

	"sslmem/torch/safetensors"
)

// A header with the elements behind it, in parts, is the file that Write writes.
func TestWriteHeader(t *testing.T) {
	tensors, metadata := mixed(), map[string]string{"a": "1"}
	want := written(t, tensors, metadata)
	without := slices.Clone(tensors)
	for i := range without {
		without[i].Data = nil
	}
	var b bytes.Buffer
	order, err := safetensors.WriteHeader(&b, without, metadata)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range order {
		i := slices.IndexFunc(tensors, func(t safetensors.Tensor) bool { return t.Name == o.Name })
		for _, part := range tensors[i].Data {
			b.WriteByte(part)
		}
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("got  %q\nwant %q", b.Bytes(), want)
	}
	if _, err := safetensors.WriteHeader(&b, append(without, without[0]), nil); err == nil {
		t.Error("a name that comes twice is no error")
	}
}
