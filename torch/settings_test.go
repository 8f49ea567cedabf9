package torch_test

import (
	"os"
	"testing"

	"sslmem/torch"
)

// The switches start as PyTorch's do and come back as they were set.
func TestSettings(t *testing.T) {
	for s, start := range map[torch.Setting]bool{
		torch.CuDNNEnabled: true, torch.CuDNNBenchmark: false, torch.CuDNNDeterministic: false,
		torch.CuDNNAllowTF32: true, torch.MatmulAllowTF32: false,
	} {
		if s.On() != start {
			t.Errorf("%v starts as %v", s, s.On())
		}
		for _, on := range []bool{!start, start} {
			if s.Set(on); s.On() != on {
				t.Errorf("%v is %v after Set(%v)", s, s.On(), on)
			}
		}
	}
	mustFail(t, torch.Value, func() { torch.Setting(99).Set(true) }, "setting 99")
}

func TestFloat32MatmulPrecision(t *testing.T) {
	defer torch.SetFloat32MatmulPrecision(torch.Highest)
	for _, p := range []torch.MatmulPrecision{torch.High, torch.Medium, torch.Highest} {
		torch.SetFloat32MatmulPrecision(p)
		if got := torch.Float32MatmulPrecision(); got != p {
			t.Errorf("%v, want %v", got, p)
		}
		if tf32 := torch.MatmulAllowTF32.On(); tf32 != (p != torch.Highest) {
			t.Errorf("TF32 is %v at %v", tf32, p)
		}
	}
	mustFail(t, torch.Value, func() { torch.SetFloat32MatmulPrecision(3) }, "no precision 3")
}

// Deterministic mode shows on the CPU too: put_ with repeated indices has no
// algorithm for it, and new memory is filled.
func TestDeterministic(t *testing.T) {
	t.Setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")
	s := torch.NewScope()
	defer s.Close()
	defer torch.UseDeterministicAlgorithms(false, false)
	if torch.AreDeterministicAlgorithmsEnabled() {
		t.Error("on from the start")
	}
	torch.UseDeterministicAlgorithms(true, false)
	if !torch.AreDeterministicAlgorithmsEnabled() {
		t.Error("it was not set")
	}
	if x := s.Empty([]int{3}, torch.Float32, torch.CPU); x.String() != "[nan, nan, nan]" {
		t.Errorf("new memory holds %v", x)
	}
	if v := os.Getenv("CUBLAS_WORKSPACE_CONFIG"); v != ":16:8" {
		t.Errorf("the variable became %q", v)
	}
}
