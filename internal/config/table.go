package config

import (
	"fmt"
	"strings"

	"github.com/BurntSushi/toml"
)

// DecodeTable is [Decode] from a table that was read before: keys and values as
// TOML has them.
func DecodeTable(name string, table map[string]any, settings any) error {
	var text strings.Builder
	if err := toml.NewEncoder(&text).Encode(table); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return Decode(name, text.String(), settings)
}

// Table returns settings, a struct or a pointer to one, as keys and values.
func Table(settings any) (map[string]any, error) {
	var text strings.Builder
	if err := toml.NewEncoder(&text).Encode(settings); err != nil {
		return nil, fmt.Errorf("cannot write the settings: %w", err)
	}
	table := map[string]any{}
	if _, err := toml.Decode(text.String(), &table); err != nil {
		return nil, fmt.Errorf("cannot read the settings back: %w", err)
	}
	return table, nil
}
