package format_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"sslmem/data/format"
	"sslmem/internal/python"
)

func TestWriteNPYHeader(t *testing.T) {
	for _, c := range []struct {
		kind  format.Kind
		size  int
		shape []int
	}{
		{format.Float, 4, []int{2, 3}}, {format.Float, 8, []int{}}, {format.Int, 8, []int{5}}, {format.Uint, 1, []int{1, 2, 3, 4}},
		{format.Float, 4, []int{0, 512}}, {format.Float, 4, []int{1000000000, 1000, 7}},
	} {
		var b bytes.Buffer
		if err := format.WriteNPYHeader(&b, c.kind, c.size, c.shape...); err != nil {
			t.Fatal(err)
		}
		if b.Len()%64 != 0 || b.Bytes()[b.Len()-1] != '\n' || int(binary.LittleEndian.Uint16(b.Bytes()[8:])) != b.Len()-10 {
			t.Errorf("%v: %q", c, b.Bytes())
		}
		elements := c.size
		for _, n := range c.shape {
			elements *= n
		}
		if elements > 1<<20 {
			continue
		}
		content := make([]byte, elements)
		for i := range content {
			content[i] = byte(i)
		}
		b.Write(content)
		a, err := format.ReadNPY("f", bytes.NewReader(b.Bytes()), int64(b.Len()), 1)
		if err != nil || a.Kind != c.kind || a.Size != c.size || !slices.Equal(a.Shape, c.shape) || a.Fortran || !bytes.Equal(a.Data, content) {
			t.Errorf("%v comes back as %v, %v", c, a, err)
		}
	}
}

// NumPy writes the same bytes.
func TestWriteNPYHeaderIsNumPys(t *testing.T) {
	want := python.Run(t, "-c", `
import io, sys, numpy as np
for a in (np.zeros((2, 3), "float32"), np.zeros((5,), "int64"), np.zeros((), "float64"), np.zeros((1, 2, 3, 4), "uint8")):
    np.lib.format.write_array_header_1_0(sys.stdout.buffer, np.lib.format.header_data_from_array_1_0(a))
`)
	var got bytes.Buffer
	for _, c := range []struct {
		kind  format.Kind
		size  int
		shape []int
	}{{format.Float, 4, []int{2, 3}}, {format.Int, 8, []int{5}}, {format.Float, 8, nil}, {format.Uint, 1, []int{1, 2, 3, 4}}} {
		if err := format.WriteNPYHeader(&got, c.kind, c.size, c.shape...); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("got  %q\nwant %q", got.Bytes(), want)
	}
}
