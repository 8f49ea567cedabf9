package torch

/*
#cgo noescape ct_enter_autocast
#cgo nocallback ct_enter_autocast
#cgo nocallback ct_leave_autocast
#cgo nocallback ct_get_autocast
#cgo nocallback ct_set_autocast_cache
#include "shim/api_gen.h"
*/
import "C"

import "runtime"

// Autocast runs fn with mixed precision on devices of the given type: matrix
// products, convolutions and other operations that gain by it compute in dtype,
// [BFloat16] or [Float16], those that need the range, such as losses and, on
// CUDA, softmax and norms, in float32, and all others in what they are given.
// libtorch converts the operands; parameters stay float32, and so do their
// gradients. Which operation does what is listed in PyTorch's documentation of
// torch.autocast.
//
// Only forward passes and losses belong inside. Backward computes each gradient
// in the dtype that its operation had and needs no Autocast. Parameters must
// not change inside, since the casts of those that require grad are kept until
// the outermost Autocast of the thread ends: step the optimizer outside.
//
// The setting belongs to the operating system's thread: fn is locked to its
// own, and goroutines started inside fn do not inherit it. What was set before
// is set again when fn ends, also by a panic. It panics for other dtypes and
// where the device type cannot be used.
func Autocast(device DeviceType, dtype DType, fn func()) {
	if dtype != BFloat16 && dtype != Float16 {
		panic(&Error{Op: "Autocast", Kind: Value, Msg: "mixed precision is computed in bfloat16 or float16, not in " + dtype.String()})
	}
	withAutocast("Autocast", device, dtype, true, fn)
}

// NoAutocast runs fn, inside an [Autocast], with the dtypes that its operands
// have. Convert those that an operation outside made in lower precision.
func NoAutocast(device DeviceType, fn func()) {
	withAutocast("NoAutocast", device, -1, false, fn)
}

func withAutocast(op string, device DeviceType, dtype DType, enabled bool, fn func()) {
	mustHave(op, Device{Type: device})
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before C.ct_autocast
	check(op, C.ct_enter_autocast(C.int8_t(device), C.int8_t(dtype), C.bool(enabled), &before))
	defer C.ct_leave_autocast(C.int8_t(device), before)
	fn()
}

// AutocastDType returns the dtype in which this thread's operations on devices
// of the given type compute where they gain by it, and whether they do: false
// outside [Autocast].
func AutocastDType(device DeviceType) (dtype DType, enabled bool) {
	mustHave("AutocastDType", Device{Type: device})
	a := C.ct_get_autocast(C.int8_t(device))
	return DType(a.dtype), bool(a.enabled)
}

// NoAutocastCache runs fn, inside an [Autocast], without keeping the casts of
// parameters, so that each use converts anew. That is needed where a part of
// the computation is recorded to be replayed, as a CUDA graph is. Like Autocast
// it locks fn to its thread.
func NoAutocastCache(fn func()) {
	mustInit("NoAutocastCache")
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := C.ct_set_autocast_cache(false)
	defer C.ct_set_autocast_cache(before)
	fn()
}
