package rundir

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"

	"sslmem/data/atomicfile"
)

// WriteJSON writes v, indented, to the file at path, which appears complete or
// not at all. NaN and infinities are errors, as JSON has none.
func WriteJSON(path string, v any) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	})
}

// ReadJSON reads the file at path into v, a pointer.
func ReadJSON(path string, v any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err // names the path
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("cannot understand %s: %w", path, err)
	}
	return nil
}

// appendJSON appends a row as one line: model, step and the values by column.
// What is not finite becomes null.
func appendJSON(b []byte, r Row) []byte {
	b = append(b, `{"model":`...)
	b = appendString(b, r.Model)
	b = append(b, `,"step":`...)
	b = strconv.AppendInt(b, int64(r.Step), 10)
	for _, c := range slices.Sorted(maps.Keys(r.Values)) {
		b = append(b, ',')
		b = appendString(b, c)
		b = append(b, ':')
		if v := r.Values[c]; math.IsNaN(v) || math.IsInf(v, 0) {
			b = append(b, "null"...)
		} else {
			b = strconv.AppendFloat(b, v, 'g', -1, 64)
		}
	}
	return append(b, "}\n"...)
}

func appendString(b []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string is always JSON
	}
	return append(b, quoted...)
}
