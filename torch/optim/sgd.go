package optim

import "sslmem/torch"

// SGDOptions are PyTorch's options of SGD besides the learning rate. The zero
// value is plain gradient descent.
type SGDOptions struct {
	Momentum    float64 // decay of the momentum buffer; 0 means none
	Dampening   float64 // share of a gradient that does not reach the buffer
	WeightDecay float64 // added to the gradient; of NewSGD only, groups have their own
	Nesterov    bool    // look ahead; needs momentum and no dampening
}

// SGD is stochastic gradient descent as torch.optim.SGD computes it. For the
// gradient g, with WeightDecay·p added,
//
//	b = Momentum·b + (1 − Dampening)·g    the first time b = g
//	p = p − lr·b                          Nesterov: p − lr·(g + Momentum·b)
//
// and p = p − lr·g without momentum.
type SGD struct {
	core
	o SGDOptions
}

// NewSGD returns an optimizer of the given parameters, which must stay the same
// tensors as long as it is used. With momentum it keeps a buffer and a count
// for each, as root tensors; see Free. It keeps the list. It panics if a
// parameter is there twice, or if Nesterov is set without momentum or with
// dampening.
func NewSGD(params []*torch.Tensor, o SGDOptions) *SGD {
	groups := single(params, o.WeightDecay)
	o.WeightDecay = 0
	return NewSGDGroups(groups, o)
}

// NewSGDGroups is NewSGD for parameter groups. It panics if the options have a
// weight decay.
func NewSGDGroups(groups []Group, o SGDOptions) *SGD {
	if o.Nesterov && (o.Momentum <= 0 || o.Dampening != 0) {
		panic(&torch.Error{Op: "SGD", Kind: torch.Value, Msg: "Nesterov needs Momentum and no Dampening"})
	}
	var slots []slot
	if o.Momentum != 0 {
		slots = []slot{{name: "momentum_buffer"}, {name: "step", count: true, host: true}}
	}
	return &SGD{core: newCore("SGD", groups, o.WeightDecay, slots...), o: o}
}

// Step implements [Optimizer]. It panics if a parameter was freed.
func (s *SGD) Step(lr float64) {
	s.each(lr, func(g Group, lr float64, state [][]*torch.Tensor) {
		var buffers, steps []*torch.Tensor
		if len(state) > 0 {
			buffers, steps = state[0], state[1]
		}
		torch.SGDStep(g.Params, buffers, steps, torch.SGDArgs{
			LR: lr, Momentum: s.o.Momentum, Dampening: s.o.Dampening, WeightDecay: g.WeightDecay, Nesterov: s.o.Nesterov,
		})
	})
}

// StateDict implements [Optimizer].
func (s *SGD) StateDict() map[string]any {
	dict := s.stateDict(map[string]any{
		"momentum": s.o.Momentum, "dampening": s.o.Dampening, "nesterov": s.o.Nesterov,
		"maximize": false, "foreach": nil, "differentiable": false, "fused": nil,
	})
	for _, state := range dict["state"].(map[int64]any) {
		delete(state.(map[string]any), "step") // PyTorch tells a first step by the missing buffer
	}
	return dict
}
