package torch

/*
#cgo nocallback ct_set_requires_grad
#cgo nocallback ct_grad
#cgo nocallback ct_set_grad
#cgo noescape ct_zero_grad
#cgo nocallback ct_zero_grad
#cgo nocallback ct_detach_in_place
#include "shim/api_gen.h"
*/
import "C"

import (
	"fmt"
	"slices"
	"unsafe"
)

// RequireGrad sets whether operations on t are recorded for differentiation
// and returns t. It panics if t is not a floating-point leaf.
func (t *Tensor) RequireGrad(on bool) *Tensor {
	join("requires_grad_", t)
	check("requires_grad_", C.ct_set_requires_grad(t.h, C.bool(on)), t)
	return t
}

// RequiresGrad reports whether gradients flow to t.
func (t *Tensor) RequiresGrad() bool { return bool(t.describe("requires_grad").requires_grad) }

// IsLeaf reports whether t was not computed from a tensor that requires grad.
func (t *Tensor) IsLeaf() bool { return bool(t.describe("is_leaf").is_leaf) }

// Grad returns the gradient that Backward has accumulated in t, under a new
// handle in t's scope, or nil if there is none.
func (t *Tensor) Grad() *Tensor {
	s := join("grad", t)
	r := C.ct_grad(t.h)
	check("grad", r.err, t)
	if r.t == 0 {
		return nil
	}
	return s.wrap(r.t)
}

// SetGrad replaces t's accumulated gradient by a second name for grad; nil
// removes it. It panics if the shape, dtype or device differs.
func (t *Tensor) SetGrad(grad *Tensor) {
	joinOptional("set_grad", join("set_grad", t), grad)
	if grad == nil {
		check("set_grad", C.ct_set_grad(t.h, 0), t)
		return
	}
	check("set_grad", C.ct_set_grad(t.h, grad.h), t, grad)
}

// ZeroGrad removes the accumulated gradients of all given tensors in one call.
func ZeroGrad(ts []*Tensor) {
	mustInit("zero_grad")
	join("zero_grad", ts...)
	h := handles(nil, ts)
	check("zero_grad", C.ct_zero_grad(unsafe.SliceData(h), C.int64_t(len(h))), ts...)
	drain()
}

// DetachInPlace takes t out of the graph that recorded it and returns t: it
// becomes a leaf that does not require grad. It panics if t is a view.
func (t *Tensor) DetachInPlace() *Tensor {
	join("detach_", t)
	check("detach_", C.ct_detach_in_place(t.h), t)
	drain()
	return t
}

// BackwardOptions are PyTorch's arguments of backward; the zero value frees
// the graph and does not record the backward pass.
type BackwardOptions struct {
	Gradient    *Tensor   // gradient of the final result by t; nil for a scalar t
	RetainGraph bool      // keep the graph for a second Backward
	CreateGraph bool      // record the backward pass, for second derivatives; Grads then hold the graph until ZeroGrad
	Inputs      []*Tensor // leaves whose Grad is added to; nil for all
}

// Backward adds the gradients of the scalar t to the Grad of every leaf that
// it was computed from. It panics if t is not a scalar, has no history, or its
// graph was freed by an earlier Backward.
func (t *Tensor) Backward() { t.BackwardWith(BackwardOptions{}) }

// BackwardWith is Backward with options.
func (t *Tensor) BackwardWith(o BackwardOptions) {
	backward([]*Tensor{t}, []*Tensor{o.Gradient}, o)
}

// Backward is [Tensor.Backward] of several outputs in one pass, which adds
// their gradients together. The gradients, as long as outputs, are those of
// the final result by each output; a nil one stands for 1 and needs a scalar
// output, and so does a nil slice for all. It panics as the method does, and if
// the lengths differ.
func Backward(outputs, gradients []*Tensor) {
	if gradients == nil {
		gradients = make([]*Tensor, len(outputs))
	}
	backward(outputs, gradients, BackwardOptions{})
}

