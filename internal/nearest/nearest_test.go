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

func TestKey(t *testing.T) {
	known := []string{"seed", "recipe.epochs", "recipe.batch_size", "recipe.optimizer.lr", "recipe.optimizer.warmup_epochs", "score.batch_size", "live.temperature", "recipe.options.temperature"}
	for _, c := range []struct{ key, want string }{
		{"recipe.warmup_epochs", "recipe.optimizer.warmup_epochs"}, // and not recipe.epochs, 7 letters away
		{"recipe.warmup_epoch", "recipe.optimizer.warmup_epochs"},
		{"recipe.epoch", "recipe.epochs"},
		{"lr", "recipe.optimizer.lr"},
		{"recipe.temprature", "recipe.options.temperature"},
		{"score.batchsize", "score.batch_size"}, // of two that end alike, the nearer as a whole
		{"recipe.batchsize", "recipe.batch_size"},
		{"recipe.temperature", "recipe.options.temperature"}, // in the same table, though farther
		{"recipe.nonsense", ""},
		{"", ""},
	} {
		got, ok := nearest.Key(c.key, known)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("Key(%q) = %q, %v, want %q", c.key, got, ok, c.want)
		}
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
