//go:build gpu

package torch_test

import (
	"testing"

	"sslmem/torch"
)

// Tensors, gradients and generators on a GPU.
func TestTensorsOnGPU(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	x := vector(s, 1, 2, 3).ToDevice(torch.CUDA(0)).RequireGrad(true)
	x.Mul(x).Sum().Backward()
	if got := x.Grad(); got.Device() != torch.CUDA(0) || got.String() != "[2., 4., 6.] cuda:0" {
		t.Errorf("gradient %v on %v", got, got.Device())
	}
	r := torch.NewGenerator(1, torch.CUDA(0)).Randn(s, []int{1000}, torch.Float32)
	if m := r.Mean().Item(); m < -0.2 || m > 0.2 {
		t.Errorf("mean of 1,000 normal numbers %v", m)
	}
}
