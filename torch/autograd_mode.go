package torch

/*
#cgo nocallback ct_set_grad_mode
#cgo nocallback ct_get_grad_mode
#cgo nocallback ct_inference_enter
#cgo nocallback ct_inference_leave
#cgo nocallback ct_get_inference_mode
#cgo nocallback ct_is_inference
#include "shim/api_gen.h"
*/
import "C"

import "runtime"

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

// InferenceMode runs fn as [NoGrad] does, and leaves out the bookkeeping of
// views and of changes in place too, which makes small operations faster. The
// price is that the tensors made inside are inference tensors for good: they
// can be read outside, but not take part in a recorded operation whose
// backward pass needs them, nor be changed in place; both panic. Clone makes an
// ordinary tensor of one. Threads are as for NoGrad.
func InferenceMode(fn func()) {
	mustInit("InferenceMode")
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := C.ct_inference_enter()
	defer C.ct_inference_leave(before)
	fn()
}

// InferenceModeEnabled reports whether this thread is inside [InferenceMode].
func InferenceModeEnabled() bool {
	mustInit("InferenceModeEnabled")
	return bool(C.ct_get_inference_mode())
}

// IsInference reports whether t was made inside [InferenceMode].
func (t *Tensor) IsInference() bool {
	join("is_inference", t)
	return flag("is_inference", C.ct_is_inference(t.h), t)
}
