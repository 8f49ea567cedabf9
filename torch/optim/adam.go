package optim

import (
	"fmt"
	"iter"

	"sslmem/torch"
)

// An Optimizer changes parameters from their gradients.
type Optimizer interface {
	// Step updates every parameter that has a gradient, with learning rate lr,
	// and records nothing for differentiation.
	Step(lr float64)
	// ZeroGrad removes all gradients.
	ZeroGrad()
	// State yields the tensors that the next step depends on besides the
	// parameters and their gradients, in a fixed order and under fixed names.
	// They are the optimizer's own: copy into them to restore a state.
	State() iter.Seq2[string, *torch.Tensor]
	// Steps returns the number of steps taken; SetSteps restores it.
	Steps() int64
	SetSteps(n int64)
	// Free gives up the state's tensors.
	Free()
}

// AdamOptions are PyTorch's options of Adam besides the learning rate. The zero
// value means PyTorch's defaults of Adam.
type AdamOptions struct {
	Beta1, Beta2 float64 // decay of the two moments, in [0, 1); both 0 mean .9 and .999
	Eps          float64 // added to the root of the second moment; 0 means 1e-8
	WeightDecay  float64 // added to the gradient, or to the step if Decoupled
	Decoupled    bool    // AdamW (Loshchilov and Hutter 2019)
}

// Adam is the optimizer of Kingma and Ba (2015, algorithm 1) as
// torch.optim.Adam computes it, or AdamW. For the gradient g of step t, from 1,
//
//	m = β1·m + (1 − β1)·g
//	v = β2·v + (1 − β2)·g²
//	p = p − lr · m/(1 − β1^t) / (√(v/(1 − β2^t)) + eps)
//
// where weight decay adds WeightDecay·p to g, or, if Decoupled, shrinks p by
// lr·WeightDecay before. All parameters share t; PyTorch counts the steps of
// each by itself, which differs where one gets its first gradient later.
type Adam struct {
	params, expAvgs, expAvgSqs []*torch.Tensor
	o                          AdamOptions
	steps                      int64
}

// NewAdam returns an optimizer of the given parameters, which must stay the
// same tensors as long as it is used. Its moments are root tensors of the
// shapes, dtypes, devices and memory formats of the parameters, two for each;
// see Free. It keeps the list.
func NewAdam(params []*torch.Tensor, o AdamOptions) *Adam {
	if o.Beta1 == 0 && o.Beta2 == 0 {
		o.Beta1, o.Beta2 = .9, .999
	}
	if o.Eps == 0 {
		o.Eps = 1e-8
	}
	a := &Adam{params: params, o: o}
	for _, p := range params {
		a.expAvgs = append(a.expAvgs, zerosLike(p))
		a.expAvgSqs = append(a.expAvgSqs, zerosLike(p))
	}
	return a
}

// zerosLike returns a root tensor of p's shape, device and memory format.
func zerosLike(p *torch.Tensor) *torch.Tensor {
	format := torch.ContiguousFormat
	if !p.IsContiguous(torch.ContiguousFormat) && p.IsContiguous(torch.ChannelsLast) {
		format = torch.ChannelsLast
	}
	return torch.Root.EmptyFormat(p.Shape(), p.DType(), p.Device(), format).Zero()
}

// Step implements [Optimizer]. It panics if a parameter was freed.
func (a *Adam) Step(lr float64) {
	torch.AdamStep(a.params, a.expAvgs, a.expAvgSqs, a.steps+1, lr, a.o.Beta1, a.o.Beta2, a.o.Eps, a.o.WeightDecay, a.o.Decoupled)
	a.steps++
}

// ZeroGrad implements [Optimizer].
func (a *Adam) ZeroGrad() { torch.ZeroGrad(a.params) }

// State implements [Optimizer]: exp_avg.I and exp_avg_sq.I of parameter I.
func (a *Adam) State() iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		for i := range a.params {
			if !yield(fmt.Sprintf("exp_avg.%d", i), a.expAvgs[i]) || !yield(fmt.Sprintf("exp_avg_sq.%d", i), a.expAvgSqs[i]) {
				return
			}
		}
	}
}

// Steps implements [Optimizer].
func (a *Adam) Steps() int64 { return a.steps }

// SetSteps implements [Optimizer].
func (a *Adam) SetSteps(n int64) { a.steps = n }

// Free implements [Optimizer].
func (a *Adam) Free() {
	for _, t := range a.State() {
		t.Free()
	}
}
