package torch_test

import (
	"testing"

	"sslmem/torch"
)

// Tensors are counted to the byte while they live, and the peak remembers those that do
// not.
func TestHostMemory(t *testing.T) {
	const n = 1 << 20
	torch.ResetPeakHostMemory()
	start, peak := torch.HostMemory()
	if peak != start {
		t.Errorf("peak %d after a reset, want the %d of now", peak, start)
	}
	s := torch.NewScope()
	x := s.Zeros([]int{n}, torch.Float32, torch.CPU)
	s.Do(func(in *torch.Scope) *torch.Tensor { return in.Use(x).AddScalar(1).AddScalar(1).Sum() })
	during, peak := torch.HostMemory()
	if got := during - start; got < 4*n || got > 4*n+1024 {
		t.Errorf("%d bytes for %d elements of float32", got, n)
	}
	if got := peak - start; got < 12*n || got > 12*n+1024 {
		t.Errorf("peak of %d bytes with three tensors of %d", got, 4*n)
	}
	s.Close()
	if end, _ := torch.HostMemory(); end != start {
		t.Errorf("%d bytes in the end, %d at the start", end, start)
	}
	if got := torch.ResetPeakHostMemory(); got != peak {
		t.Errorf("the peak was %d, want %d", got, peak)
	}
}
