package torchtest

import (
	"path/filepath"
	"strings"
	"testing"

	"sslmem/internal/python"
	"sslmem/torch"
)

// Fixture reads a safetensors file of expected values, by name. The tensors
// live until the test ends.
func Fixture(t testing.TB, path string) map[string]*torch.Tensor {
	t.Helper()
	s := torch.NewScope()
	t.Cleanup(s.Close)
	tensors, _, err := torch.LoadSafetensors(s, path)
	if err != nil {
		t.Fatal(err)
	}
	return tensors
}

// Group returns the tensors of a fixture whose names start with "prefix/",
// under the rest of their names.
func Group(fixture map[string]*torch.Tensor, prefix string) map[string]*torch.Tensor {
	return Part(fixture, prefix+"/")
}

// Part returns the tensors of a fixture or a group whose names start with
// prefix, such as "state.", under the rest of their names.
func Part(fixture map[string]*torch.Tensor, prefix string) map[string]*torch.Tensor {
	part := map[string]*torch.Tensor{}
	for name, x := range fixture {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			part[rest] = x
		}
	}
	return part
}

// Remake runs the script that made the fixture at path and checks that it
// still gives the same tensors, up to |got − want| ≤ atol + rtol·|want|. The
// script is called as
//
//	python3 script.py FILE
//
// The test is skipped where there is no python3 that can import torch and
// safetensors.
func Remake(t *testing.T, script, path string, rtol, atol float64) {
	t.Helper()
	remade := filepath.Join(t.TempDir(), filepath.Base(path))
	python.Run(t, script, remade)
	want, got := Fixture(t, path), Fixture(t, remade)
	if len(got) != len(want) {
		t.Errorf("%s makes %d tensors, the fixture has %d", script, len(got), len(want))
	}
	for name, w := range want {
		g, ok := got[name]
		if !ok {
			t.Errorf("%s does not make %s", script, name)
			continue
		}
		t.Run(name, func(t *testing.T) { AllClose(t, g, w, rtol, atol) })
	}
}
