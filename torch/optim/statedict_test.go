package optim_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/optim"
	"sslmem/torch/torchtest"
)

// The entries are those of torch 2.14.1.
func TestStateDictLayout(t *testing.T) {
	torchtest.NoLeak(t)
	fixture := torchtest.Fixture(t, optimizersFile)
	adam := strings.Fields("lr betas eps weight_decay amsgrad maximize foreach capturable differentiable fused decoupled_weight_decay params")
	sgd := strings.Fields("lr momentum dampening weight_decay nesterov maximize foreach differentiable fused params")
	for name, want := range map[string]struct{ group, state []string }{
		"adam":              {adam, []string{"step", "exp_avg", "exp_avg_sq"}},
		"adamw in groups":   {adam, []string{"step", "exp_avg", "exp_avg_sq"}},
		"sgd with momentum": {sgd, []string{"momentum_buffer"}},
		"sgd":               {sgd, nil},
	} {
		list := problem(fixture, torch.Float32)
		opt := cases[name](list)
		for n := range 2 {
			step(fixture, list, opt, n)
		}
		dict := opt.StateDict()
		groups, state := dict["param_groups"].([]any), dict["state"].(map[int64]any)
		slices.Sort(want.group)
		next := int64(0)
		for i, g := range groups {
			group := g.(map[string]any)
			if got := slices.Sorted(maps.Keys(group)); !slices.Equal(got, want.group) {
				t.Errorf("%s: group %d has %v, want %v", name, i, got, want.group)
			}
			if got, want := group["lr"], []float64{.02, .01}[i]; got != want {
				t.Errorf("%s: group %d has the learning rate %v of step 1, want %v", name, i, got, want)
			}
			for _, id := range group["params"].([]any) {
				if id != next {
					t.Errorf("%s: parameter %v, want %d", name, id, next)
				}
				next++
			}
		}
		// Parameter 1 has no gradient yet, and so no state.
		without := int64(1)
		if len(groups) == 2 {
			without = 2
		}
		for id := range int64(4) {
			of, ok := state[id].(map[string]any)
			if has := id != without && want.state != nil; ok != has {
				t.Errorf("%s: parameter %d has the state %v", name, id, state[id])
			} else if has {
				slices.Sort(want.state)
				if got := slices.Sorted(maps.Keys(of)); !slices.Equal(got, want.state) {
					t.Errorf("%s: parameter %d has %v, want %v", name, id, got, want.state)
				}
			}
		}
		opt.Free()
		free(list)
	}
}

// A state of PyTorch: numbered freely, with a plain number for a count and None
// for a buffer that is not there.
func TestLoadForeignStateDict(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	a := torch.FromSlice(torch.Root, []float32{1, 2}).RequireGrad(true)
	b := torch.FromSlice(torch.Root, []float32{3}).RequireGrad(true)
	list := []*torch.Tensor{a, b}
	defer free(list)
	adam := optim.NewAdam(list, optim.AdamOptions{})
	defer adam.Free()
	group := map[string]any{"amsgrad": false, "params": []any{int64(7), int64(4)}}
	err := adam.LoadStateDict(map[string]any{
		"param_groups": []any{group},
		"state": map[int64]any{4: map[string]any{
			"step": 12.0, "exp_avg": torch.FromSlice(s, []float64{.5}), "exp_avg_sq": torch.FromSlice(s, []float32{.25}),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	state := maps.Collect(adam.State())
	for key, want := range map[string]float64{"exp_avg.1": .5, "exp_avg_sq.1": .25, "step.1": 12, "step.0": 0} {
		if got := state[key].Item(); got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	if got := adam.Steps(); got != 12 {
		t.Errorf("%d steps, want 12", got)
	}

	sgd := optim.NewSGD(list, optim.SGDOptions{Momentum: .5, Dampening: .5})
	defer sgd.Free()
	err = sgd.LoadStateDict(map[string]any{
		"param_groups": []any{group},
		"state": map[int64]any{
			7: map[string]any{"momentum_buffer": nil},
			4: map[string]any{"momentum_buffer": torch.FromSlice(s, []float32{8})},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	a.SetGrad(torch.FromSlice(s, []float32{1, 1}))
	b.SetGrad(torch.FromSlice(s, []float32{2}))
	sgd.Step(1)
	if got := torch.ToSlice[float32](a); !slices.Equal(got, []float32{0, 1}) {
		t.Errorf("the parameter without buffer is %v, want one gradient less", got)
	}
	if got := b.Item(); got != 3-(4+1) {
		t.Errorf("the parameter with buffer is %v, want -2", got)
	}
}

// What does not fit is refused, and nothing is changed.
func TestLoadStateDictRefuses(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	p := torch.FromSlice(torch.Root, []float32{1, 2}).RequireGrad(true)
	defer p.Free()
	adam := optim.NewAdam([]*torch.Tensor{p}, optim.AdamOptions{})
	defer adam.Free()
	two, three := s.Ones([]int{2}, torch.Float32, torch.CPU), s.Ones([]int{3}, torch.Float32, torch.CPU)
	gone := torch.FromSlice(torch.Root, []float32{1, 2})
	gone.Free()
	good := map[string]any{"step": 1.0, "exp_avg": two, "exp_avg_sq": two}
	with := func(key string, v any) map[string]any {
		of := maps.Clone(good)
		of[key] = v
		return of
	}
	group := map[string]any{"params": []any{int64(0)}}
	for name, test := range map[string]struct {
		groups []any
		state  any
		want   string
	}{
		"no group":         {nil, map[int64]any{}, "0 parameter groups"},
		"group":            {[]any{1}, map[int64]any{}, "group 0 is int"},
		"params":           {[]any{map[string]any{"params": []any{}}}, map[int64]any{}, "0 parameters"},
		"number":           {[]any{map[string]any{"params": []any{"a"}}}, map[int64]any{}, "int64"},
		"amsgrad":          {[]any{map[string]any{"amsgrad": true, "params": []any{int64(0)}}}, map[int64]any{}, "amsgrad"},
		"no state":         {[]any{group}, nil, "state is <nil>"},
		"state":            {[]any{group}, map[int64]any{0: 1}, "state is int"},
		"other optimizer":  {[]any{group}, map[int64]any{0: map[string]any{"momentum_buffer": two}}, "exp_avg is missing"},
		"shape":            {[]any{group}, map[int64]any{0: with("exp_avg_sq", three)}, "exp_avg_sq is [3]"},
		"number as tensor": {[]any{group}, map[int64]any{0: with("exp_avg", 1.0)}, "should be a tensor"},
		"freed":            {[]any{group}, map[int64]any{0: with("exp_avg", gone)}, "cannot be read"},
	} {
		dict := map[string]any{"param_groups": test.groups, "state": test.state}
		if err := adam.LoadStateDict(dict); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	for name, x := range adam.State() {
		if got := x.Sum().Item(); got != 0 {
			t.Errorf("%s changed to %v", name, got)
		}
	}
}
