package ssl

import (
	"strings"
	"testing"
)

// refuses checks that the recipes of a method with the given options are refused,
// each with an error that contains its key.
func refuses(t *testing.T, method string, cases map[string]map[string]any) {
	t.Helper()
	for want, options := range cases {
		r := parityRecipe(method, Optimizer{Name: "sgd", LR: .1}, options)
		if err := r.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s with %v: error %v, want one with %q", method, options, err, want)
		}
	}
}
