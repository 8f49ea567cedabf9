package safetensors

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"
)

// maxHeader is the longest header that is read or written, in bytes, as in the
// reference implementation.
const maxHeader = 100_000_000

// metadataKey is the one key of the header that is not a tensor's name.
const metadataKey = "__metadata__"

// entry is one tensor of the header.
type entry struct {
	Info
	begin, end int64 // offsets of its bytes from the end of the header
}

// header is what the JSON of a file says.
type header struct {
	entries  []entry // by rising offsets
	metadata map[string]string
}

// parseHeader reads the JSON text of a header whose file has dataLen bytes
// behind it, and checks everything that can be checked without the data.
func parseHeader(text []byte, dataLen int64) (*header, error) {
	if len(text) == 0 || text[0] != '{' {
		return nil, problemf("", "the header does not start with '{', so this is no safetensors file")
	}
	if !utf8.Valid(text) {
		return nil, problemf("", "the header is not UTF-8")
	}
	p := headerParser{dec: json.NewDecoder(bytes.NewReader(text))}
	p.dec.UseNumber()
	h, err := p.header()
	if err != nil {
		var format *FormatError
		if errors.As(err, &format) {
			return nil, err
		}
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, problemf("", "the header is not JSON near byte %d: %v", p.dec.InputOffset(), err)
	}
	if rest := bytes.TrimLeft(text[p.dec.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return nil, problemf("", "the header has %d bytes behind its closing brace that are not white space", len(rest))
	}
	return h, h.checkLayout(dataLen)
}

// checkLayout sorts the entries by offset and checks that they fill the data
// exactly: no overlap, no hole, nothing behind, and every size as its shape
// says.
func (h *header) checkLayout(dataLen int64) error {
	slices.SortStableFunc(h.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	var at int64
	for i, e := range h.entries {
		switch {
		case e.end < e.begin:
			return problemf(e.Name, "data_offsets [%d, %d] end before they begin", e.begin, e.end)
		case e.end > dataLen:
			return problemf(e.Name, "data_offsets [%d, %d] reach past the %d bytes of data; the file may be truncated", e.begin, e.end, dataLen)
		case e.begin < at:
			return problemf(e.Name, "data_offsets [%d, %d] overlap tensor %q, which ends at %d", e.begin, e.end, h.entries[i-1].Name, at)
		case e.begin > at:
			return problemf(e.Name, "%d bytes before data_offsets [%d, %d] belong to no tensor", e.begin-at, e.begin, e.end)
		}
		size, err := byteSize(e.DType, e.Shape)
		if err != nil {
			return problemf(e.Name, "%v", err)
		}
		if size != e.end-e.begin {
			return problemf(e.Name, "shape %v of %s takes %d bytes, but data_offsets [%d, %d] span %d", e.Shape, e.DType, size, e.begin, e.end, e.end-e.begin)
		}
		at = e.end
	}
	if at != dataLen {
		return problemf("", "%d bytes behind the last tensor belong to no tensor", dataLen-at)
	}
	return nil
}

// headerParser reads the header token by token, because decoding into maps
// would let the last of two equal names win silently. It never descends further
// than the format does, so that deep nesting costs nothing.
type headerParser struct {
	dec *json.Decoder
}

func (p headerParser) header() (*header, error) {
	h := &header{}
	seen := make(map[string]bool)
	err := p.object("", "the header", func(name string) error {
		if seen[name] {
			return problemf(name, "the name is given twice")
		}
		seen[name] = true
		if name == metadataKey {
			var err error
			h.metadata, err = p.metadata()
			return err
		}
		e, err := p.entry(name)
		h.entries = append(h.entries, e)
		return err
	})
	return h, err
}

func (p headerParser) metadata() (map[string]string, error) {
	m := make(map[string]string)
	return m, p.object("", metadataKey, func(key string) error {
		if _, ok := m[key]; ok {
			return problemf("", "the key %q of %s is given twice", key, metadataKey)
		}
		value, err := p.text("", fmt.Sprintf("the value of %q in %s", key, metadataKey))
		m[key] = value
		return err
	})
}

func (p headerParser) entry(name string) (entry, error) {
	e := entry{Info: Info{Name: name}}
	var dtype, shape, offsets bool
	once := func(field string, given *bool) error {
		if *given {
			return problemf(name, "the field %q is given twice", field)
		}
		*given = true
		return nil
	}
	err := p.object(name, "its description", func(field string) error {
		switch field {
		case "dtype":
			if err := once(field, &dtype); err != nil {
				return err
			}
			s, err := p.text(name, "dtype")
			e.DType = DType(s)
			return err
		case "shape":
			if err := once(field, &shape); err != nil {
				return err
			}
			var err error
			e.Shape, err = p.sizes(name, field)
			return err
		case "data_offsets":
			if err := once(field, &offsets); err != nil {
				return err
			}
			pair, err := p.sizes(name, field)
			if err != nil {
				return err
			}
			if len(pair) != 2 {
				return problemf(name, "data_offsets has %d numbers, not 2", len(pair))
			}
			e.begin, e.end = pair[0], pair[1]
			return nil
		}
		return problemf(name, "the field %q is not part of the format", field)
	})
	if err != nil {
		return e, err
	}
	for _, f := range []struct {
		name  string
		given bool
	}{{"dtype", dtype}, {"shape", shape}, {"data_offsets", offsets}} {
		if !f.given {
			return e, problemf(name, "the field %q is missing", f.name)
		}
	}
	return e, nil
}

// object reads an object and calls member behind each key, which has to read
// the value. The tensor and what name the object in errors.
func (p headerParser) object(tensor, what string, member func(key string) error) error {
	tok, err := p.dec.Token()
	if err != nil {
		return err
	}
	if tok != json.Delim('{') {
		return problemf(tensor, "%s is not a JSON object", what)
	}
	for p.dec.More() {
		key, err := p.dec.Token()
		if err != nil {
			return err
		}
		if err := member(key.(string)); err != nil {
			return err
		}
	}
	_, err = p.dec.Token()
	return err
}

func (p headerParser) text(tensor, what string) (string, error) {
	tok, err := p.dec.Token()
	if err != nil {
		return "", err
	}
	s, ok := tok.(string)
	if !ok {
		return "", problemf(tensor, "%s is not a string", what)
	}
	return s, nil
}

// sizes reads an array of integers from 0 to 2^63-1. It is never nil.
func (p headerParser) sizes(tensor, field string) ([]int64, error) {
	tok, err := p.dec.Token()
	if err != nil {
		return nil, err
	}
	if tok != json.Delim('[') {
		return nil, problemf(tensor, "%s is not an array", field)
	}
	list := []int64{}
	for p.dec.More() {
		tok, err := p.dec.Token()
		if err != nil {
			return nil, err
		}
		number, ok := tok.(json.Number)
		if !ok {
			return nil, problemf(tensor, "%s holds something that is not a number", field)
		}
		n, err := strconv.ParseUint(string(number), 10, 63)
		if err != nil {
			return nil, problemf(tensor, "%s holds %.40s, which is not an integer from 0 to 2^63-1", field, number)
		}
		list = append(list, int64(n))
	}
	_, err = p.dec.Token()
	return list, err
}
