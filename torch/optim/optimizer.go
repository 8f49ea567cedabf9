package optim

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"sslmem/torch"
)

// An Optimizer changes parameters from their gradients.
type Optimizer interface {
	// Step updates every parameter that has a gradient and is not in a frozen
	// group, with learning rate lr or what its group makes of it, and records
	// nothing for differentiation.
	Step(lr float64)
	// ZeroGrad removes all gradients.
	ZeroGrad()
	// Params returns the parameters of all groups, in order.
	Params() []*torch.Tensor
	// Groups returns the groups in order: the optimizer's own, as PyTorch's
	// param_groups. What is changed in an element, except Params, holds from the
	// next Step on.
	Groups() []Group
	// State yields the tensors that the next step depends on besides the
	// parameters and their gradients, in a fixed order and under fixed names.
	// They are the optimizer's own: copy into them to restore a state.
	State() iter.Seq2[string, *torch.Tensor]
	// Steps returns the number of steps taken; SetSteps restores it. No number
	// that is computed depends on it.
	Steps() int64
	SetSteps(n int64)
	// StateDict returns the state in the layout of PyTorch's state_dict, and
	// LoadStateDict copies such a state; see the section on state.
	StateDict() map[string]any
	LoadStateDict(dict map[string]any) error
	// Free gives up the state's tensors.
	Free()
}

// A Group is some parameters that are treated alike, PyTorch's parameter group.
// All but Params may change from step to step, see [Optimizer.Groups].
type Group struct {
	Params      []*torch.Tensor // fixed once an optimizer is made
	LR          float64         // a learning rate of its own instead of that of each step; 0 means none
	LRScale     float64         // factor of the learning rate; 0 means 1
	WeightDecay float64
	NoAdapt     bool // LARS and LAMB: update without a trust ratio
	Frozen      bool // parameters and state stay as they are, as those without a gradient
}

// lr returns the group's learning rate where that of the step is lr.
func (g Group) lr(lr float64) float64 { return cmp.Or(g.LR, lr) * cmp.Or(g.LRScale, 1) }

// single is the one group of a plain list.
func single(params []*torch.Tensor, weightDecay float64) []Group {
	return []Group{{Params: params, WeightDecay: weightDecay}}
}

// A slot is one tensor of state that an optimizer keeps for each parameter.
type slot struct {
	name  string // PyTorch's
	count bool   // a float32 scalar that counts updates, else as the parameter
	host  bool   // on the CPU, wherever the parameter is
}

// core is what all optimizers have: groups, and state of each parameter.
type core struct {
	groups []Group
	params []*torch.Tensor
	slots  []slot
	state  [][][]*torch.Tensor // by group, slot and position in the group
	lrs    []float64           // of the last step, by group
	taken  int64
}

// newCore makes the state of op's optimizer: root tensors, all zero. It panics
// if a parameter is there twice, nil or freed, or if the options name a weight
// decay, which is a matter of the groups.
func newCore(op string, groups []Group, weightDecay float64, slots ...slot) core {
	if weightDecay != 0 {
		panic(&torch.Error{Op: op, Kind: torch.Value, Msg: "parameter groups have their own WeightDecay; leave that of the options 0"})
	}
	c := core{groups: slices.Clone(groups), slots: slots, lrs: make([]float64, len(groups))}
	seen := map[*torch.Tensor]bool{}
	for _, g := range groups {
		for i, p := range g.Params {
			if seen[p] {
				panic(&torch.Error{Op: op, Kind: torch.Value, Msg: fmt.Sprintf("parameter %d of a group is there a second time", i)})
			}
			if err := torch.Try(func() { p.DType() }); err != nil {
				panic(&torch.Error{Op: op, Kind: torch.Closed, Msg: fmt.Sprintf("parameter %d of a group cannot be used: %v", i, err), Err: err})
			}
			seen[p] = true
		}
		c.params = append(c.params, g.Params...)
		lists := make([][]*torch.Tensor, len(slots))
		for k, s := range slots {
			for _, p := range g.Params {
				lists[k] = append(lists[k], s.zero(p))
			}
		}
		c.state = append(c.state, lists)
	}
	return c
}

// zero returns the state of parameter p before its first update.
func (s slot) zero(p *torch.Tensor) *torch.Tensor {
	if !s.count {
		return zerosLike(p)
	}
	device := p.Device()
	if s.host {
		device = torch.CPU
	}
	return torch.Root.Zeros([]int{}, torch.Float32, device)
}

// zerosLike returns a root tensor of p's shape, device and memory format.
func zerosLike(p *torch.Tensor) *torch.Tensor {
	format := torch.ContiguousFormat
	if !p.IsContiguous(torch.ContiguousFormat) && p.IsContiguous(torch.ChannelsLast) {
		format = torch.ChannelsLast
	}
	return torch.Root.EmptyFormat(p.Shape(), p.DType(), p.Device(), format).Zero()
}

// each calls step with every group that is not frozen, its learning rate and
// its state by slot.
func (c *core) each(lr float64, step func(g Group, lr float64, state [][]*torch.Tensor)) {
	for i, g := range c.groups {
		c.lrs[i] = g.lr(lr)
		if g.Frozen {
			continue
		}
		step(g, c.lrs[i], c.state[i])
	}
	c.taken++
}

// ZeroGrad implements [Optimizer].
func (c *core) ZeroGrad() { torch.ZeroGrad(c.params) }

// Params implements [Optimizer]. The list is the optimizer's own.
func (c *core) Params() []*torch.Tensor { return c.params }

// Groups implements [Optimizer].
func (c *core) Groups() []Group { return c.groups }

// State implements [Optimizer]: the names are those of PyTorch and the position
// among the parameters of all groups, such as exp_avg.0.
func (c *core) State() iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		n := 0
		for i, g := range c.groups {
			for j := range g.Params {
				for k, s := range c.slots {
					if !yield(fmt.Sprintf("%s.%d", s.name, n), c.state[i][k][j]) {
						return
					}
				}
				n++
			}
		}
	}
}

// Steps implements [Optimizer].
func (c *core) Steps() int64 { return c.taken }

// SetSteps implements [Optimizer].
func (c *core) SetSteps(n int64) { c.taken = n }

// Free implements [Optimizer].
func (c *core) Free() {
	for _, t := range c.State() {
		t.Free()
	}
}
