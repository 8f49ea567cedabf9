package torch_test

import (
	"errors"
	"iter"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/safetensors"
	"sslmem/torch/torchtest"
)

func TestSafetensorsRoundTrip(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := vector(s, 1, -2.5, float32(math.Inf(1)), 0, 5, 6, 7, 8)
	tensors := map[string]*torch.Tensor{
		"empty":        s.Empty([]int{0, 3}, torch.Float32, torch.CPU),
		"scalar":       torch.Scalar(s, float32(7)),
		"transposed":   x.Reshape([]int{2, 4}).T(),
		"expanded":     x.Reshape([]int{8, 1}).Expand([]int{8, 3}),
		"channelsLast": x.Reshape([]int{1, 2, 2, 2}).Contiguous(torch.ChannelsLast),
		"part":         x.Narrow(0, 3, 4),
		"weight":       vector(s, 1, 2).RequireGrad(true),
	}
	for name, d := range dtypes {
		if d == torch.Complex128 {
			continue // the format has none
		}
		tensors[name] = x.Clamp(0, 100).ToDType(d)
	}
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := torch.SaveSafetensors(path, maps.All(tensors), map[string]string{"step": "3"}); err != nil {
		t.Fatal(err)
	}
	loaded, metadata, err := torch.LoadSafetensors(s, path)
	if err != nil {
		t.Fatal(err)
	}
	if len(loaded) != len(tensors) || metadata["step"] != "3" {
		t.Errorf("%d tensors of %d, metadata %v", len(loaded), len(tensors), metadata)
	}
	for name, want := range tensors {
		got := loaded[name]
		if got == nil || got.DType() != want.DType() || !slices.Equal(got.Shape(), want.Shape()) || !got.Equal(want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		} else if got.Scope() != s || got.RequiresGrad() || !got.IsContiguous(torch.ContiguousFormat) {
			t.Errorf("%s: scope %v, grad %v", name, got.Scope(), got.RequiresGrad())
		}
	}
	// Another order gives the same bytes.
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sorted := func(yield func(string, *torch.Tensor) bool) {
		for _, name := range slices.Sorted(maps.Keys(tensors)) {
			if !yield(name, tensors[name]) {
				return
			}
		}
	}
	if err := torch.SaveSafetensors(path, sorted, metadata); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("the bytes depend on the order of the tensors")
	}
}

func one(name string, x *torch.Tensor) iter.Seq2[string, *torch.Tensor] {
	return maps.All(map[string]*torch.Tensor{name: x})
}

func TestSaveErrors(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x, gone := vector(s, 1), vector(s, 2)
	gone.Free()
	dir := t.TempDir()
	path := filepath.Join(dir, "x.safetensors")
	if err := torch.SaveSafetensors(path, one("a", x), nil); err != nil {
		t.Fatal(err)
	}
	twice := func(yield func(string, *torch.Tensor) bool) {
		if yield("b", x) {
			yield("b", x)
		}
	}
	for name, c := range map[string]struct {
		path    string
		tensors iter.Seq2[string, *torch.Tensor]
		parts   []string
	}{
		"freed":     {path, one("conv.weight", gone), []string{`"conv.weight"`, path, "freed"}},
		"nil":       {path, one("conv.weight", nil), []string{`"conv.weight"`, "nil"}},
		"twice":     {path, twice, []string{`"b"`, "twice"}},
		"no folder": {filepath.Join(dir, "none", "x"), one("a", x), []string{"none"}},
	} {
		err := torch.SaveSafetensors(c.path, c.tensors, nil)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, part := range c.parts {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q lacks %q", name, err, part)
			}
		}
	}
	if loaded, _, err := torch.LoadSafetensors(s, path); err != nil || loaded["a"] == nil {
		t.Errorf("the file that was there suffered: %v, %v", loaded, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d files left in the folder, want 1", len(entries))
	}
}

func TestLoadErrors(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	dir := t.TempDir()
	file := func(name string, tensors ...safetensors.Tensor) string {
		path := filepath.Join(dir, name)
		if err := safetensors.Save(path, tensors, nil); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := safetensors.Tensor{Name: "good", DType: safetensors.F64, Shape: []int64{1}, Data: make([]byte, 8)}
	cut := file("cut", good)
	if err := os.Truncate(cut, 40); err != nil {
		t.Fatal(err)
	}
	for path, parts := range map[string][]string{
		file("float8", good, safetensors.Tensor{Name: "f8", DType: safetensors.F8E8M0, Shape: []int64{1}, Data: []byte{1}}): {`"f8"`, "float8", "F8_E8M0"},
		file("bool", good, safetensors.Tensor{Name: "mask", DType: safetensors.Bool, Shape: []int64{1}, Data: []byte{2}}):   {`"mask"`, "0 or 1, not 2"},
		cut:                        {"cut", "truncated"},
		filepath.Join(dir, "none"): {"none"},
	} {
		tensors, _, err := torch.LoadSafetensors(s, path)
		if err == nil || tensors != nil {
			t.Errorf("%s: %v, error %v", path, tensors, err)
			continue
		}
		for _, part := range parts {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q lacks %q", err, part)
			}
		}
		if s.Len() != 0 {
			t.Errorf("%s left %d tensors in the scope", path, s.Len())
		}
	}
	if _, _, err := torch.LoadSafetensors(s, filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v is not ErrNotExist", err)
	}
	closed := torch.NewScope()
	closed.Close()
	if _, _, err := torch.LoadSafetensors(closed, file("good", good)); err == nil {
		t.Error("no error for a closed scope")
	}
}

// TestLoadSharded reads a model in two files.
func TestLoadSharded(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	dir := t.TempDir()
	for file, name := range map[string]string{"one.safetensors": "a", "two.safetensors": "b"} {
		if err := torch.SaveSafetensors(filepath.Join(dir, file), one(name, vector(s, 1, 2)), map[string]string{"format": "pt"}); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "model.safetensors.index.json")
	if err := os.WriteFile(path, []byte(`{"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	tensors, metadata, err := torch.LoadSafetensors(s, path)
	if err != nil || len(tensors) != 2 || metadata["format"] != "pt" || tensors["b"].Sum().Item() != 3 {
		t.Errorf("%v, metadata %v, error %v", tensors, metadata, err)
	}
	if err := os.Remove(filepath.Join(dir, "two.safetensors")); err != nil {
		t.Fatal(err)
	}
	if tensors, _, err := torch.LoadSafetensors(s, path); !errors.Is(err, os.ErrNotExist) || tensors != nil {
		t.Errorf("without the second file: %v, error %v", tensors, err)
	}
}

// A sequence may free its tensors when it ends: what is written is what they were.
func TestSaveOfTensorsThatEndWithTheirSequence(t *testing.T) {
	torchtest.NoLeak(t)
	const n = 1 << 16
	tensors := func(yield func(string, *torch.Tensor) bool) {
		s := torch.NewScope()
		yield("x", s.Full([]int{n}, 7, torch.Float32, torch.CPU))
		s.Close()
		other := torch.NewScope() // takes the memory
		defer other.Close()
		for range 8 {
			other.Full([]int{n}, 9, torch.Float32, torch.CPU)
		}
	}
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := torch.SaveSafetensors(path, tensors, nil); err != nil {
		t.Fatal(err)
	}
	s := torch.NewScope()
	defer s.Close()
	loaded, _, err := torch.LoadSafetensors(s, path)
	if err != nil {
		t.Fatal(err)
	}
	if got := loaded["x"].Sum().Item(); got != 7*n {
		t.Errorf("the sum is %v, want %v", got, 7*n)
	}
}
