package safetensors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"sslmem/data/atomicfile"
)

// Tensor is one tensor to be written.
type Tensor struct {
	Name  string
	DType DType
	Shape []int64 // empty for a scalar
	Data  []byte  // its elements, row-major and little-endian; only read
}

// Write writes the tensors and the metadata as one safetensors file to w. The
// order of the tensors does not matter; with nil metadata the file has none.
// Each tensor's data is handed to w as it is, in one call.
//
// A *FormatError, before anything is written, says that two tensors have one
// name, that a name is __metadata__, that a name or the metadata is not UTF-8,
// that a dtype is not known, or that a tensor's data is not as long as its
// shape says. Other errors are those of w.
func Write(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	for _, t := range tensors {
		size, err := byteSize(t.DType, t.Shape)
		if err == nil && int64(len(t.Data)) != size {
			return problemf(t.Name, "shape %v of %s takes %d bytes, but the data has %d", t.Shape, t.DType, size, len(t.Data))
		}
	}
	order, err := WriteHeader(w, tensors, metadata)
	if err != nil {
		return err
	}
	for _, t := range order {
		if len(t.Data) == 0 {
			continue
		}
		if _, err := w.Write(t.Data); err != nil {
			return fmt.Errorf("safetensors: writing tensor %q: %w", t.Name, err)
		}
	}
	return nil
}

// WriteHeader writes what stands before the elements of the tensors, whose Data is not
// looked at, and returns them in the order in which their elements are to be written
// behind it, one right after the other. So a tensor that is larger than memory is
// written part by part. The errors are those of [Write].
func WriteHeader(w io.Writer, tensors []Tensor, metadata map[string]string) (order []Tensor, err error) {
	if order, err = layout(tensors); err != nil {
		return nil, err
	}
	head, err := appendHeader(order, metadata)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(head); err != nil {
		return nil, fmt.Errorf("safetensors: writing the header: %w", err)
	}
	return order, nil
}

// Save writes the tensors and the metadata to the file at path, as Write does.
// The file appears complete or not at all: until all of it has reached the
// disk, whatever was at path before stays there, and after an error nothing
// else is left in the folder.
func Save(path string, tensors []Tensor, metadata map[string]string) error {
	return atomicfile.Write(path, func(w io.Writer) error { return Write(w, tensors, metadata) })
}

// layout checks the tensors and returns them in the order of the file: by
// falling rank of their types, then by name.
func layout(tensors []Tensor) ([]Tensor, error) {
	for _, t := range tensors {
		if t.Name == metadataKey {
			return nil, problemf(t.Name, "the name is reserved for metadata")
		}
		if !utf8.ValidString(t.Name) {
			return nil, problemf(t.Name, "the name is not UTF-8")
		}
		if _, err := byteSize(t.DType, t.Shape); err != nil {
			return nil, problemf(t.Name, "%v", err)
		}
	}
	order := slices.Clone(tensors)
	slices.SortFunc(order, func(a, b Tensor) int {
		if a.DType != b.DType {
			return b.DType.rank() - a.DType.rank()
		}
		return strings.Compare(a.Name, b.Name)
	})
	names := make(map[string]bool, len(order))
	for _, t := range order {
		if names[t.Name] {
			return nil, problemf(t.Name, "the name is given twice")
		}
		names[t.Name] = true
	}
	return order, nil
}

// appendHeader returns the length and the JSON of the header, padded with
// spaces so that the data starts at a multiple of 8.
func appendHeader(order []Tensor, metadata map[string]string) ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 8))
	b.WriteByte('{')
	if metadata != nil {
		b.WriteString(`"` + metadataKey + `":{`)
		for i, key := range slices.Sorted(maps.Keys(metadata)) {
			value := metadata[key]
			if !utf8.ValidString(key) || !utf8.ValidString(value) {
				return nil, problemf("", "the metadata %q: %q is not UTF-8", key, value)
			}
			if i > 0 {
				b.WriteByte(',')
			}
			writeString(b, key)
			b.WriteByte(':')
			writeString(b, value)
		}
		b.WriteByte('}')
	}
	var at int64
	for i, t := range order {
		if i > 0 || metadata != nil {
			b.WriteByte(',')
		}
		writeString(b, t.Name)
		fmt.Fprintf(b, `:{"dtype":"%s","shape":[`, t.DType)
		for j, dim := range t.Shape {
			if j > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(b, "%d", dim)
		}
		size, err := byteSize(t.DType, t.Shape)
		if err != nil {
			return nil, problemf(t.Name, "%v", err)
		}
		end := at + size
		fmt.Fprintf(b, `],"data_offsets":[%d,%d]}`, at, end)
		at = end
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	head := b.Bytes()
	if n := len(head) - 8; n > maxHeader {
		return nil, problemf("", "the header would take %d bytes, more than the %d allowed; use fewer tensors or less metadata", n, maxHeader)
	}
	binary.LittleEndian.PutUint64(head, uint64(len(head)-8))
	return head, nil
}

// writeString writes s, which is UTF-8, as a JSON string with no more escapes
// than JSON demands, as the reference implementation does.
func writeString(b *bytes.Buffer, s string) {
	b.WriteByte('"')
	from := 0 // what is written already
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b.WriteString(s[from:i])
		from = i + 1
		if at := strings.IndexByte("\b\t\n\f\r\"\\", c); at >= 0 {
			b.WriteByte('\\')
			b.WriteByte(`btnfr"\`[at])
		} else {
			fmt.Fprintf(b, `\u%04x`, c)
		}
	}
	b.WriteString(s[from:])
	b.WriteByte('"')
}
