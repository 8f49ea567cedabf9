package torch

/*
#cgo nocallback ct_register_hook
#cgo nocallback ct_register_grad_hook
#cgo nocallback ct_remove_hook
#include "shim/api_gen.h"
*/
import "C"

// RegisterHook has the backward pass call hook with the gradient by t, of t's
// shape, each time that it is computed, and before it is used or accumulated.
// What hook returns takes the gradient's place; nil leaves it as it is. Hooks
// of one tensor run in the order in which they were registered, each on the
// result of the one before. The hook ends with remove, which may be called
// more than once, or when t and the graph are freed.
//
// The gradient, and all that hook computes, belongs to a scope of the hook's
// own that is closed when it returns; the result is lifted out, and Keep lifts
// anything else. Hook must not change the gradient in place, and what it
// refers to must not hold t itself alive, such as t's own name in [Root].
//
// A panic of hook ends the backward pass and goes on from Backward or
// [Gradients]: an *[Error] as the cause of another, every other value as it
// is. Hook must not end its goroutine, as the FailNow of a test does.
//
// RegisterHook panics if t does not require grad or hook is nil.
func (t *Tensor) RegisterHook(hook func(grad *Tensor) *Tensor) (remove func()) {
	t.mustRequireGrad("register_hook")
	if hook == nil {
		panic(&Error{Op: "register_hook", Kind: Value, Msg: "the hook is nil"})
	}
	id := register(gradHook(hook))
	return t.hooked("register_hook", id, C.ct_register_hook(t.h, C.uint64_t(id)))
}

// RegisterPostAccumulateGradHook has every Backward call hook after it has
// added to the Grad of the leaf t. Hook gets a second name of t, in a scope
// that is closed when hook returns; it may read and replace the Grad, as an
// optimizer would that steps during the backward pass. Otherwise it is like
// [Tensor.RegisterHook].
//
// RegisterPostAccumulateGradHook panics if t is not a leaf that requires grad,
// or if hook is nil.
func (t *Tensor) RegisterPostAccumulateGradHook(hook func(t *Tensor)) (remove func()) {
	const op = "register_post_accumulate_grad_hook"
	t.mustRequireGrad(op)
	if !t.IsLeaf() {
		panic(&Error{Op: op, Kind: Value, Shapes: []string{t.signature()},
			Msg: "gradients are accumulated in leaves only, and this is the result of an operation; use RegisterHook"})
	}
	if hook == nil {
		panic(&Error{Op: op, Kind: Value, Msg: "the hook is nil"})
	}
	id := register(leafHook(hook))
	return t.hooked(op, id, C.ct_register_grad_hook(t.h, C.uint64_t(id)))
}

func (t *Tensor) mustRequireGrad(op string) {
	if !t.RequiresGrad() {
		panic(&Error{Op: op, Kind: Value, Shapes: []string{t.signature()},
			Msg: "the tensor has no gradient: it does not require grad, or was computed inside NoGrad"})
	}
}

// hooked ends a registration; the function that it returns undoes it.
func (t *Tensor) hooked(op string, id uint64, err C.ct_err) (remove func()) {
	if err != nil {
		unregister(id)
	}
	check(op, err, t)
	return func() {
		if unregister(id) != nil {
			C.ct_remove_hook(C.uint64_t(id))
		}
	}
}

type gradHook func(grad *Tensor) *Tensor

func (f gradHook) run(_ *Scope, _ uintptr, in []*Tensor) []*Tensor { return []*Tensor{f(in[0])} }

type leafHook func(t *Tensor)

func (f leafHook) run(_ *Scope, _ uintptr, in []*Tensor) []*Tensor {
	f(in[0])
	return nil
}
