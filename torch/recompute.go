package torch

/*
#cgo nocallback ct_is_checkpoint_valid
#include "shim/api_gen.h"
*/
import "C"

// Recompute returns block(x) and saves memory: what the backward pass of the
// block needs is not kept, but computed again by a second run of block. The
// gradients are the same bit for bit, those of parameters that block uses
// included; only those of a parameter that is used twice in a block and outside
// of it too are added in another order. Training needs a third more time, and
// memory for one block at a time instead of all of them.
//
// Both runs must do the same. Random numbers that block draws, as dropout
// does, come out the same only from generators that are named here: their
// state before the first run is set again for the second, and their present
// one after it. Autocast settings are set again too. Statistics that block
// keeps, such as those of BatchNorm, are updated twice.
//
// Block runs without recording first, and in Backward with it, on other names
// of x in scopes that are closed afterwards; its result is lifted out. Its
// gradients come by Backward only: the backward pass panics under [Gradients],
// with Inputs, and with createGraph. See [Function] for what else holds for
// code that runs in a backward pass.
//
// It computes what torch.utils.checkpoint does with use_reentrant=True (Chen,
// Xu, Zhang and Guestrin 2016, Training Deep Nets with Sublinear Memory Cost),
// but finds the gradients of parameters also where x requires none.
func Recompute(block func(x *Tensor) *Tensor, x *Tensor, generators ...*Generator) *Tensor {
	return RecomputeList(func(in []*Tensor) []*Tensor { return []*Tensor{block(in[0])} }, []*Tensor{x}, generators...)[0]
}

// RecomputeList is [Recompute] for a block of several inputs or outputs.
func RecomputeList(block func(inputs []*Tensor) []*Tensor, inputs []*Tensor, generators ...*Generator) []*Tensor {
	s := join("Recompute", inputs...)
	c := &recomputed{block: block, n: len(inputs), generators: generators}
	// The node needs an input that requires grad, or parameters would get none.
	flag := s.Zeros([]int{1}, Float32, CPU).RequireGrad(true)
	defer flag.Free()
	return Apply(c, append(append([]*Tensor(nil), inputs...), flag)...)
}

type recomputed struct {
	block      func([]*Tensor) []*Tensor
	n          int // inputs of block
	generators []*Generator
	states     [][]byte // of the generators before the first run
}

func (c *recomputed) Forward(ctx *FunctionContext, inputs []*Tensor) []*Tensor {
	ctx.SetMaterializeGrads(false)
	ctx.SaveForBackward(inputs[:c.n]...)
	c.states = states(c.generators)
	return c.block(inputs[:c.n])
}

func (c *recomputed) Backward(ctx *FunctionContext, gradOutputs []*Tensor) []*Tensor {
	if !C.ct_is_checkpoint_valid() {
		panic(&Error{Op: "Recompute", Kind: Value, Msg: "it works with Backward over all leaves only, not with Gradients or BackwardOptions.Inputs"})
	}
	if GradEnabled() {
		panic(&Error{Op: "Recompute", Kind: Value, Msg: "its backward pass cannot be recorded; compute second derivatives without it"})
	}
	inputs := ctx.SavedTensors()
	for i, t := range inputs {
		inputs[i] = t.Detach().RequireGrad(t.RequiresGrad())
	}
	now := states(c.generators)
	defer restore(c.generators, now)
	restore(c.generators, c.states)

	var again, outputs, grads []*Tensor
	EnableGrad(func() { again = c.block(append([]*Tensor(nil), inputs...)) })
	if len(again) != len(gradOutputs) {
		panic(&Error{Op: "Recompute", Kind: Value, Msg: "the block returned another number of tensors the second time"})
	}
	for i, g := range gradOutputs {
		if g != nil && again[i].RequiresGrad() {
			outputs, grads = append(outputs, again[i]), append(grads, g)
		}
	}
	if len(outputs) > 0 {
		Backward(outputs, grads)
	}
	by := make([]*Tensor, c.n+1)
	for i, t := range inputs {
		by[i] = t.Grad()
	}
	return by
}

func states(generators []*Generator) [][]byte {
	s := make([][]byte, len(generators))
	for i, g := range generators {
		s[i] = g.State()
	}
	return s
}

func restore(generators []*Generator, states [][]byte) {
	for i, g := range generators {
		g.SetState(states[i])
	}
}
