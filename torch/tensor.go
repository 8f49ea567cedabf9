package torch

/*
#include <stdlib.h>
#cgo noescape ct_describe
#cgo nocallback ct_describe
#cgo nocallback ct_data
#cgo nocallback ct_live
#cgo nocallback ct_to
#cgo noescape ct_item
#cgo nocallback ct_item
#cgo noescape ct_item_int
#cgo nocallback ct_item_int
#cgo noescape ct_index
#cgo nocallback ct_index
#include "shim/api_gen.h"
*/
import "C"

import (
	"fmt"
	"runtime"
	"strings"
	"unsafe"
)

// A Tensor is a multi-dimensional array of one [DType] on one [Device]. It
// belongs to a [Scope], or to [Root], which decides when its memory is freed.
// Its methods are ATen's operators; they panic with *[Error] on misuse.
//
// A tensor may be read by several goroutines at once. Operations that change
// it in place, and Backward, must not run beside any other use of it.
type Tensor struct {
	h    C.ct_tensor
	s    *Scope
	slot int              // position in s
	root *runtime.Cleanup // set for root tensors
}

// isOpen reports whether t can be used.
func (t *Tensor) isOpen() bool {
	return t != nil && t.h != 0 && (t.s == nil || !t.s.closed)
}

// optional returns 0 for a nil tensor.
func (t *Tensor) optional() C.ct_tensor {
	if t == nil {
		return 0
	}
	return t.h
}

// Scope returns the scope that owns t; nil stands for [Root].
func (t *Tensor) Scope() *Scope { return t.s }

// MoveTo makes s the owner of t and returns t. Moving a tensor out of a scope
// lifts it over the scope's end.
func (t *Tensor) MoveTo(s *Scope) *Tensor {
	join("MoveTo", t)
	s.mustOpen("MoveTo")
	if s == t.s {
		return t
	}
	t.leave()
	if tracked.on.Load() {
		trackMove(t.h, s)
	}
	t.s = s
	if s == nil {
		t.root = newRoot(t)
		return t
	}
	t.slot = s.slots.add(t.h)
	return t
}

// Keep moves t to [Root] and returns it.
func (t *Tensor) Keep() *Tensor { return t.MoveTo(Root) }

// Free gives up t at once, whichever scope owns it. Using t afterwards panics;
// freeing twice, or after the scope was closed, does nothing. The memory
// itself is released when no other tensor or autograd graph shares it.
func (t *Tensor) Free() {
	if !t.isOpen() {
		return
	}
	t.leave()
	releaseHandle(t.h)
	t.h = 0
}

// leave removes t from its owner without freeing it.
func (t *Tensor) leave() {
	if t.s == nil {
		t.root.Stop()
		t.root = nil
		return
	}
	t.s.slots.remove(t.slot)
}

func (t *Tensor) describe(op string) (m C.ct_meta) {
	join(op, t)
	check(op, C.ct_describe(t.h, &m))
	runtime.KeepAlive(t)
	return m
}

// Shape returns a copy of the sizes of the dimensions; it is empty for a
// scalar tensor.
func (t *Tensor) Shape() []int {
	m := t.describe("Shape")
	shape := make([]int, m.dim)
	for i := range shape {
		shape[i] = int(m.size[i])
	}
	return shape
}

// Size returns the size of dimension dim; negative ones count from the end.
// It panics if dim is out of range.
func (t *Tensor) Size(dim int) int {
	m := t.describe("Size")
	d := dim
	if d < 0 {
		d += int(m.dim)
	}
	if d < 0 || d >= int(m.dim) {
		panic(&Error{Op: "Size", Kind: Index, Shapes: []string{t.signature()}, Msg: fmt.Sprintf("there is no dimension %d", dim)})
	}
	return int(m.size[d])
}

// Dim returns the number of dimensions.
func (t *Tensor) Dim() int { return int(t.describe("Dim").dim) }

// Numel returns the number of elements.
func (t *Tensor) Numel() int { return int(t.describe("Numel").numel) }

// DType returns the type of the elements.
func (t *Tensor) DType() DType { return DType(t.describe("DType").dtype) }

// Device returns the device that holds the elements.
func (t *Tensor) Device() Device {
	m := t.describe("Device")
	return Device{Type: DeviceType(m.device_type), Index: int(m.device_index)}
}

// IsContiguous reports whether the elements lie in memory in the order of the
// format: rows first, or channels last.
func (t *Tensor) IsContiguous(format MemoryFormat) bool {
	m := t.describe("IsContiguous")
	if format == ChannelsLast {
		return bool(m.channels_last)
	}
	return bool(m.contiguous)
}

// signature is dtype and shape: float32[2, 3].
func (t *Tensor) signature() string {
	var m C.ct_meta
	if err := C.ct_describe(t.h, &m); err != nil {
		C.free(unsafe.Pointer(err))
		return "tensor"
	}
	runtime.KeepAlive(t)
	var b strings.Builder
	b.WriteString(DType(m.dtype).String() + "[")
	for i := range int(m.dim) {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, int(m.size[i]))
	}
	b.WriteString("]")
	return b.String()
}

// Item returns the only element as a float64; a bool is 0 or 1. It panics
// unless t has exactly one element. On a CUDA device it waits for the
// computation.
func (t *Tensor) Item() float64 {
	join("Item", t)
	var v C.double
	check("Item", C.ct_item(t.h, &v), t)
	return float64(v)
}

// ItemInt returns the only element as an int. It panics unless t has exactly
// one element.
func (t *Tensor) ItemInt() int {
	join("ItemInt", t)
	var v C.int64_t
	check("ItemInt", C.ct_item_int(t.h, &v), t)
	return int(v)
}

// To returns t on the given device with the given dtype; t itself, under a
// second handle, where nothing differs.
func (t *Tensor) To(device Device, dtype DType) *Tensor {
	s := join("To", t)
	mustHave("To", device)
	return adopt("To", s, C.ct_to(t.h, C.int8_t(dtype), C.int8_t(device.Type), C.int8_t(device.Index)), t)
}

// ToDType returns t converted to dtype.
func (t *Tensor) ToDType(dtype DType) *Tensor {
	s := join("ToDType", t)
	return adopt("ToDType", s, C.ct_to(t.h, C.int8_t(dtype), -1, -1), t)
}

// ToDevice returns t on the given device.
func (t *Tensor) ToDevice(device Device) *Tensor {
	s := join("ToDevice", t)
	mustHave("ToDevice", device)
	return adopt("ToDevice", s, C.ct_to(t.h, -1, C.int8_t(device.Type), C.int8_t(device.Index)), t)
}

// Index picks along the leading dimensions with integer or bool tensors, as
// x[i, j] does in Python; a nil tensor keeps its dimension whole. The result
// is a copy.
func (t *Tensor) Index(indices ...*Tensor) *Tensor {
	s := joinOptional("Index", join("Index", t), indices...)
	h := handles(nil, indices)
	out := adopt("Index", s, C.ct_index(t.h, unsafe.SliceData(h), C.int64_t(len(h))), t)
	keepAlive(indices)
	return out
}

// handles appends the handles of ts to buf; 0 where one is nil.
func handles(buf []C.ct_tensor, ts []*Tensor) []C.ct_tensor {
	for _, t := range ts {
		buf = append(buf, t.optional())
	}
	return buf
}

func freeList(r C.ct_list) { C.free(unsafe.Pointer(r.t)) }
