package optim

import (
	"cmp"

	"sslmem/torch"
)

// LAMBOptions are the options of LAMB besides the learning rate. The zero value
// is algorithm 2 of the paper with the usual β and ε.
type LAMBOptions struct {
	Beta1, Beta2     float64 // decay of the two moments, in [0, 1); both 0 mean .9 and .999
	Eps              float64 // added to the root of the second moment; 0 means 1e-6
	WeightDecay      float64 // added to the update; of NewLAMB only, groups have their own
	MaxWeightNorm    float64 // upper bound γu of φ, for which the paper gives no value, and many take 10; 0 means none
	NoBiasCorrection bool    // take the moments as they are, without the divisions by 1 − β^t
}

// LAMB is the optimizer of You et al., "Large Batch Optimization for Deep
// Learning: Training BERT in 76 minutes" (2020, arXiv:1904.00962, algorithm 2):
// the update of AdamW in proportion to the norm of each parameter. For the
// gradient g of step t, from 1,
//
//	m = β1·m + (1 − β1)·g
//	v = β2·v + (1 − β2)·g²
//	r = m/(1 − β1^t) / (√(v/(1 − β2^t)) + Eps) + WeightDecay·p
//	p = p − lr · φ(‖p‖)/‖r‖ · r
//
// where φ(x) = min(x, MaxWeightNorm), and the ratio is 1 where one of the norms
// is 0. A group with NoAdapt has the ratio 1 throughout, which is AdamW.
type LAMB struct {
	core
	o LAMBOptions
}

// NewLAMB returns an optimizer of the given parameters, which must stay the
// same tensors as long as it is used. It keeps two moments and a count for each,
// as root tensors; see Free. It keeps the list. It panics if a parameter is
// there twice.
func NewLAMB(params []*torch.Tensor, o LAMBOptions) *LAMB {
	groups := single(params, o.WeightDecay)
	o.WeightDecay = 0
	return NewLAMBGroups(groups, o)
}

// NewLAMBGroups is NewLAMB for parameter groups. It panics if the options have a
// weight decay.
func NewLAMBGroups(groups []Group, o LAMBOptions) *LAMB {
	o.Beta1, o.Beta2 = betas(o.Beta1, o.Beta2)
	o.Eps = cmp.Or(o.Eps, 1e-6)
	slots := []slot{{name: "exp_avg"}, {name: "exp_avg_sq"}, {name: "step", count: true, host: true}}
	return &LAMB{core: newCore("LAMB", groups, o.WeightDecay, slots...), o: o}
}

// Step implements [Optimizer]. It panics if a parameter was freed.
func (l *LAMB) Step(lr float64) {
	l.each(lr, func(g Group, lr float64, state [][]*torch.Tensor) {
		torch.LAMBStep(g.Params, state[0], state[1], state[2], torch.LAMBArgs{
			LR: lr, Beta1: l.o.Beta1, Beta2: l.o.Beta2, Eps: l.o.Eps, WeightDecay: g.WeightDecay,
			MaxWeightNorm: l.o.MaxWeightNorm, Adapt: !g.NoAdapt, CorrectBias: !l.o.NoBiasCorrection,
		})
	})
}

// StateDict implements [Optimizer]. PyTorch has no LAMB; the names are those of
// its Adam.
func (l *LAMB) StateDict() map[string]any {
	return l.stateDict(map[string]any{
		"betas": []any{l.o.Beta1, l.o.Beta2}, "eps": l.o.Eps, "max_weight_norm": l.o.MaxWeightNorm,
		"bias_correction": !l.o.NoBiasCorrection,
	})
}
