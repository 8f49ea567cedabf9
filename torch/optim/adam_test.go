package optim_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"sslmem/torch"
	"sslmem/torch/optim"
	"sslmem/torch/torchtest"
)

const (
	adamFile   = "testdata/adam.safetensors"
	adamScript = "testdata/make_adam.py"
	// Each of 100 steps of at most .03 rounds the parameters, of order 1, in
	// float32: 100 · 2⁻²⁴ at worst.
	tolerance = 6e-6
)

// problem is the list of parameters of make_adam.py.
func problem(fixture map[string]*torch.Tensor) []*torch.Tensor {
	start := torchtest.Group(fixture, "start")
	params := make([]*torch.Tensor, len(start))
	for i := range params {
		params[i] = start[fmt.Sprint(i)].Clone().Keep().RequireGrad(true)
	}
	return params
}

// step takes one step with the fixture's gradients and learning rate.
func step(fixture map[string]*torch.Tensor, params []*torch.Tensor, opt optim.Optimizer, n int) {
	grads := torchtest.Group(fixture, fmt.Sprintf("grad.%d", n%10))
	for i, p := range params {
		p.SetGrad(grads[fmt.Sprint(i)])
	}
	opt.Step(.01 * float64(1+n%3))
}

func free(list []*torch.Tensor) {
	for _, t := range list {
		t.Free()
	}
}

func TestAdamAgainstPyTorch(t *testing.T) {
	fixture := torchtest.Fixture(t, adamFile)
	for name, o := range map[string]optim.AdamOptions{
		"adam":              {},
		"adam with decay":   {WeightDecay: .1},
		"adam with options": {Beta1: .8, Beta2: .95, Eps: 1e-3},
		"adamw":             {WeightDecay: .1, Decoupled: true},
	} {
		t.Run(name, func(t *testing.T) {
			params := problem(fixture)
			defer free(params)
			opt := optim.NewAdam(params, o)
			defer opt.Free()
			want := torchtest.Group(fixture, name)
			for n := range 100 {
				step(fixture, params, opt, n)
				if n == 0 {
					for i, p := range params {
						torchtest.AllClose(t, p, want[fmt.Sprintf("first.%d", i)], 1e-6, 1e-7)
					}
				}
			}
			state := maps.Collect(opt.State())
			for i, p := range params {
				torchtest.AllClose(t, p, want[fmt.Sprintf("last.%d", i)], tolerance, tolerance)
				for _, moment := range []string{"exp_avg", "exp_avg_sq"} {
					key := fmt.Sprintf("%s.%d", moment, i)
					torchtest.AllClose(t, state[key], want[key], 1e-5, 1e-7)
				}
			}
			if got := opt.Steps(); got != 100 {
				t.Errorf("%d steps counted, want 100", got)
			}
		})
	}
}

func TestAdamFixtureIsPyTorchs(t *testing.T) {
	torchtest.Remake(t, adamScript, adamFile, tolerance, tolerance)
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

// A second optimizer that gets the state of the first goes on bit for bit.
func TestStateRoundTrip(t *testing.T) {
	torchtest.NoLeak(t)
	fixture := torchtest.Fixture(t, adamFile)
	params := problem(fixture)
	defer free(params)
	opt := optim.NewAdam(params, optim.AdamOptions{WeightDecay: .1})
	defer opt.Free()
	for n := range 7 {
		step(fixture, params, opt, n)
	}
	path := t.TempDir() + "/state.safetensors"
	if err := torch.SaveSafetensors(path, opt.State(), nil); err != nil {
		t.Fatal(err)
	}
	saved := torchtest.Fixture(t, path)
	if len(saved) != 2*len(params) {
		t.Errorf("%d tensors saved, want two for each of %d parameters", len(saved), len(params))
	}
	copies := make([]*torch.Tensor, len(params))
	for i, p := range params {
		copies[i] = p.Detach().Clone().RequireGrad(true)
	}
	defer free(copies)
	second := optim.NewAdam(copies, optim.AdamOptions{WeightDecay: .1})
	defer second.Free()
	for name, x := range second.State() {
		x.CopyFrom(saved[name])
	}
	second.SetSteps(opt.Steps())
	for n := 7; n < 20; n++ {
		step(fixture, params, opt, n)
		step(fixture, copies, second, n)
	}
	for i := range params {
		if !copies[i].Equal(params[i]) {
			t.Errorf("parameter %d differs after resuming", i)
		}
	}
	if second.Steps() != opt.Steps() {
		t.Errorf("%d steps, want %d", second.Steps(), opt.Steps())
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
		if !m.IsContiguous(torch.ChannelsLast) {
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
