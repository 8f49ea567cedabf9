package torch_test

import (
	"bytes"
	"slices"
	"strconv"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// TestGeneratorMatchesPyTorch draws what testdata/make.py drew.
func TestGeneratorMatchesPyTorch(t *testing.T) {
	torchtest.NoLeak(t)
	var file struct {
		Streams []struct {
			Seed  string
			Draws []struct {
				array
				Kind string
			}
		}
	}
	readJSON(t, "testdata/random.json", &file)
	for _, stream := range file.Streams {
		seed, err := strconv.ParseUint(stream.Seed, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		s := torch.NewScope()
		g := torch.NewGenerator(seed, torch.CPU)
		for i, d := range stream.Draws {
			x := s.Empty(d.Shape, dtypes[d.DType], torch.CPU)
			switch d.Kind {
			case "normal":
				x = g.Normal(x, 1, 2)
			case "uniform":
				x = g.Uniform(x, -1, 3)
			case "bernoulli":
				x = g.Bernoulli(x, 0.3)
			case "randperm":
				x = g.Randperm(s, d.Shape[0])
			}
			torchtest.Close(t, torch.ToSlice[float64](x), d.Data, d.Shape, 1e-6, 1e-6)
			if t.Failed() {
				t.Fatalf("seed %d, draw %d: %s", seed, i, d.Kind)
			}
		}
		s.Close()
	}
}

func TestGeneratorState(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	g := torch.NewGenerator(7, torch.CPU)
	draw := func() []float32 { return torch.ToSlice[float32](g.Randn(s, []int{5}, torch.Float32)) }
	draw() // five numbers leave the second half of a pair behind, which is part of the state
	state := g.State()
	want := draw()
	if slices.Equal(want, draw()) {
		t.Error("two draws are equal")
	}
	g.SetState(state)
	if got := draw(); !slices.Equal(got, want) {
		t.Errorf("after SetState %v, want %v", got, want)
	}
	other := torch.NewGenerator(8, torch.CPU)
	other.SetState(state)
	if !bytes.Equal(other.State(), state) {
		t.Error("State differs from what SetState set")
	}
	g.Seed(7)
	if got := draw(); slices.Equal(got, want) {
		t.Error("Seed did not start the stream over")
	}
	mustFail(t, torch.Runtime, func() { g.SetState(state[:100]) }, "set_state", "uint8[100]")
}

// TestGeneratorsAreApart checks that no generator touches another's stream.
func TestGeneratorsAreApart(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	alone := torch.ToSlice[float64](torch.NewGenerator(1, torch.CPU).Rand(s, []int{4}, torch.Float64))
	a, b := torch.NewGenerator(1, torch.CPU), torch.NewGenerator(2, torch.CPU)
	var beside []float64
	for range 4 {
		b.Rand(s, []int{3}, torch.Float64)
		beside = append(beside, a.Rand(s, []int{1}, torch.Float64).Item())
	}
	if !slices.Equal(alone, beside) {
		t.Errorf("%v beside another generator, %v alone", beside, alone)
	}
	if g := torch.NewGenerator(3, torch.CPU); g.Device() != torch.CPU {
		t.Errorf("device %v", g.Device())
	}
	for _, u := range alone {
		if u < 0 || u >= 1 {
			t.Errorf("%v is outside [0, 1)", u)
		}
	}
}
