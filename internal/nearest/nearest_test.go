package nearest_test

import (
	"testing"

	"sslmem/internal/nearest"
)

func TestNearest(t *testing.T) {
	known := []string{"epochs", "batch_size", "seed", "lr", "simclr.temperature", "a.width", "b.width", "cuda:0"}
	for _, c := range []struct{ word, want string }{
		{"epochs", "epochs"},
		{"epoch", "epochs"},
		{"EPOHCS", "epochs"}, // a transposition costs 2
		{"batch-size", "batch_size"},
		{"batchsize", "batch_size"},
		{"Seed", "seed"},
		{"sed", "seed"},
		{"l", "lr"},
		{"simclr.temprature", "simclr.temperature"},
		{"temperature", "simclr.temperature"}, // behind the last dot
		{"cuda0", "cuda:0"},
		{"width", "a.width"}, // 2 of 7 letters away, and the first of two
		{"momentum", ""},
		{"ab", ""},
		{"", ""},
	} {
		got, ok := nearest.Word(c.word, known)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("Word(%q) = %q, %v, want %q", c.word, got, ok, c.want)
		}
	}
	if got, ok := nearest.Word("x", nil); ok || got != "" {
		t.Errorf("nothing known: %q, %v", got, ok)
	}
	// Two tables with the same key that is not near: no guess.
	if got, ok := nearest.Word("width", []string{"encoder.width", "projector.width"}); ok {
		t.Errorf("ambiguous: %q", got)
	}
}

// TestDistance checks the bound with distances known by hand.
func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		near bool
	}{
		{"kitten", "sitting", true}, // 3 edits of 7 letters, limit 3
		{"sunday", "saturday", true},
		{"abc", "xyz", false},
		{"abcd", "abxy", true}, // 2 edits, limit 2
		{"abcd", "axyz", false},
	} {
		if _, got := nearest.Word(c.a, []string{c.b}); got != c.near {
			t.Errorf("%q and %q: near is %v", c.a, c.b, got)
		}
		if _, got := nearest.Word(c.b, []string{c.a}); got != c.near {
			t.Errorf("%q and %q: near is %v", c.b, c.a, got)
		}
	}
}
