package torch

/*
#cgo noescape ct_empty_pinned
#cgo nocallback ct_empty_pinned
#cgo nocallback ct_pin_memory
#cgo nocallback ct_is_pinned
#cgo nocallback ct_to_async
#cgo nocallback ct_copy_async
#include "shim/api_gen.h"
*/
import "C"

// EmptyPinned returns a CPU tensor of s with arbitrary elements in pinned host
// memory, which a GPU can read and write while the host goes on. It panics
// where no CUDA device can be used.
func (s *Scope) EmptyPinned(shape []int, dtype DType) *Tensor {
	mustHave("empty_pinned", CUDA(0))
	s.mustOpen("empty_pinned")
	p, n := sizes(shape)
	return adopt("empty_pinned", s, C.ct_empty_pinned(p, n, C.int8_t(dtype)))
}

// PinMemory returns a copy of t in pinned host memory, or t itself under a
// second handle if it is pinned already. It panics unless t is on the CPU, and
// where no CUDA device can be used.
func (t *Tensor) PinMemory() *Tensor {
	s := join("pin_memory", t)
	mustHave("pin_memory", CUDA(0))
	return adopt("pin_memory", s, C.ct_pin_memory(t.h), t)
}

// IsPinned reports whether t is in pinned host memory.
func (t *Tensor) IsPinned() bool {
	join("is_pinned", t)
	return flag("is_pinned", C.ct_is_pinned(t.h), t)
}

// ToDeviceAsync is ToDevice without waiting for a copy between a GPU and pinned
// host memory; any other copy is done when it returns. From the host, t must
// stay as it is until the copy has happened. To the host, the elements must
// not be read before; package cuda has the events to wait for.
func (t *Tensor) ToDeviceAsync(device Device) *Tensor {
	s := join("to", t)
	mustHave("to", device)
	return adopt("to", s, C.ct_to_async(t.h, C.int8_t(device.Type), C.int8_t(device.Index)), t)
}

// CopyFromAsync is CopyFrom without waiting, as ToDeviceAsync does, and returns
// t. src may have another dtype and is broadcast. It panics if the shapes do
// not fit.
func (t *Tensor) CopyFromAsync(src *Tensor) *Tensor {
	join("copy_", t, src)
	check("copy_", C.ct_copy_async(t.h, src.h), t, src)
	return t
}
