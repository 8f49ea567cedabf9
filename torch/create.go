package torch

/*
#cgo noescape ct_empty
#cgo nocallback ct_empty
#cgo noescape ct_full
#cgo nocallback ct_full
#cgo nocallback ct_arange
#cgo nocallback ct_eye
#cgo noescape ct_from_host
#cgo nocallback ct_from_host
#cgo noescape ct_copy_from_host
#cgo nocallback ct_copy_from_host
#cgo noescape ct_copy_to_host
#cgo nocallback ct_copy_to_host
#include "shim/api_gen.h"
*/
import "C"

import (
	"fmt"
	"math"
	"math/bits"
	"runtime"
	"unsafe"
)

// mustInit panics if libtorch cannot be loaded.
func mustInit(op string) {
	if err := Init(); err != nil {
		panic(&Error{Op: op, Kind: NoLibrary, Msg: err.Error(), Err: err})
	}
}

// mustHave panics if libtorch cannot be loaded, or its CUDA part where device
// needs it, or if there is no such device.
func mustHave(op string, device Device) {
	mustInit(op)
	switch device.Type {
	case CPUType:
		return
	case CUDAType:
	default:
		panic(&Error{Op: op, Kind: NoDevice, Msg: fmt.Sprintf("there is no device of type %d; take CPU or CUDA", device.Type)})
	}
	n, err := CUDACount()
	switch {
	case err != nil:
		panic(&Error{Op: op, Kind: NoLibrary, Msg: err.Error(), Err: err})
	case device.Index < 0 || device.Index >= n:
		panic(&Error{Op: op, Kind: NoDevice, Msg: noDevice(device, n)})
	}
}

func sizes(shape []int) (*C.int64_t, C.int64_t) {
	return (*C.int64_t)(unsafe.Pointer(unsafe.SliceData(shape))), C.int64_t(len(shape))
}

// Empty returns a tensor of s with arbitrary elements. Like everything that
// takes a device, it panics if libtorch's part for the device cannot be loaded.
func (s *Scope) Empty(shape []int, dtype DType, device Device) *Tensor {
	return s.EmptyFormat(shape, dtype, device, ContiguousFormat)
}

// EmptyFormat is Empty with the order of the elements in memory. It panics for
// ChannelsLast unless shape is [N, C, H, W].
func (s *Scope) EmptyFormat(shape []int, dtype DType, device Device, format MemoryFormat) *Tensor {
	mustHave("empty", device)
	s.mustOpen("empty")
	p, n := sizes(shape)
	return adopt("empty", s, C.ct_empty(p, n, C.int8_t(dtype), C.int8_t(device.Type), C.int8_t(device.Index), C.int8_t(format)))
}

// Full returns a tensor of s with all elements equal to value.
func (s *Scope) Full(shape []int, value float64, dtype DType, device Device) *Tensor {
	mustHave("full", device)
	s.mustOpen("full")
	p, n := sizes(shape)
	return adopt("full", s, C.ct_full(p, n, C.double(value), C.int8_t(dtype), C.int8_t(device.Type), C.int8_t(device.Index)))
}

// Zeros returns a tensor of s with all elements zero.
func (s *Scope) Zeros(shape []int, dtype DType, device Device) *Tensor {
	return s.Full(shape, 0, dtype, device)
}

// Ones returns a tensor of s with all elements one.
func (s *Scope) Ones(shape []int, dtype DType, device Device) *Tensor {
	return s.Full(shape, 1, dtype, device)
}

// Arange returns the vector start, start+step, … below end. It panics if step
// is zero or leads away from end.
func (s *Scope) Arange(start, end, step float64, dtype DType, device Device) *Tensor {
	mustHave("arange", device)
	s.mustOpen("arange")
	return adopt("arange", s, C.ct_arange(C.double(start), C.double(end), C.double(step), C.int8_t(dtype), C.int8_t(device.Type), C.int8_t(device.Index)))
}

// Eye returns the n × n identity matrix.
func (s *Scope) Eye(n int, dtype DType, device Device) *Tensor {
	mustHave("eye", device)
	s.mustOpen("eye")
	return adopt("eye", s, C.ct_eye(C.int64_t(n), C.int8_t(dtype), C.int8_t(device.Type), C.int8_t(device.Index)))
}

