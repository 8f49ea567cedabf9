package torch

/*
#cgo noescape ct_record_function
#cgo nocallback ct_record_function
#cgo nocallback ct_saved_tensors
#cgo nocallback ct_needs_input_grad
#include "shim/api_gen.h"
*/
import "C"

import (
	"fmt"
	"slices"
	"strings"
	"unsafe"
)

// A Function is an operation with a derivative of its own: one that libtorch
// does not have, or one that is to differ from the true derivative. [Apply]
// runs it.
//
// Forward computes the outputs, without recording. Backward gets the gradients
// of the final result by each output and returns those by each input, with the
// input's shape and dtype; nil stands for zero, and is right for an input that
// NeedsInputGrad denies. Both find their tensors in a scope of their own, out
// of which the results are lifted. One ctx goes with one application; numbers
// that Backward needs may also be fields of the Function.
//
// Backward may run several times, and not at all. It is recorded, and can be
// differentiated again, where the backward pass runs with createGraph: then it
// must compute with operations of this package, from gradOutputs and what
// SavedTensors returns. As a hook, see [Tensor.RegisterHook], it must not
// change its arguments in place nor end its goroutine, a panic goes on from
// Backward, and the Function must not hold its own outputs.
type Function interface {
	Forward(ctx *FunctionContext, inputs []*Tensor) []*Tensor
	Backward(ctx *FunctionContext, gradOutputs []*Tensor) []*Tensor
}

// A FunctionContext carries what the Forward of a [Function] leaves for its
// Backward.
type FunctionContext struct {
	op                string
	inputs            int
	needs             []bool    // in Forward
	saved             []*Tensor // in Forward
	nonDifferentiable []*Tensor // in Forward
	materialize       bool
	s                 *Scope  // in Backward
	node              uintptr // in Backward
}

// SaveForBackward keeps inputs, outputs or what Forward computed for Backward,
// which gets them from SavedTensors in this order. Only inputs and outputs keep
// their history, for second derivatives. It replaces what was saved before,
// and panics outside of Forward.
func (c *FunctionContext) SaveForBackward(tensors ...*Tensor) {
	c.mustBe("SaveForBackward", c.needs != nil, "Forward")
	join(c.op, tensors...)
	c.saved = slices.Clone(tensors)
}

// SavedTensors returns what SaveForBackward was given, under new names in the
// scope of Backward. It panics outside of Backward, if one of the tensors was
// changed in place since it was saved, and if an earlier backward pass has
// freed them.
func (c *FunctionContext) SavedTensors() []*Tensor {
	c.mustBe("SavedTensors", c.node != 0, "Backward")
	return adoptList(c.op, c.s, C.ct_saved_tensors(C.uintptr_t(c.node)))
}

// NeedsInputGrad reports whether the gradient by input i will be used.
func (c *FunctionContext) NeedsInputGrad(i int) bool {
	if c.node != 0 {
		return bool(C.ct_needs_input_grad(C.uintptr_t(c.node), C.int64_t(i)))
	}
	return i >= 0 && i < len(c.needs) && c.needs[i]
}

// SetMaterializeGrads sets what Backward gets for an output that the final
// result does not depend on: zeros, as is the default, or nil. It panics
// outside of Forward.
func (c *FunctionContext) SetMaterializeGrads(on bool) {
	c.mustBe("SetMaterializeGrads", c.needs != nil, "Forward")
	c.materialize = on
}

// MarkNonDifferentiable says that no gradient flows through the given outputs
// of Forward; Backward gets zeros for them. Outputs that are not floating-point
// need not be marked. It panics outside of Forward.
func (c *FunctionContext) MarkNonDifferentiable(outputs ...*Tensor) {
	c.mustBe("MarkNonDifferentiable", c.needs != nil, "Forward")
	c.nonDifferentiable = append(c.nonDifferentiable, outputs...)
}

func (c *FunctionContext) mustBe(method string, right bool, where string) {
	if !right {
		panic(&Error{Op: c.op, Kind: Value, Msg: method + " belongs into " + where})
	}
}

