package data

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"sslmem/data/format"
)

// LoadIndices reads a list of images by their places in a data set, as other programs
// write which images they have trained on. What the file is, its content says:
//
//   - a .npy array of whole numbers of one dimension;
//   - JSON: an array of whole numbers;
//   - text: one number a line, also as numpy.savetxt writes it. Empty lines and those
//     that begin with # are passed over;
//   - CSV: the column "index" of a table with a header.
//
// The order of the file is kept. The error names the line or element that is no place,
// or comes a second time. An empty list is none.
func LoadIndices(path string) ([]int, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("data: cannot load indices: %w", err)
	}
	index, err := ParseIndices(path, b)
	if err != nil {
		return nil, err
	}
	return index, nil
}

// ParseIndices is [LoadIndices] for the content of a file; name is what errors call it.
func ParseIndices(name string, content []byte) ([]int, error) {
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	var index []int
	var where func(i int) string
	var err error
	switch {
	case bytes.HasPrefix(content, []byte("\x93NUMPY")):
		index, err = indicesOfNPY(name, content)
	case bytes.HasPrefix(bytes.TrimLeft(content, " \t\r\n"), []byte("[")):
		index, err = indicesOfJSON(content)
	case bytes.HasPrefix(bytes.TrimLeft(content, " \t\r\n"), []byte("{")):
		err = errors.New("it is a JSON object, where an array of indices is wanted; files of splits hold several sets")
	default:
		var lines []int
		index, lines, err = indicesOfText(content)
		where = func(i int) string { return fmt.Sprintf("line %d", lines[i]) }
	}
	if err != nil {
		return nil, fmt.Errorf("data: indices %s: %w", name, err)
	}
	if where == nil {
		where = func(i int) string { return fmt.Sprintf("element %d", i) }
	}
	if len(index) == 0 {
		return nil, fmt.Errorf("data: indices %s: the file lists no image", name)
	}
	seen := make(map[int]int, len(index))
	for i, at := range index {
		if at < 0 {
			return nil, fmt.Errorf("data: indices %s: %s is %d, but places begin with 0", name, where(i), at)
		}
		if before, ok := seen[at]; ok {
			return nil, fmt.Errorf("data: indices %s: %s is image %d again, which %s is already", name, where(i), at, where(before))
		}
		seen[at] = i
	}
	return index, nil
}

func indicesOfNPY(name string, content []byte) ([]int, error) {
	a, err := format.ReadNPY(name, bytes.NewReader(content), int64(len(content)), 1)
	switch {
	case err != nil:
		return nil, err
	case a.Kind == format.Bool:
		return nil, fmt.Errorf("it is a mask, %v; save the places that are set, numpy.flatnonzero(mask)", a)
	case a.Kind != format.Int && a.Kind != format.Uint || len(a.Shape) != 1:
		return nil, fmt.Errorf("it is an array of %v, but one dimension of whole numbers is wanted", a)
	}
	return a.Ints()
}

func indicesOfJSON(content []byte) ([]int, error) {
	var index []int
	d := json.NewDecoder(bytes.NewReader(content))
	if err := d.Decode(&index); err != nil {
		return nil, fmt.Errorf("it is no JSON array of whole numbers: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("it goes on after the array")
	}
	return index, nil
}

// indicesOfText reads a plain list, or a table with a header, and the line of each index.
func indicesOfText(content []byte) (index, lines []int, err error) {
	r := csv.NewReader(bytes.NewReader(content))
	r.Comment, r.FieldsPerRecord, r.TrimLeadingSpace, r.ReuseRecord = '#', -1, true, true
	column := -1 // in a table
	for first := true; ; first = false {
		fields, err := r.Read()
		if err == io.EOF {
			return index, lines, nil
		}
		if err != nil {
			return nil, nil, err
		}
		line, _ := r.FieldPos(0)
		if first {
			if _, err := wholeNumber(fields[0]); err != nil || len(fields) > 1 {
				column = slices.IndexFunc(fields, func(f string) bool { return strings.EqualFold(strings.TrimSpace(f), "index") })
				if column < 0 {
					return nil, nil, fmt.Errorf("line %d is %q, but a number is wanted, or a header with a column named index", line, clip(strings.Join(fields, ",")))
				}
				continue
			}
		}
		field := fields[0]
		switch {
		case column >= len(fields):
			return nil, nil, fmt.Errorf("line %d has %d columns, but the index is in column %d", line, len(fields), column+1)
		case column >= 0:
			field = fields[column]
		case len(fields) > 1:
			return nil, nil, fmt.Errorf("line %d has %d columns; give one index a line, or a header that names the column index", line, len(fields))
		}
		at, err := wholeNumber(field)
		if err != nil {
			return nil, nil, fmt.Errorf("line %d: %w", line, err)
		}
		index, lines = append(index, at), append(lines, line)
	}
}

// wholeNumber reads a whole number, also one that is written as a fraction.
func wholeNumber(text string) (int, error) {
	text = strings.TrimSpace(text)
	if n, err := strconv.Atoi(text); err == nil {
		return n, nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v != math.Trunc(v) || math.Abs(v) > 1<<53 {
		return 0, fmt.Errorf("%q is no whole number", clip(text))
	}
	return int(v), nil
}

// clip shortens a text for an error.
func clip(text string) string {
	if len(text) > 40 {
		return text[:40] + "…"
	}
	return text
}

// LoadSets reads what [Splits.Save] writes, and files of the same form that other
// programs write, in which all but the sets may be missing: without n, Splits.N is 0.
// The error says what is wrong, such as an image that is in two sets.
func LoadSets(path string) (Splits, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Splits{}, fmt.Errorf("data: cannot load splits: %w", err)
	}
	s, err := parseSets(b)
	if err != nil {
		return Splits{}, fmt.Errorf("data: %s is no file of splits: %w", path, err)
	}
	return s, nil
}

func parseSets(b []byte) (Splits, error) {
	s, err := decodeSplits(b)
	if err != nil {
		return s, err
	}
	if s.N != 0 {
		return s, s.Check()
	}
	open := s
	s.N = 1
	for _, set := range [][]int{s.Shared, s.Candidate, s.Independent, s.External} {
		for _, i := range set {
			s.N = max(s.N, min(i, maxBytes-1)+1)
		}
	}
	return open, s.Check()
}
