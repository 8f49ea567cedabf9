package torch

/*
#cgo noescape ct_take_dropped
#cgo nocallback ct_take_dropped
#include "shim/api_gen.h"
*/
import "C"

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// callbacks is what C++ may ask for by id: hooks and functions of graphs that
// exist, and values of panics that are on their way through C++.
var callbacks struct {
	sync.Mutex
	byID  map[uint64]any
	last  uint64
	count atomic.Int64 // len(byID), for a look without the lock
}

// A callback is run by the backward pass with tensors of s, a scope of its
// own, nil where one is undefined. What it returns is lifted out; nil stands
// for undefined.
type callback interface {
	run(s *Scope, node uintptr, in []*Tensor) []*Tensor
}

// register keeps v for C++, which knows it by the id.
func register(v any) uint64 {
	drain()
	callbacks.Lock()
	defer callbacks.Unlock()
	if callbacks.byID == nil {
		callbacks.byID = map[uint64]any{}
	}
	callbacks.last++
	callbacks.byID[callbacks.last] = v
	callbacks.count.Store(int64(len(callbacks.byID)))
	return callbacks.last
}

func registered(id uint64) any {
	callbacks.Lock()
	defer callbacks.Unlock()
	return callbacks.byID[id]
}

// unregister forgets what has the id and returns it, nil if it is gone already.
func unregister(id uint64) any {
	callbacks.Lock()
	defer callbacks.Unlock()
	v := callbacks.byID[id]
	delete(callbacks.byID, id)
	callbacks.count.Store(int64(len(callbacks.byID)))
	return v
}

// drain forgets what C++ has let go of. It follows whatever may have freed a
// graph, and costs nothing where no callback exists.
func drain() {
	if callbacks.count.Load() == 0 {
		return
	}
	for {
		var ids [64]C.uint64_t
		n := C.ct_take_dropped(&ids[0], C.int64_t(len(ids)))
		for _, id := range ids[:n] {
			unregister(uint64(id))
		}
		if int(n) < len(ids) {
			return
		}
	}
}

// A hook or a function has a scope deeper than any of the program's, so that
// all it computes ends with it.
const callbackDepth = 1 << 30

// sslmemTorchCallback is how C++ runs a callback. No panic may leave it, since
// C++ frames are below: its value is kept, and fail panics with it again when
// they are gone.
//
//export sslmemTorchCallback
func sslmemTorchCallback(id C.uint64_t, node C.uintptr_t, in *C.ct_tensor, n C.int64_t, out *C.ct_tensor, m C.int64_t) (panicked C.uint64_t) {
	s := newScope(callbackDepth)
	defer s.Close()
	defer func() {
		if r := recover(); r != nil {
			panicked = C.uint64_t(register(&panicValue{r}))
		}
	}()
	args := make([]*Tensor, n)
	for i, h := range unsafe.Slice(in, n) {
		if h != 0 {
			args[i] = s.wrap(h)
		}
	}
	c, ok := registered(uint64(id)).(callback)
	if !ok { // a hook that was removed meanwhile
		return 0
	}
	results := make([]C.ct_tensor, m)
	for i, t := range c.run(s, uintptr(node), args) {
		if t == nil {
			continue
		}
		join("the result of a hook or function", t)
		r := C.ct_retain(t.h)
		if r.err != nil {
			C.ct_release_many(unsafe.SliceData(results), m)
		}
		check("the result of a hook or function", r.err, t)
		results[i] = r.t
	}
	copy(unsafe.Slice(out, m), results)
	return 0
}

// A panicValue is what a callback panicked with.
type panicValue struct{ value any }

// panicAgain goes on with a panic of a callback that has gone through the C++
// of op. An *Error becomes the cause of one of op, of the same kind; all other
// values, mistakes of the program, stay what they are.
func panicAgain(op string, id uint64, operands []*Tensor) {
	value := unregister(id).(*panicValue).value
	drain()
	if e, ok := value.(*Error); ok {
		panic(&Error{Op: op, Kind: e.Kind, Shapes: signatures(operands), Msg: "a hook or function failed: " + e.Error(), Err: e})
	}
	panic(value)
}
