package optim

import (
	"fmt"
	"maps"
	"slices"

	"sslmem/torch"
	"sslmem/torch/nn"
)

// An EMA keeps some tensors at the exponential moving average of others: the
// weights of a network over the steps of its training (Polyak and Juditsky
// 1992), or a target network behind an online one, as in MoCo and BYOL.
type EMA struct {
	// Averages follow Sources, tensor by tensor, in shape, dtype and device.
	Averages, Sources []*torch.Tensor
	// Copies get the values of Originals as they are at each update.
	Copies, Originals []*torch.Tensor
}

// NewEMA pairs the tensors of two modules by name. Parameters are averaged.
// Buffers, such as running statistics, are averaged too where averageBuffers is
// set, and else copied; torch.optim.swa_utils.AveragedModel calls that
// use_buffers. Nothing is changed yet: let the modules start equal, or call
// [EMA.Copy]. It panics if the modules differ in names or shapes.
func NewEMA(average, source nn.Module, averageBuffers bool) *EMA {
	parameters := map[string]bool{}
	for name := range nn.Parameters(source) {
		parameters[name] = true
	}
	targets := maps.Collect(nn.State(average))
	e := &EMA{}
	n := 0
	for name, s := range nn.State(source) {
		n++
		t := targets[name]
		if t == nil || !slices.Equal(t.Shape(), s.Shape()) {
			panic(&torch.Error{Op: "NewEMA", Kind: torch.Value, Msg: "the two modules differ in " + name})
		}
		if parameters[name] || averageBuffers {
			e.Averages, e.Sources = append(e.Averages, t), append(e.Sources, s)
		} else {
			e.Copies, e.Originals = append(e.Copies, t), append(e.Originals, s)
		}
	}
	if n != len(targets) {
		panic(&torch.Error{Op: "NewEMA", Kind: torch.Value,
			Msg: fmt.Sprintf("the averaged module has %d tensors, the source %d", len(targets), n)})
	}
	return e
}

// Copy sets the averages, and the copies, to the values of their sources.
// PyTorch's AveragedModel does so in its first update.
func (e *EMA) Copy() {
	torch.CopyAll(e.Averages, e.Sources)
	torch.CopyAll(e.Copies, e.Originals)
}

// Update moves each average to decay·average + (1 − decay)·source, in one call
// for all of them, and renews the copies. Integers get the mean, cut off towards
// zero, as in PyTorch. Autograd sees nothing of it.
func (e *EMA) Update(decay float64) {
	torch.LerpAll(e.Averages, e.Sources, 1-decay)
	torch.CopyAll(e.Copies, e.Originals)
}

// An EMACosine raises the decay of an [EMA] along half a cosine from Base to 1
// at step Total, as BYOL does (Grill et al. 2020, section 3.2):
//
//	1 − (1 − Base)·(cos(π·step/Total) + 1)/2
type EMACosine struct {
	Base  float64
	Total int // steps
}

// At returns the decay of a step, counted from 0; beyond Total it is 1.
func (e EMACosine) At(step int) float64 {
	if step >= e.Total {
		return 1
	}
	return cosine(e.Base, 1, float64(step)/float64(e.Total))
}
