package optim

import (
	"cmp"

	"sslmem/torch"
)

// AdamOptions are PyTorch's options of Adam besides the learning rate. The zero
// value means PyTorch's defaults of Adam.
type AdamOptions struct {
	Beta1, Beta2 float64 // decay of the two moments, in [0, 1); both 0 mean .9 and .999
	Eps          float64 // added to the root of the second moment; 0 means 1e-8
	WeightDecay  float64 // added to the gradient, or to the step if Decoupled; of NewAdam only, groups have their own
	Decoupled    bool    // AdamW (Loshchilov and Hutter 2019)
}

// betas returns the decays of the moments, or the usual ones where both are 0.
func betas(beta1, beta2 float64) (float64, float64) {
	if beta1 == 0 && beta2 == 0 {
		return .9, .999
	}
	return beta1, beta2
}

// Adam is the optimizer of Kingma and Ba (2015, algorithm 1) as
// torch.optim.Adam computes it, or AdamW. For the gradient g of step t, from 1,
//
//	m = β1·m + (1 − β1)·g
//	v = β2·v + (1 − β2)·g²
//	p = p − lr · m/(1 − β1^t) / (√(v/(1 − β2^t)) + eps)
//
// where weight decay adds WeightDecay·p to g, or, if Decoupled, shrinks p by
// lr·WeightDecay before. Each parameter counts its own t, as in PyTorch: one
// that gets its first gradient later starts there.
type Adam struct {
	core
	o AdamOptions
}

// NewAdam returns an optimizer of the given parameters, which must stay the
// same tensors as long as it is used. Its moments are root tensors of the
// shapes, dtypes, devices and memory formats of the parameters, two for each,
// with a count; see Free. It keeps the list. It panics if a parameter is there
// twice.
func NewAdam(params []*torch.Tensor, o AdamOptions) *Adam {
	groups := single(params, o.WeightDecay)
	o.WeightDecay = 0
	return NewAdamGroups(groups, o)
}

// NewAdamGroups is NewAdam for parameter groups. It panics if the options have
// a weight decay.
func NewAdamGroups(groups []Group, o AdamOptions) *Adam {
	o.Beta1, o.Beta2 = betas(o.Beta1, o.Beta2)
	o.Eps = cmp.Or(o.Eps, 1e-8)
	return &Adam{
		core: newCore("Adam", groups, o.WeightDecay, slot{name: "exp_avg"}, slot{name: "exp_avg_sq"}, slot{name: "step", count: true}),
		o:    o,
	}
}

// Step implements [Optimizer]. It panics if a parameter was freed.
func (a *Adam) Step(lr float64) {
	a.each(lr, func(g Group, lr float64, state [][]*torch.Tensor) {
		torch.AdamStep(g.Params, state[0], state[1], state[2], torch.AdamArgs{
			LR: lr, Beta1: a.o.Beta1, Beta2: a.o.Beta2, Eps: a.o.Eps, WeightDecay: g.WeightDecay, Decoupled: a.o.Decoupled,
		})
	})
}

// StateDict implements [Optimizer].
func (a *Adam) StateDict() map[string]any {
	return a.stateDict(map[string]any{
		"betas": []any{a.o.Beta1, a.o.Beta2}, "eps": a.o.Eps, "amsgrad": false, "maximize": false, "foreach": nil,
		"capturable": false, "differentiable": false, "fused": nil, "decoupled_weight_decay": a.o.Decoupled,
	})
}
