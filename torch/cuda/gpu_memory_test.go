//go:build gpu

package cuda_test

import (
	"errors"
	"math"
	"runtime"
	"runtime/debug"
	"testing"

	"sslmem/torch"
	"sslmem/torch/cuda"
	"sslmem/torch/torchtest"
)

// With room for one of two large tensors, the garbage of the first makes way
// for the second; a living one makes it an error, after which the device works.
func TestOutOfMemory(t *testing.T) {
	torchtest.NoLeak(t)
	must(t, cuda.EmptyCache())
	_, total, err := cuda.MemGetInfo(0)
	must(t, err)
	const size = 256 << 20
	reserved := value(t, cuda.MemoryReserved)
	must(t, cuda.SetPerProcessMemoryFraction(float64(reserved+size*3/2)/float64(total), 0))
	defer func() { must(t, cuda.SetPerProcessMemoryFraction(1, 0), cuda.EmptyCache()) }()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))

	large := func() *torch.Tensor { return torch.Root.Empty([]int{size}, torch.Uint8, gpu) }
	for range 4 {
		if err := torch.Try(func() { large() }); err != nil {
			t.Fatal(err)
		}
	}
	kept := large()
	err = torch.Try(func() { large() })
	var e *torch.Error
	if !errors.As(err, &e) || e.Kind != torch.Memory {
		t.Errorf("error %v", err)
	}
	if stats := value(t, cuda.MemoryStats); stats.NumOOMs == 0 {
		t.Error("the allocator has counted no failure")
	}
	runtime.KeepAlive(kept)
	kept.Free()
	if err := torch.Try(func() { large().Free() }); err != nil {
		t.Error("after the error: ", err)
	}
}

// TF32 rounds the operands to 10 bits of mantissa, on GPUs that have it.
func TestTF32(t *testing.T) {
	major, _, err := cuda.DeviceCapability(0)
	must(t, err)
	if major < 8 {
		t.Skip("TF32 came with capability 8.0")
	}
	s := torch.NewScope()
	defer s.Close()
	defer torch.MatmulAllowTF32.Set(false)
	x := torch.NewGenerator(1, gpu).Randn(s, []int{256, 256}, torch.Float32)
	exact := x.ToDType(torch.Float64)
	exact = exact.Mm(exact)
	var errors [2]float64
	for i, on := range []bool{false, true} {
		torch.MatmulAllowTF32.Set(on)
		errors[i] = x.Mm(x).ToDType(torch.Float64).Sub(exact).Abs().Mean().Item()
	}
	if errors[0] > 1e-5 || errors[1] < 10*errors[0] || math.IsNaN(errors[1]) {
		t.Errorf("mean error %v in full precision, %v with TF32", errors[0], errors[1])
	}
}
