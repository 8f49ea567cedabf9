//go:build gpu

package optim_test

import (
	"fmt"
	"math"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// onGPU moves the tensors of a fixture to the first GPU.
func onGPU(t *testing.T, path string) map[string]*torch.Tensor {
	t.Helper()
	moved := map[string]*torch.Tensor{}
	for name, x := range torchtest.Fixture(t, path) {
		moved[name] = x.ToDevice(torch.CUDA(0))
	}
	return moved
}

// The optimizers give PyTorch's numbers on a GPU too.
func TestOptimizersOnGPU(t *testing.T) {
	fixture := onGPU(t, optimizersFile)
	for name, build := range cases {
		for _, dtype := range []torch.DType{torch.Float32, torch.Float64} {
			full := name
			if dtype == torch.Float64 {
				full += " f64"
			}
			t.Run(full, func(t *testing.T) {
				torchtest.NoLeak(t)
				params := problem(fixture, dtype)
				defer free(params)
				opt := build(params)
				defer opt.Free()
				for n := range 100 {
					step(fixture, params, opt, n)
				}
				want := torchtest.Group(fixture, full)
				rtol, atol := tolerances(dtype)
				for i, p := range params {
					torchtest.AllClose(t, p, want[fmt.Sprintf("last.%d", i)], 2*rtol, 2*atol)
				}
			})
		}
	}
}

// Averages and clipping on a GPU.
func TestListsOnGPU(t *testing.T) {
	fixture := onGPU(t, listsFile)
	s := torch.NewScope()
	defer s.Close()
	for name, clip := range map[string]func(list []*torch.Tensor) *torch.Tensor{
		"clip 2.0": func(list []*torch.Tensor) *torch.Tensor { return torch.ClipGradNorm(s, list, .7, 2) },
		"clip inf": func(list []*torch.Tensor) *torch.Tensor { return torch.ClipGradNorm(s, list, .7, math.Inf(1)) },
		"each 2.0": func(list []*torch.Tensor) *torch.Tensor { return torch.ClipGradNormEach(s, list, 2, 2) },
	} {
		list := withGrads(fixture)
		norm := clip(list)
		want := torchtest.Group(fixture, name)
		torchtest.AllClose(t, norm, want["norm"], 1e-6, 0)
		for i, p := range list {
			torchtest.AllClose(t, p.Grad(), want[fmt.Sprint(i)], 1e-6, 1e-7)
		}
		free(list)
	}
	a, b := s.Zeros([]int{3}, torch.Float32, torch.CUDA(0)), s.Ones([]int{3}, torch.Float32, torch.CUDA(0))
	torch.LerpAll([]*torch.Tensor{a}, []*torch.Tensor{b}, .25)
	if got := a.Sum().Item(); got != .75 {
		t.Errorf("the sum of the averages is %v, want .75", got)
	}
}
