package optim_test

import (
	"math"
	"slices"
	"testing"

	"sslmem/torch"
	"sslmem/torch/optim"
	"sslmem/torch/torchtest"
)

func free(list []*torch.Tensor) {
	for _, t := range list {
		t.Free()
	}
}

// The first step of Adam is lr · g/(|g| + eps), whatever the betas are.
func TestFirstStepClosedForm(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	const lr = .25
	for _, o := range []optim.AdamOptions{{}, {Beta1: .5, Beta2: .7}, {Eps: 1}} {
		p := torch.FromSlice(torch.Root, []float32{1, 1, 1, 1}).RequireGrad(true)
		opt := optim.NewAdam([]*torch.Tensor{p}, o)
		g := []float32{3, -2, 1e-3, 0}
		p.SetGrad(torch.FromSlice(s, g))
		opt.Step(lr)
		eps := o.Eps
		if eps == 0 {
			eps = 1e-8
		}
		for i, got := range torch.ToSlice[float64](p) {
			want := 1 - lr*float64(g[i])/(math.Abs(float64(g[i]))+eps)
			if math.Abs(got-want) > 1e-6 {
				t.Errorf("%+v: gradient %v moved 1 to %v, want %v", o, g[i], got, want)
			}
		}
		opt.Free()
		p.Free()
	}
}

// AdamW shrinks by lr · decay without looking at the gradient.
func TestDecoupledDecayClosedForm(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	p := torch.FromSlice(torch.Root, []float32{2}).RequireGrad(true)
	defer p.Free()
	opt := optim.NewAdam([]*torch.Tensor{p}, optim.AdamOptions{WeightDecay: .5, Decoupled: true})
	defer opt.Free()
	p.SetGrad(s.Zeros([]int{1}, torch.Float32, torch.CPU))
	opt.Step(.1)
	if got, want := p.Item(), 2*(1-.1*.5); math.Abs(got-want) > 1e-6 {
		t.Errorf("2 became %v, want %v", got, want)
	}
}

// Parameters without a gradient stay as they are, and ZeroGrad removes all.
func TestParametersWithoutGradient(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	a := torch.FromSlice(torch.Root, []float32{1, 2}).RequireGrad(true)
	b := torch.FromSlice(torch.Root, []float32{3}).RequireGrad(true)
	params := []*torch.Tensor{a, b}
	defer free(params)
	opt := optim.NewAdam(params, optim.AdamOptions{WeightDecay: .1})
	defer opt.Free()
	opt.Step(.1) // none has one
	b.SetGrad(s.Ones([]int{1}, torch.Float32, torch.CPU))
	opt.Step(.1)
	if got := torch.ToSlice[float32](a); !slices.Equal(got, []float32{1, 2}) {
		t.Errorf("the parameter without gradient moved to %v", got)
	}
	if b.Item() == 3 {
		t.Error("the parameter with a gradient did not move")
	}
	if opt.ZeroGrad(); b.Grad() != nil {
		t.Error("a gradient is left after ZeroGrad")
	}
}

// The moments lie in memory as their parameter does, or each step would
// convert.
func TestMomentsFollowTheMemoryFormat(t *testing.T) {
	torchtest.NoLeak(t)
	p := torch.Root.EmptyFormat([]int{4, 3, 3, 3}, torch.Float32, torch.CPU, torch.ChannelsLast).Fill(1).RequireGrad(true)
	defer p.Free()
	opt := optim.NewAdam([]*torch.Tensor{p}, optim.AdamOptions{})
	defer opt.Free()
	for name, m := range opt.State() {
		if m.Dim() == 4 && !m.IsContiguous(torch.ChannelsLast) {
			t.Errorf("%s is not channels last", name)
		}
		if m.RequiresGrad() || m.Scope() != torch.Root {
			t.Errorf("%s is not a plain root tensor", name)
		}
	}
}

// Two hundred steps down a parabola end at its bottom and leave no tensor
// behind.
func TestStepsLeaveNothing(t *testing.T) {
	torchtest.NoLeak(t)
	p := torch.FromSlice(torch.Root, []float32{4, -3}).RequireGrad(true)
	defer p.Free()
	opt := optim.NewAdam([]*torch.Tensor{p}, optim.AdamOptions{})
	defer opt.Free()
	schedule := optim.WarmupCosine{Base: .2, Warmup: 10, Total: 200}
	var first int
	for n := range 200 {
		s := torch.NewScope()
		x := s.Use(p)
		x.Mul(x).Sum().Backward()
		opt.Step(schedule.At(n))
		opt.ZeroGrad()
		s.Close()
		if n == 0 {
			first = torch.Live()
		}
		if live := torch.Live(); live != first {
			t.Fatalf("%d tensors live after step %d, %d after the first", live, n+1, first)
		}
	}
	for _, x := range torch.ToSlice[float64](p) {
		if math.Abs(x) > 1e-2 {
			t.Errorf("ended at %v, want 0", x)
		}
	}
}