// Apply runs fn.Forward on the inputs and returns its outputs, in the deepest
// of the inputs' scopes. Unless recording is off or no input requires grad, the
// outputs belong to the autograd graph, and their backward pass runs
// fn.Backward. An output that is an input, or a view of one, shares its memory.
//
// It panics as Forward does, and if one of its outputs cannot be used.
func Apply(fn Function, inputs ...*Tensor) []*Tensor {
	op := functionName(fn)
	s := join(op, inputs...)
	in := newScope(max(callbackDepth, s.level()+1))
	defer in.Close()

	ctx := &FunctionContext{op: op, inputs: len(inputs), needs: make([]bool, len(inputs)), materialize: true}
	record := GradEnabled()
	args := make([]*Tensor, len(inputs))
	for i, t := range inputs {
		ctx.needs[i] = record && t.RequiresGrad()
		args[i] = in.Use(t)
	}
	var outputs []*Tensor
	NoGrad(func() {
		// A cast of a parameter that was not recorded must not be found again outside.
		NoAutocastCache(func() { outputs = slices.Clone(fn.Forward(ctx, args)) })
	})
	join(op, outputs...)
	for i, t := range outputs {
		if t.s != in { // somebody else's: leave its history alone
			outputs[i] = in.Use(t)
		}
	}
	if !slices.Contains(ctx.needs, true) {
		for i, t := range outputs {
			outputs[i] = s.Use(t)
		}
		return outputs
	}
	return ctx.record(fn, s, args, outputs)
}

// record makes the node of the graph. The context is of no use in Forward from
// then on; Backward gets copies of it.
func (c *FunctionContext) record(fn Function, s *Scope, args, outputs []*Tensor) []*Tensor {
	x, y, z := handles(nil, args), handles(nil, outputs), handles(nil, c.saved)
	differentiable := make([]C.bool, len(outputs))
	for i, t := range outputs {
		differentiable[i] = C.bool(t.DType().IsFloating() && !slices.Contains(c.nonDifferentiable, t))
	}
	saved, materialize := c.saved, c.materialize
	c.needs, c.saved, c.nonDifferentiable = nil, nil, nil

	out := make([]C.ct_tensor, len(outputs))
	name := c.op + "Backward"
	id := register(&functionCall{fn: fn, ctx: *c}) // C++ gives it back, also where it fails
	err := C.ct_record_function(C.uint64_t(id), (*C.char)(unsafe.Pointer(unsafe.StringData(name))), C.int64_t(len(name)),
		unsafe.SliceData(x), C.int64_t(len(x)), unsafe.SliceData(y), unsafe.SliceData(differentiable), C.int64_t(len(y)),
		unsafe.SliceData(z), C.int64_t(len(z)), C.bool(materialize), unsafe.SliceData(out))
	check(c.op, err, args...)
	keepAlive(outputs)
	keepAlive(saved)
	for i, h := range out {
		outputs[i] = s.wrap(h)
	}
	return outputs
}

// functionName is the name of fn's type, without its package.
func functionName(fn Function) string {
	name := strings.TrimLeft(fmt.Sprintf("%T", fn), "*")
	return name[strings.LastIndexByte(name, '.')+1:]
}

// A functionCall is what a node of the graph runs.
type functionCall struct {
	fn  Function
	ctx FunctionContext
}

func (c *functionCall) run(s *Scope, node uintptr, grads []*Tensor) []*Tensor {
	ctx := c.ctx
	ctx.s, ctx.node = s, node
	defer func() { ctx.node = 0 }() // the node may go after this
	out := c.fn.Backward(&ctx, grads)
	if len(out) != ctx.inputs {
		panic(&Error{Op: ctx.op, Kind: Value,
			Msg: fmt.Sprintf("Backward returned %d gradients for %d inputs; use nil for an input that has none", len(out), ctx.inputs)})
	}
	return out
}
