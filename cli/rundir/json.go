package rundir

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

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
