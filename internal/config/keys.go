package config

import (
	"encoding"
	"reflect"
	"strings"
	"time"
)

// Keys returns the keys that a settings struct, or a pointer to one, has in
// TOML, in the order of the fields. Those of tables are joined by dots, as in
// "optimizer.lr", and stand behind the table's own key. It panics if settings
// is no struct.
func Keys(settings any) []string {
	t := reflect.TypeOf(settings)
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		panic("config: settings must be a struct or a pointer to one")
	}
	return appendKeys(nil, t, "", nil)
}

// appendKeys appends the keys of struct type t, each behind prefix. The types
// in parents are being walked already: a struct that contains itself through a
// pointer has no end of keys.
func appendKeys(keys []string, t reflect.Type, prefix string, parents []reflect.Type) []string {
	for _, p := range parents {
		if p == t {
			return keys
		}
	}
	parents = append(parents, t)
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("toml"), ",")
		inner, isTable := tableType(field.Type)
		switch {
		case name == "-":
		case field.Anonymous && name == "" && isTable:
			keys = appendKeys(keys, inner, prefix, parents)
		case field.IsExported():
			if name == "" {
				name = field.Name
			}
			keys = append(keys, prefix+name)
			if isTable {
				keys = appendKeys(keys, inner, prefix+name+".", parents)
			}
		}
	}
	return keys
}

// tableType strips pointers, slices and arrays off t and reports whether a
// struct that TOML writes as a table remains. Times and types that read
// themselves from text are values.
func tableType(t reflect.Type) (reflect.Type, bool) {
	text := reflect.TypeFor[encoding.TextUnmarshaler]()
	for {
		switch {
		case t == reflect.TypeFor[time.Time](), reflect.PointerTo(t).Implements(text):
			return t, false
		case t.Kind() == reflect.Struct:
			return t, true
		case t.Kind() != reflect.Pointer && t.Kind() != reflect.Slice && t.Kind() != reflect.Array:
			return t, false
		}
		t = t.Elem()
	}
}
