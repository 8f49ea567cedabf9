package tfevents

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sslmem/cli/tfevents/eventtest"
	"sslmem/internal/python"
)

const golden = "testdata/golden.tfevents"

// writeGolden writes the events of make_golden.py, a second after each other.
func writeGolden(t *testing.T, dir string) *Writer {
	t.Helper()
	at := time.Unix(1764000000, 250e6)
	w, err := create(dir, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	for _, write := range []func() error{
		func() error { return w.Scalars(1, map[string]float64{"lr": 0, "loss": .1}) },
		func() error { return w.Scalars(-1, map[string]float64{"loss": math.NaN()}) },
		func() error { return w.Scalars(1<<40, map[string]float64{"tägé": math.Inf(-1)}) },
		func() error { return w.Restart(3) },
		func() error { return w.Text(4, "config", "```\nepochs = 3\n```") },
		func() error { return w.summary(5, imageValue("views", 2, 300, 3, []byte("not a picture"))) },
		func() error { return w.Scalars(6, nil) },
	} {
		at = at.Add(time.Second)
		if err := write(); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// The bytes are those of TensorBoard's own classes.
func TestGolden(t *testing.T) {
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	w := writeGolden(t, t.TempDir())
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := eventtest.Records(want)
	if err != nil {
		t.Fatal(err)
	}
	own, rest, err := eventtest.Records(got)
	if err != nil || len(rest) > 0 || len(own) != len(list) {
		t.Fatalf("%d records and %d bytes, want %d: %v", len(own), len(rest), len(list), err)
	}
	for i := range list {
		if !bytes.Equal(own[i], list[i]) {
			t.Errorf("event %d is\n%x, want\n%x", i, own[i], list[i])
		}
	}
	if !bytes.Equal(got, want) {
		t.Error("the records are framed in another way")
	}
}

func TestGoldenFixture(t *testing.T) {
	remade := filepath.Join(t.TempDir(), "golden.tfevents")
	python.Run(t, "testdata/make_golden.py", remade)
	got, err := os.ReadFile(remade)
	if err != nil {
		t.Fatal(err)
	}
	if want, err := os.ReadFile(golden); err != nil || !bytes.Equal(got, want) {
		t.Errorf("make_golden.py makes other bytes: %v", err)
	}
}
