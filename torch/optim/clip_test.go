package optim_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// withGrads returns parameters that have the gradients of make_lists.py.
func withGrads(fixture map[string]*torch.Tensor) []*torch.Tensor {
	grads := torchtest.Group(fixture, "grad")
	list := make([]*torch.Tensor, len(grads))
	for i := range list {
		g := grads[fmt.Sprint(i)]
		list[i] = torch.Root.Zeros(g.Shape(), g.DType(), g.Device()).RequireGrad(true)
		list[i].SetGrad(g.Clone())
	}
	return list
}

func TestClipAgainstPyTorch(t *testing.T) {
	torchtest.NoLeak(t)
	fixture := torchtest.Fixture(t, listsFile)
	norm := func(most, kind float64) func(s *torch.Scope, list []*torch.Tensor) *torch.Tensor {
		return func(s *torch.Scope, list []*torch.Tensor) *torch.Tensor {
			return torch.ClipGradNorm(s, list, most, kind)
		}
	}
	each := func(kind float64) func(s *torch.Scope, list []*torch.Tensor) *torch.Tensor {
		return func(s *torch.Scope, list []*torch.Tensor) *torch.Tensor {
			return torch.ClipGradNormEach(s, list, 2, kind)
		}
	}
	for name, clip := range map[string]func(s *torch.Scope, list []*torch.Tensor) *torch.Tensor{
		"clip 1.0":    norm(.7, 1),
		"clip 2.0":    norm(.7, 2),
		"clip 3.5":    norm(.7, 3.5),
		"clip inf":    norm(.7, math.Inf(1)),
		"clip little": norm(1000, 2),
		"each 2.0":    each(2),
		"each inf":    each(math.Inf(1)),
		"value": func(_ *torch.Scope, list []*torch.Tensor) *torch.Tensor {
			torch.ClipGradValue(list, .4)
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := torch.NewScope()
			defer s.Close()
			list := withGrads(fixture)
			defer free(list)
			want := torchtest.Group(fixture, name)
			got := clip(s, list)
			if got != nil {
				torchtest.AllClose(t, got, want["norm"], 1e-6, 0)
				if got.DType() != want["norm"].DType() {
					t.Errorf("the norm is %v, want %v", got.DType(), want["norm"].DType())
				}
			}
			for i, p := range list {
				torchtest.AllClose(t, p.Grad(), want[fmt.Sprint(i)], 1e-6, 1e-7)
			}
		})
	}
}

// Without a gradient there is nothing to clip, and the norm is zero.
func TestClipWithoutGradients(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	p := s.Ones([]int{2}, torch.Float32, torch.CPU).RequireGrad(true)
	for _, list := range [][]*torch.Tensor{nil, {p}} {
		if got := torch.ClipGradNorm(s, list, 1, 2).Item(); got != 0 {
			t.Errorf("norm %v of %d tensors without gradient", got, len(list))
		}
		if got := torch.ClipGradNormEach(s, list, 1, 2); got.Size(0) != len(list) || got.Sum().Item() != 0 {
			t.Errorf("norms %v of %d tensors without gradient", got, len(list))
		}
		torch.ClipGradValue(list, 1)
	}
}

// The norms stand where their parameters do, whatever the order of the dtypes
// and wherever a gradient is missing; one that is not finite spoils no other.
func TestClipEachInOrder(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	var list []*torch.Tensor
	for _, dtype := range []torch.DType{torch.Float64, torch.Float32, torch.Float32, torch.Float64} {
		list = append(list, s.Zeros([]int{2}, dtype, torch.CPU).RequireGrad(true))
	}
	list[0].SetGrad(torch.FromSlice(s, []float64{3, 4}))
	list[2].SetGrad(torch.FromSlice(s, []float32{float32(math.Inf(1)), 1}))
	list[3].SetGrad(torch.FromSlice(s, []float64{.3, -.4}))
	norms := torch.ToSlice[float64](torch.ClipGradNormEach(s, list, 1, 2))
	if want := []float64{5, 0, math.Inf(1), .5}; !slices.Equal(norms, want) {
		t.Errorf("norms %v, want %v", norms, want)
	}
	if got := torch.ToSlice[float64](list[0].Grad()); math.Abs(got[0]-.6) > 1e-6 || math.Abs(got[1]-.8) > 1e-6 {
		t.Errorf("the first gradient became %v, want .6 and .8", got)
	}
	if got := torch.ToSlice[float64](list[3].Grad()); !slices.Equal(got, []float64{.3, -.4}) {
		t.Errorf("the last gradient became %v, though it was short enough", got)
	}
}

// CopyAll and LerpAll convert and check what they are given.
func TestLists(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	a := torch.FromSlice(s, []float32{1, 2})
	b := torch.FromSlice(s, []float64{3, 5})
	torch.CopyAll([]*torch.Tensor{a}, []*torch.Tensor{b})
	if got := torch.ToSlice[float32](a); !slices.Equal(got, []float32{3, 5}) {
		t.Errorf("copied %v", got)
	}
	torch.CopyAll(nil, nil)
	torch.LerpAll(nil, nil, .5)
	three := s.Ones([]int{3}, torch.Float32, torch.CPU)
	for name, fn := range map[string]func(){
		"lengths":     func() { torch.CopyAll([]*torch.Tensor{a}, nil) },
		"lerp shapes": func() { torch.LerpAll([]*torch.Tensor{a}, []*torch.Tensor{three}, .5) },
		"copy shapes": func() { torch.CopyAll([]*torch.Tensor{a}, []*torch.Tensor{three}) },
		"lerp dtypes": func() { torch.LerpAll([]*torch.Tensor{a}, []*torch.Tensor{b}, .5) },
		"nil":         func() { torch.CopyAll([]*torch.Tensor{nil}, []*torch.Tensor{a}) },
	} {
		if torch.Try(fn) == nil {
			t.Errorf("%s: no panic", name)
		}
	}
}