// FromSlice returns a CPU tensor of s with a copy of data in row-major order.
// Without a shape it is a vector. It panics if the shape does not hold
// len(data) elements.
func FromSlice[T Element](s *Scope, data []T, shape ...int) *Tensor {
	if len(shape) == 0 {
		shape = []int{len(data)}
	}
	return fromHost("FromSlice", s, data, shape)
}

// Scalar returns a CPU tensor of s without dimensions.
func Scalar[T Element](s *Scope, v T) *Tensor {
	return fromHost("Scalar", s, []T{v}, nil)
}

func fromHost[T Element](op string, s *Scope, data []T, shape []int) *Tensor {
	mustInit(op)
	s.mustOpen(op)
	if n := numel(shape); n != len(data) {
		panic(&Error{Op: op, Kind: Value, Msg: fmt.Sprintf("a slice of %d elements does not fill the shape %v", len(data), shape)})
	}
	p, n := sizes(shape)
	return adopt(op, s, C.ct_from_host(unsafe.Pointer(unsafe.SliceData(data)), byteLen(data), p, n, C.int8_t(DTypeOf[T]())))
}

// numel returns the product of the sizes, or -1 if one is negative or the
// product overflows.
func numel(shape []int) int {
	n := 1
	for _, size := range shape {
		hi, lo := bits.Mul64(uint64(n), uint64(size))
		if size < 0 || hi != 0 || lo > math.MaxInt {
			return -1
		}
		n = int(lo)
	}
	return n
}

// CopyFromSlice overwrites t, on any device, with data in row-major order. It
// panics if the dtype or the number of elements differs.
func CopyFromSlice[T Element](t *Tensor, data []T) {
	mustMatch[T]("CopyFromSlice", t)
	if n := t.Numel(); n != len(data) {
		panic(&Error{Op: "CopyFromSlice", Kind: Value, Shapes: []string{t.signature()},
			Msg: fmt.Sprintf("the slice has %d elements, the tensor %d", len(data), n)})
	}
	check("CopyFromSlice", C.ct_copy_from_host(t.h, unsafe.Pointer(unsafe.SliceData(data)), byteLen(data)), t)
}

// ToSlice returns a copy of t's elements in row-major order, converted to T,
// from any device and memory format. It panics if they are complex and T is not.
func ToSlice[T Element](t *Tensor) []T {
	m := t.describe("ToSlice")
	if want := DTypeOf[T](); DType(m.dtype) != want {
		if DType(m.dtype).IsComplex() && !want.IsComplex() {
			panic(&Error{Op: "ToSlice", Kind: Value, Shapes: []string{t.signature()}, Msg: fmt.Sprintf("complex elements are no %s; take Real, Imag or Abs", want)})
		}
		s := NewScope()
		defer s.Close()
		t = s.Use(t).ToDType(want)
	}
	out := make([]T, int(m.numel))
	check("ToSlice", C.ct_copy_to_host(t.h, unsafe.Pointer(unsafe.SliceData(out)), byteLen(out)), t)
	return out
}

// Data returns t's own memory in row-major order, without a copy: writes go to
// the tensor, unseen by autograd. The slice is valid while t is; keep t
// reachable, and its scope open, as long as the slice is used. It panics unless
// t is a contiguous CPU tensor of T.
func Data[T Element](t *Tensor) []T {
	mustMatch[T]("Data", t)
	m := t.describe("Data")
	if m.device_type != 0 || !bool(m.contiguous) {
		panic(&Error{Op: "Data", Kind: Value, Shapes: []string{t.signature()}, Msg: "only contiguous CPU tensors have one slice of memory"})
	}
	if m.numel == 0 {
		return nil
	}
	p := C.ct_data(t.h)
	runtime.KeepAlive(t)
	return unsafe.Slice((*T)(p), int(m.numel))
}

func mustMatch[T Element](op string, t *Tensor) {
	join(op, t)
	if want := DTypeOf[T](); t.DType() != want {
		panic(&Error{Op: op, Kind: Value, Shapes: []string{t.signature()}, Msg: fmt.Sprintf("the slice holds %s", want)})
	}
}

func byteLen[T Element](data []T) C.int64_t {
	var zero T
	return C.int64_t(len(data)) * C.int64_t(unsafe.Sizeof(zero))
}
