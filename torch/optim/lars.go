package optim

import (
	"cmp"

	"sslmem/torch"
)

// A LARSForm names one of the forms of LARS in use. They differ in what the
// momentum buffer sums, which matters when the learning rate changes, in the
// norm that the trust ratio divides by, and in whether the ratio has a bound.
type LARSForm int

const (
	// LARSYou2017 is algorithm 1 of You, Gitman and Ginsburg, "Large Batch
	// Training of Convolutional Networks" (arXiv:1708.03888): the buffer sums
	// updates that are multiplied by the learning rate of their step.
	LARSYou2017 LARSForm = iota
	// LARSBYOL2020 is the form in the published code of BYOL (Grill et al. 2020,
	// arXiv:2006.07733), Barlow Twins (Zbontar et al. 2021, arXiv:2103.03230)
	// and others: the learning rate multiplies the buffer, as in PyTorch's SGD.
	LARSBYOL2020
	// LARSClip is LARC with clipping, of NVIDIA's Apex and of the recipes of
	// solo-learn, there with a Trust of .02 and an Eps of 1e-8: the ratio only
	// ever makes a step smaller than that of SGD, so that lr is an upper bound of
	// each parameter's own learning rate.
	LARSClip
)

// LARSOptions are the options of LARS besides the learning rate.
type LARSOptions struct {
	Form        LARSForm
	Momentum    float64 // decay of the momentum buffer, usually .9; 0 means none
	WeightDecay float64 // of NewLARS only, groups have their own
	Trust       float64 // trust coefficient η; 0 means .001
	Eps         float64 // added to the norm that the trust ratio divides by; both papers have 0
}

// LARS is layer-wise adaptive rate scaling: gradient descent with momentum in
// which the update of each parameter, often one layer's weights, is in
// proportion to the norm of the parameter itself. For the gradient g and weight
// decay β the form [LARSYou2017] is
//
//	λ = η·‖p‖ / (‖g‖ + β·‖p‖ + Eps)
//	b = Momentum·b + lr·λ·(g + β·p)
//	p = p − b
//
// and [LARSBYOL2020] is
//
//	λ = η·‖p‖ / (‖g + β·p‖ + Eps)
//	b = Momentum·b + λ·(g + β·p)
//	p = p − lr·b
//
// In both λ is 1 where one of the norms is 0. [LARSClip] is
//
//	λ = min(η·‖p‖ / (‖g‖ + β·‖p‖ + Eps) / lr, 1)
//	b = Momentum·b + λ·(g + β·p)
//	p = p − lr·b
//
// where λ is 1 if ‖p‖ is 0, and 0 if only ‖g‖ is: without a gradient nothing
// decays, as in the codes named. A group with NoAdapt has λ = 1
// throughout. Biases and the parameters of norms belong into one without weight
// decay: [DecayGroups] makes it.
type LARS struct {
	core
	o LARSOptions
}

// NewLARS returns an optimizer of the given parameters, which must stay the
// same tensors as long as it is used. It keeps a buffer for each, a root tensor
// of the parameter's shape; see Free. It keeps the list. It panics if a
// parameter is there twice.
func NewLARS(params []*torch.Tensor, o LARSOptions) *LARS {
	groups := single(params, o.WeightDecay)
	o.WeightDecay = 0
	return NewLARSGroups(groups, o)
}

// NewLARSGroups is NewLARS for parameter groups. It panics if the options have a
// weight decay.
func NewLARSGroups(groups []Group, o LARSOptions) *LARS {
	o.Trust = cmp.Or(o.Trust, .001)
	return &LARS{core: newCore("LARS", groups, o.WeightDecay, slot{name: "momentum_buffer"}), o: o}
}

// Step implements [Optimizer]. It panics if a parameter was freed.
func (l *LARS) Step(lr float64) {
	l.each(lr, func(g Group, lr float64, state [][]*torch.Tensor) {
		torch.LARSStep(g.Params, state[0], torch.LARSArgs{
			LR: lr, Momentum: l.o.Momentum, WeightDecay: g.WeightDecay, Trust: l.o.Trust, Eps: l.o.Eps,
			Adapt: !g.NoAdapt, LRInside: l.o.Form == LARSYou2017, Clip: l.o.Form == LARSClip,
		})
	})
}

// StateDict implements [Optimizer]. PyTorch has no LARS; the names are those of
// its SGD.
func (l *LARS) StateDict() map[string]any {
	return l.stateDict(map[string]any{
		"momentum": l.o.Momentum, "trust_coefficient": l.o.Trust, "eps": l.o.Eps, "lr_inside": l.o.Form == LARSYou2017,
		"clip": l.o.Form == LARSClip,
	})
}