func backward(outputs, gradients []*Tensor, o BackwardOptions) {
	join("backward", outputs...)
	join("backward", o.Inputs...)
	grads := optionals("backward", outputs, gradients)
	for _, t := range outputs {
		if !t.RequiresGrad() {
			panic(&Error{Op: "backward", Kind: Value, Shapes: []string{t.signature()},
				Msg: "nothing was recorded: no operand requires grad, or it was computed inside NoGrad"})
		}
	}
	out, in := handles(nil, outputs), handles(nil, o.Inputs)
	err := C.ct_backward(unsafe.SliceData(out), C.int64_t(len(out)), unsafe.SliceData(grads),
		C.bool(o.RetainGraph || o.CreateGraph), C.bool(o.CreateGraph), unsafe.SliceData(in), C.int64_t(len(in)))
	check("backward", err, outputs...)
	keepAlive(gradients)
	keepAlive(o.Inputs)
	drain()
}

// optionals returns the handles of the gradients of outputs, 0 for nil ones.
func optionals(op string, outputs, gradients []*Tensor) []C.ct_tensor {
	if len(gradients) != len(outputs) {
		panic(&Error{Op: op, Kind: Value, Msg: fmt.Sprintf("%d gradients for %d outputs", len(gradients), len(outputs))})
	}
	h := make([]C.ct_tensor, len(gradients))
	for i, g := range gradients {
		joinOptional(op, nil, g)
		h[i] = g.optional()
	}
	return h
}

// GradientsOptions are PyTorch's arguments of torch.autograd.grad.
type GradientsOptions struct {
	GradOutputs []*Tensor // gradients of the final result by each output; nil, as a slice or one of it, for a scalar output
	RetainGraph bool      // keep the graph for another pass
	CreateGraph bool      // record the pass, so that the gradients can be differentiated; keeps the graph too
	AllowUnused bool      // give nil for an input that no output depends on, instead of a panic
}

// Gradients returns the derivatives of the scalar output by each input, in the
// deepest scope of the operands, without touching any Grad. With createGraph
// they can be differentiated again. It panics if output does not depend on one
// of the inputs.
func Gradients(output *Tensor, inputs []*Tensor, createGraph bool) []*Tensor {
	return GradientsWith([]*Tensor{output}, inputs, GradientsOptions{CreateGraph: createGraph})
}

// GradientsWith returns for each input the sum over all outputs of the
// gradients by it, Σᵢ GradOutputsᵢᵀ · ∂outputᵢ/∂input, with the input's shape.
// Otherwise it is like [Gradients].
func GradientsWith(outputs, inputs []*Tensor, o GradientsOptions) []*Tensor {
	operands := append(append([]*Tensor(nil), outputs...), inputs...)
	s := join("gradients", operands...)
	if o.GradOutputs == nil {
		o.GradOutputs = make([]*Tensor, len(outputs))
	}
	grads := optionals("gradients", outputs, o.GradOutputs)
	for _, g := range o.GradOutputs {
		s = joinOptional("gradients", s, g)
	}
	from, by := handles(nil, outputs), handles(nil, inputs)
	out := make([]C.ct_tensor, len(inputs))
	err := C.ct_gradients(unsafe.SliceData(from), C.int64_t(len(from)), unsafe.SliceData(grads), unsafe.SliceData(by), C.int64_t(len(by)),
		C.bool(o.RetainGraph || o.CreateGraph), C.bool(o.CreateGraph), unsafe.SliceData(out))
	check("gradients", err, operands...)
	keepAlive(o.GradOutputs)
	drain()
	if i := slices.Index(out, 0); i >= 0 && !o.AllowUnused {
		C.ct_release_many(unsafe.SliceData(out), C.int64_t(len(out)))
		panic(&Error{Op: "gradients", Kind: Value, Shapes: []string{inputs[i].signature()},
			Msg: fmt.Sprintf("the output does not depend on input %d", i)})
	}
	result := make([]*Tensor, len(out))
	for i, h := range out {
		if h != 0 {
			result[i] = s.wrap(h)
		}
	}
	return result
}
