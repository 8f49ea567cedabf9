package optim

import (
	"fmt"
	"maps"
	"slices"

	"sslmem/torch"
)

// stateDict returns the state with the given options in every group.
func (c *core) stateDict(options map[string]any) map[string]any {
	state := map[int64]any{}
	var groups []any
	n := int64(0)
	for i, g := range c.groups {
		group := maps.Clone(options)
		group["lr"], group["weight_decay"] = c.lrs[i], g.WeightDecay
		var members []any
		for j := range g.Params {
			if c.started(i, j) {
				of := map[string]any{}
				for k, s := range c.slots {
					of[s.name] = c.state[i][k][j]
				}
				state[n] = of
			}
			members = append(members, n)
			n++
		}
		group["params"] = members
		groups = append(groups, group)
	}
	return map[string]any{"state": state, "param_groups": groups}
}

// started reports whether a parameter has a state other than zero: it was
// updated, as far as its optimizer counts.
func (c *core) started(group, at int) bool {
	k := slices.IndexFunc(c.slots, func(s slot) bool { return s.count })
	if k < 0 {
		return len(c.slots) > 0
	}
	return c.state[group][k][at].Item() != 0
}

// LoadStateDict implements [Optimizer]. It returns an error that says what does
// not fit, and then has changed nothing.
func (c *core) LoadStateDict(dict map[string]any) error {
	saved, err := c.match(dict)
	if err != nil {
		return fmt.Errorf("the optimizer state does not fit: %w", err)
	}
	return torch.Try(func() {
		torch.NoGrad(func() {
			n := 0
			for i, g := range c.groups {
				for j := range g.Params {
					for k, s := range c.slots {
						steps := load(c.state[i][k][j], saved[n][s.name])
						if s.count {
							c.taken = max(c.taken, steps)
						}
					}
					n++
				}
			}
		})
	})
}

// load copies a saved tensor or number into t, or zero where there is none. It
// returns the number that a count holds then.
func load(t *torch.Tensor, saved any) int64 {
	switch v := saved.(type) {
	case nil:
		t.Zero()
	case *torch.Tensor:
		t.CopyFrom(v)
	case float64:
		t.Fill(v)
	case int64:
		t.Fill(float64(v))
	}
	if t.Dim() > 0 {
		return 0
	}
	return int64(t.Item())
}

// match checks a state against the parameters and returns that of each, which
// is nil for one that was never updated.
func (c *core) match(dict map[string]any) ([]map[string]any, error) {
	groups, ok := dict["param_groups"].([]any)
	if !ok || len(groups) != len(c.groups) {
		return nil, fmt.Errorf("it has %d parameter groups, the optimizer %d", len(groups), len(c.groups))
	}
	state, ok := dict["state"].(map[int64]any)
	if empty, none := dict["state"].(map[string]any); none && len(empty) == 0 {
		ok = true // of no parameter, so that nothing tells the kind of its keys
	}
	if !ok {
		return nil, fmt.Errorf("its entry state is %T, which should be map[int64]any", dict["state"])
	}
	var saved []map[string]any
	for i, g := range groups {
		group, ok := g.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("group %d is %T, which should be map[string]any", i, g)
		}
		for _, option := range []string{"amsgrad", "maximize"} {
			if on, _ := group[option].(bool); on {
				return nil, fmt.Errorf("group %d was trained with %s, which this package does not have", i, option)
			}
		}
		members, _ := group["params"].([]any)
		if len(members) != len(c.groups[i].Params) {
			return nil, fmt.Errorf("group %d has %d parameters, the optimizer's %d", i, len(members), len(c.groups[i].Params))
		}
		for j, member := range members {
			id, ok := member.(int64)
			if !ok {
				return nil, fmt.Errorf("parameter %d of group %d is numbered by %T, which should be int64", j, i, member)
			}
			of, err := c.matchOne(state[id], i, j)
			if err != nil {
				return nil, fmt.Errorf("parameter %d of group %d: %w", j, i, err)
			}
			saved = append(saved, of)
		}
	}
	return saved, nil
}

// matchOne checks the state of one parameter.
func (c *core) matchOne(state any, group, at int) (map[string]any, error) {
	if state == nil || len(c.slots) == 0 {
		return nil, nil
	}
	of, ok := state.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("its state is %T, which should be map[string]any", state)
	}
	if buffer, ok := of["momentum_buffer"]; ok && buffer == nil {
		return nil, nil // PyTorch's SGD before the first step, or without momentum
	}
	of = maps.Clone(of)
	if _, counted := of["step"]; !counted {
		of["step"] = int64(1) // PyTorch's SGD, which counts by the buffer alone
	}
	for k, s := range c.slots {
		own := c.state[group][k][at].Shape()
		switch v := of[s.name].(type) {
		case *torch.Tensor:
			var shape []int
			if err := torch.Try(func() { shape = v.Shape() }); err != nil {
				return nil, fmt.Errorf("%s cannot be read: %w", s.name, err)
			}
			if !slices.Equal(shape, own) {
				return nil, fmt.Errorf("%s is %v, the optimizer's %v", s.name, shape, own)
			}
		case float64, int64:
			if !s.count {
				return nil, fmt.Errorf("%s is %T, which should be a tensor", s.name, v)
			}
		default:
			return nil, fmt.Errorf("%s is missing or %T; the state is of another optimizer", s.name, v)
		}
	}
	return of, nil
}
