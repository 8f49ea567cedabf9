package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"github.com/BurntSushi/toml"

	"sslmem/data/atomicfile"
	"sslmem/internal/nearest"
)

// Load reads the TOML file at path into settings, a pointer to a struct. What
// the file does not name keeps the value it has.
//
// It is an error if the file cannot be read, is not TOML, has a value of the
// wrong type, or a key that settings does not have. Then settings is as it was.
func Load(path string, settings any) error {
	text, err := Read(path)
	if err != nil {
		return err
	}
	return Decode(path, text, settings)
}

// Read returns the text of the settings file at path.
func Read(path string) (string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("there is no settings file %s: %w", path, err)
	}
	if err != nil {
		return "", fmt.Errorf("cannot read the settings: %w", err)
	}
	return string(text), nil
}

// Decode reads settings from text as Load does from a file; name is what
// errors call it. Keys that settings holds in maps may be listed in more, so that
// they are suggested too. It panics if settings is no pointer to a struct.
func Decode(name, text string, settings any, more ...string) error {
	target := reflect.ValueOf(settings)
	if target.Kind() != reflect.Pointer || target.IsNil() || target.Elem().Kind() != reflect.Struct {
		panic("config: settings must be a pointer to a struct")
	}
	// Once to find the mistakes, so that they leave settings alone.
	meta, err := toml.Decode(text, reflect.New(target.Type().Elem()).Interface())
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return fmt.Errorf("%s: %s", name, describeUnknown(unknown, append(Keys(settings), more...)))
	}
	if _, err := toml.Decode(text, settings); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// describeUnknown says which keys are unknown and what was likely meant. The
// keys of an unknown table are not listed, only the table.
func describeUnknown(unknown []toml.Key, known []string) string {
	tables := make(map[string]bool)
	var parts []string
	for _, key := range unknown {
		tables[key.String()] = true
		if len(key) > 1 && tables[key[:len(key)-1].String()] {
			continue
		}
		part := fmt.Sprintf("there is no key %q", key.String())
		if near, ok := nearest.Key(key.String(), known); ok {
			part += fmt.Sprintf(", did you mean %q?", near)
		} else {
			part += fmt.Sprintf("; known are %s", strings.Join(known, ", "))
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

// Save writes settings, a struct or a pointer to one, as TOML to the file at
// path, which appears complete or not at all.
func Save(path string, settings any) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		enc := toml.NewEncoder(w)
		enc.Indent = ""
		return enc.Encode(settings)
	})
}
