package optim_test

import (
	"slices"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/optim"
	"sslmem/torch/torchtest"
)

// block has a matrix, a bias of two dimensions, a bias, the parameters of a norm
// and a scalar.
type block struct {
	weight, table, bias, gain, temperature *torch.Tensor
}

func (b *block) Register(r *nn.Registry) {
	r.Param("weight", &b.weight)
	r.Param("position.bias", &b.table)
	r.Param("bias", &b.bias)
	r.Param("norm.weight", &b.gain)
	r.Param("temperature", &b.temperature)
}

func TestDecayGroups(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	ones := func(shape ...int) *torch.Tensor { return s.Ones(shape, torch.Float32, torch.CPU) }
	b := &block{ones(2, 3), ones(2, 3), ones(3), ones(3), ones()}
	groups := optim.DecayGroups(b, .3)
	if len(groups) != 2 {
		t.Fatalf("%d groups", len(groups))
	}
	decayed, rest := groups[0], groups[1]
	if decayed.WeightDecay != .3 || decayed.NoAdapt || rest.WeightDecay != 0 || !rest.NoAdapt {
		t.Errorf("options %+v and %+v", decayed, rest)
	}
	if !slices.Equal(decayed.Params, []*torch.Tensor{b.weight}) {
		t.Errorf("%d parameters are decayed, want the matrix", len(decayed.Params))
	}
	if !slices.Equal(rest.Params, []*torch.Tensor{b.table, b.bias, b.gain, b.temperature}) {
		t.Errorf("%d parameters are not decayed, want the other four in order", len(rest.Params))
	}
}

