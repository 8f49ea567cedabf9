package torch

/*
#include "shim/api_gen.h"
*/
import "C"

import (
	"runtime"
	"unsafe"
)

// FromHandle returns a tensor of s that shares the at::Tensor at p, which must
// come from the libtorch that this process has loaded. The caller keeps its
// own reference. It panics if p is nil or the tensor is undefined. It exists
// for bindings beside this one; see torch/gotorchx.
func FromHandle(s *Scope, p unsafe.Pointer) *Tensor {
	mustInit("FromHandle")
	s.mustOpen("FromHandle")
	if p == nil {
		panic(&Error{Op: "FromHandle", Kind: Value, Msg: "the handle is nil"})
	}
	var m C.ct_meta
	check("FromHandle", C.ct_describe(C.ct_tensor(uintptr(p)), &m))
	return adopt("FromHandle", s, C.ct_retain(C.ct_tensor(uintptr(p))))
}

// NewHandle returns a new at::Tensor* that shares t and counts as living. The
// receiver owns it and must give it to FreeHandle.
func NewHandle(t *Tensor) unsafe.Pointer {
	join("NewHandle", t)
	r := C.ct_retain(t.h)
	check("NewHandle", r.err, t)
	if tracked.on.Load() {
		track(r.t, Root)
	}
	return handlePointer(uintptr(r.t))
}

// FreeHandle gives up a handle that NewHandle returned; nil does nothing.
func FreeHandle(p unsafe.Pointer) {
	if p == nil {
		return
	}
	releaseHandle(C.ct_tensor(uintptr(p)))
	runtime.KeepAlive(p)
}

// handlePointer turns the address of C++ memory, which the collector never
// moves, into a pointer.
func handlePointer(h uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&h)) }
