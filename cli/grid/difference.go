package grid

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// difference says where two JSON texts differ first, in words, "" if they do not.
// Numbers are compared as they are written.
func difference(before, now []byte) string {
	var a, b any
	for _, side := range []struct {
		text []byte
		v    *any
	}{{before, &a}, {now, &b}} {
		d := json.NewDecoder(bytes.NewReader(side.text))
		d.UseNumber()
		if err := d.Decode(side.v); err != nil {
			return "they cannot be read"
		}
	}
	return differ("", a, b)
}

func differ(at string, a, b any) string {
	x, isMap := a.(map[string]any)
	y, both := b.(map[string]any)
	if isMap && both {
		keys := maps.Clone(x)
		maps.Copy(keys, y)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			path := key
			if at != "" {
				path = at + "." + key
			}
			if what := differ(path, x[key], y[key]); what != "" {
				return what
			}
		}
		return ""
	}
	was, is := written(a), written(b)
	if was == is {
		return ""
	}
	if at == "" {
		at = "they"
	}
	return fmt.Sprintf("%s was %s and is %s", at, was, is)
}

func written(v any) string {
	if v == nil {
		return "not set"
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