func TestGroupsRefuse(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	p := s.Ones([]int{2}, torch.Float32, torch.CPU)
	twice := []*torch.Tensor{p, p}
	one := []optim.Group{{Params: []*torch.Tensor{p}}}
	for name, test := range map[string]struct {
		fn   func()
		want string
	}{
		"twice":           {func() { optim.NewSGD(twice, optim.SGDOptions{}) }, "second time"},
		"nil":             {func() { optim.NewSGD([]*torch.Tensor{nil}, optim.SGDOptions{Momentum: .9}) }, "parameter 0 of a group cannot be used"},
		"in two groups":   {func() { optim.NewSGDGroups([]optim.Group{one[0], one[0]}, optim.SGDOptions{}) }, "second time"},
		"adam":            {func() { optim.NewAdamGroups(one, optim.AdamOptions{WeightDecay: .1}) }, "their own WeightDecay"},
		"lamb":            {func() { optim.NewLAMBGroups(one, optim.LAMBOptions{WeightDecay: .1}) }, "their own WeightDecay"},
		"nesterov":        {func() { optim.NewSGD(one[0].Params, optim.SGDOptions{Nesterov: true}) }, "Nesterov"},
		"nesterov damped": {func() { optim.NewSGD(nil, optim.SGDOptions{Nesterov: true, Momentum: .9, Dampening: .1}) }, "Nesterov"},
	} {
		if err := torch.Try(test.fn); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// What changes in the groups holds from the next step on and shows in the state
// dict; the list that the optimizer was made from is the caller's.
func TestGroupsAreLive(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	p := torch.FromSlice(torch.Root, []float32{2}).RequireGrad(true)
	q := torch.FromSlice(torch.Root, []float32{2}).RequireGrad(true)
	defer free([]*torch.Tensor{p, q})
	made := []optim.Group{{Params: []*torch.Tensor{p}}, {Params: []*torch.Tensor{q}, Frozen: true}}
	opt := optim.NewAdamGroups(made, optim.AdamOptions{Decoupled: true})
	defer opt.Free()
	for _, x := range opt.Params() {
		x.SetGrad(s.Zeros([]int{1}, torch.Float32, torch.CPU))
	}
	made[0].WeightDecay = 1
	opt.Step(.5)
	if p.Item() != 2 || q.Item() != 2 {
		t.Errorf("became %v and %v by the caller's list, want 2", p.Item(), q.Item())
	}
	groups := opt.Groups()
	groups[0].WeightDecay, groups[1].WeightDecay = 1, 1
	opt.Step(.5)
	if p.Item() != 1 || q.Item() != 2 {
		t.Errorf("became %v, and %v while frozen; want 1 and 2", p.Item(), q.Item())
	}
	state := opt.StateDict()["state"].(map[int64]any)
	if state[0] == nil || state[1] != nil {
		t.Errorf("state of the parameters %v, want of the first alone", state)
	}
	groups[1].Frozen, groups[1].LR = false, .25
	opt.Step(0) // a learning rate of its own does not depend on the step's
	if p.Item() != 1 || q.Item() != 1.5 {
		t.Errorf("became %v and %v, want 1 and 1.5", p.Item(), q.Item())
	}
	for i, want := range []struct{ lr, decay float64 }{{0, 1}, {.25, 1}} {
		group := opt.StateDict()["param_groups"].([]any)[i].(map[string]any)
		if group["lr"] != want.lr || group["weight_decay"] != want.decay {
			t.Errorf("group %d has learning rate %v and weight decay %v, want %v", i, group["lr"], group["weight_decay"], want)
		}
	}
}

// The ratio of LARSClip is 1 where lr is zero or small, and 0 without gradient.
func TestLARSClipBounds(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	p := torch.FromSlice(torch.Root, []float32{3, 4}).RequireGrad(true)
	defer p.Free()
	opt := optim.NewLARS([]*torch.Tensor{p}, optim.LARSOptions{Form: optim.LARSClip, WeightDecay: .5, Trust: .25})
	defer opt.Free()
	for _, test := range []struct {
		grad []float32
		lr   float64
		want []float32 // from 3, 4
	}{
		{[]float32{1, 0}, 0, []float32{3, 4}},
		{[]float32{0, 0}, .125, []float32{3, 4}},      // no decay either
		{[]float32{-1.5, 2}, .125, []float32{3, 3.5}}, // λ = .25·5/(2.5+2.5)/.125 = 2, so 1
		{[]float32{-1.5, 2}, 1, []float32{3, 3}},      // λ = .25
	} {
		torch.NoGrad(func() { torch.CopyFromSlice(p, []float32{3, 4}) })
		p.SetGrad(torch.FromSlice(s, test.grad))
		opt.Step(test.lr)
		if got := torch.ToSlice[float32](p); !slices.Equal(got, test.want) {
			t.Errorf("gradient %v with lr %v: %v, want %v", test.grad, test.lr, got, test.want)
		}
	}
	err := torch.Try(func() {
		torch.LARSStep([]*torch.Tensor{p}, []*torch.Tensor{p}, torch.LARSArgs{LR: 1, Adapt: true, LRInside: true, Clip: true})
	})
	if err == nil || !strings.Contains(err.Error(), "exclude each other") {
		t.Errorf("both forms at once: %v", err)
	}
}

// A gradient in another order of memory than its parameter gives the same step.
func TestGradientInAnotherFormat(t *testing.T) {
	torchtest.NoLeak(t)
	fixture := torchtest.Fixture(t, optimizersFile)
	g := torchtest.Group(fixture, "grad.0")["2"] // [2, 3, 2, 2]
	for _, name := range []string{"adam", "sgd with nesterov", "lars you with options", "lamb with decay"} {
		var got [2]*torch.Tensor
		for i, format := range []torch.MemoryFormat{torch.ContiguousFormat, torch.ChannelsLast} {
			list := problem(fixture, torch.Float32)
			opt := cases[name](list)
			for range 3 {
				list[2].SetGrad(g.Contiguous(format))
				opt.Step(.1)
			}
			got[i] = list[2].Detach()
			opt.Free()
			free(list)
		}
		torchtest.AllClose(t, got[1], got[0], 1e-6, 1e-7)
		free(got[:])
	}
}

// A list of several dtypes steps as one of each.
func TestMixedDTypes(t *testing.T) {
	torchtest.NoLeak(t)
	fixture := torchtest.Fixture(t, optimizersFile)
	for _, name := range []string{"adamw", "sgd with dampening", "lars byol with options", "lamb"} {
		plain, mixed := problem(fixture, torch.Float64), problem(fixture, torch.Float64)
		mixed[0].Free()
		mixed[0] = plain[0].Detach().Clone().ToDType(torch.Float32).RequireGrad(true)
		a, b := cases[name](plain), cases[name](mixed)
		for n := range 10 {
			step(fixture, plain, a, n)
			step(fixture, mixed, b, n)
		}
		torchtest.AllClose(t, mixed[0], plain[0], 1e-5, 1e-5)
		for i := 1; i < len(plain); i++ {
			if !mixed[i].Equal(plain[i]) {
				t.Errorf("%s: parameter %d differs", name, i)
			}
		}
		a.Free()
		b.Free()
		free(plain)
		free(mixed)
	}
}
