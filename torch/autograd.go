package torch

/*
#cgo nocallback ct_set_requires_grad
#cgo nocallback ct_grad
#cgo nocallback ct_set_grad
#cgo noescape ct_zero_grad
#cgo nocallback ct_zero_grad
#cgo noescape ct_backward
#cgo nocallback ct_backward
#cgo noescape ct_gradients
#cgo nocallback ct_gradients
#cgo nocallback ct_set_grad_mode
#cgo nocallback ct_get_grad_mode
#include "shim/api_gen.h"
*/
import "C"

import (
	"fmt"
	"runtime"
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
	join("zero_grad", ts...)
	h := handles(nil, ts)
	check("zero_grad", C.ct_zero_grad(unsafe.SliceData(h), C.int64_t(len(h))), ts...)
}

// BackwardOptions are PyTorch's arguments of backward; the zero value frees
// the graph and does not record the backward pass.
type BackwardOptions struct {
	Gradient    *Tensor // gradient of the final result by t; nil for a scalar t
	RetainGraph bool    // keep the graph for a second Backward
	CreateGraph bool    // record the backward pass, for second derivatives; Grads then hold the graph until ZeroGrad
}

// Backward adds the gradients of the scalar t to the Grad of every leaf that
// it was computed from. It panics if t is not a scalar, has no history, or its
// graph was freed by an earlier Backward.
func (t *Tensor) Backward() { t.BackwardWith(BackwardOptions{}) }

// BackwardWith is Backward with options.
func (t *Tensor) BackwardWith(o BackwardOptions) {
	joinOptional("backward", join("backward", t), o.Gradient)
	if !t.RequiresGrad() {
		panic(&Error{Op: "backward", Kind: Value, Shapes: []string{t.signature()},
			Msg: "nothing was recorded: no operand requires grad, or it was computed inside NoGrad"})
	}
	h := [1]C.ct_tensor{t.h}
	g := [1]C.ct_tensor{o.Gradient.optional()}
	var grads *C.ct_tensor
	if o.Gradient != nil {
		grads = &g[0]
	}
	check("backward", C.ct_backward(&h[0], 1, grads, C.bool(o.RetainGraph || o.CreateGraph), C.bool(o.CreateGraph)), t)
	runtime.KeepAlive(o.Gradient)
}

// Gradients returns the derivatives of the scalar output by each input, in the
// deepest scope of the operands, without touching any Grad. With createGraph
// they can be differentiated again. It panics if output does not depend on one
// of the inputs.
func Gradients(output *Tensor, inputs []*Tensor, createGraph bool) []*Tensor {
	operands := append([]*Tensor{output}, inputs...)
	s := join("gradients", operands...)
	in := handles(nil, inputs)
	out := make([]C.ct_tensor, len(inputs))
	h := [1]C.ct_tensor{output.h}
	check("gradients", C.ct_gradients(&h[0], 1, nil, unsafe.SliceData(in), C.int64_t(len(in)),
		C.bool(createGraph), C.bool(createGraph), true, unsafe.SliceData(out)), operands...)
	if i := slices.Index(out, 0); i >= 0 {
		C.ct_release_many(unsafe.SliceData(out), C.int64_t(len(out)))
		panic(&Error{Op: "gradients", Kind: Value, Shapes: []string{inputs[i].signature()},
			Msg: fmt.Sprintf("the output does not depend on input %d", i)})
	}
	grads := make([]*Tensor, len(out))
	for i, g := range out {
		grads[i] = s.wrap(g)
	}
	return grads
}

// NoGrad runs fn without recording anything for differentiation. The setting
// belongs to the operating system's thread: fn is locked to its own, and
// goroutines started inside fn do not inherit it. What was set before is set
// again when fn ends, also by a panic.
func NoGrad(fn func()) { withGradMode("NoGrad", false, fn) }

// EnableGrad runs fn with recording on, inside a NoGrad.
func EnableGrad(fn func()) { withGradMode("EnableGrad", true, fn) }

func withGradMode(op string, on bool, fn func()) {
	mustInit(op)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := C.ct_set_grad_mode(C.bool(on))
	defer C.ct_set_grad_mode(before)
	fn()
}

// GradEnabled reports whether operations of this thread are recorded.
func GradEnabled() bool {
	mustInit("GradEnabled")
	return bool(C.ct_get_grad_mode())
}
