package torch

/*
#cgo noescape ct_release_many
#cgo nocallback ct_release_many
#cgo nocallback ct_release
#cgo nocallback ct_retain
#include "shim/api_gen.h"
*/
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

// A Scope owns tensors and frees all of them when it is closed. It is how
// memory stays flat: what a training step or a scored batch computes lives in
// one scope, and closing it gives everything back at once, without waiting
// for the garbage collector.
//
// The result of an operation joins the deepest scope among its operands, so
// naming a scope once, where the data enters, is enough. The nil scope is
// [Root]: its tensors live until the collector finds them unreachable.
//
// A scope is for one goroutine at a time. Different scopes may be used at the
// same time, also with shared root tensors as operands.
type Scope struct {
	slots   *slots
	depth   int
	closed  bool
	cleanup runtime.Cleanup
}

// slots is apart from Scope so that the cleanup of a forgotten scope can free
// its tensors without keeping the scope itself reachable.
type slots struct {
	handles []C.ct_tensor // 0 where a tensor has left
	vacant  []int         // positions of the zeros, to be used again
}

// add takes over h and returns its position.
func (sl *slots) add(h C.ct_tensor) int {
	if n := len(sl.vacant); n > 0 {
		slot := sl.vacant[n-1]
		sl.vacant = sl.vacant[:n-1]
		sl.handles[slot] = h
		return slot
	}
	sl.handles = append(sl.handles, h)
	return len(sl.handles) - 1
}

// remove gives up the handle at slot without freeing it.
func (sl *slots) remove(slot int) {
	sl.handles[slot] = 0
	sl.vacant = append(sl.vacant, slot)
}

// Root is the nil scope. Tensors made in it are freed by the garbage
// collector: right for parameters, wrong for the temporaries of a loop.
var Root *Scope

// NewScope returns an empty scope. Close it when its tensors are done with.
func NewScope() *Scope { return newScope(1) }

// Child returns an empty scope that is deeper than s: results of operands from
// both join the child. Closing s does not close its children. Child of [Root]
// is NewScope.
func (s *Scope) Child() *Scope {
	s.mustOpen("Child")
	return newScope(s.level() + 1)
}

func newScope(depth int) *Scope {
	s := &Scope{slots: &slots{}, depth: depth}
	s.cleanup = runtime.AddCleanup(s, (*slots).release, s.slots)
	return s
}

// Close frees all tensors of the scope; using one of them, or the scope,
// afterwards panics. Memory that a tensor outside shares, as a view or through
// the autograd graph, lives on there. Closing twice does nothing, and neither
// does closing Root.
func (s *Scope) Close() {
	if s == nil || s.closed {
		return
	}
	s.closed = true
	s.cleanup.Stop()
	s.slots.release()
}

func (sl *slots) release() {
	if len(sl.handles) > 0 {
		if tracked.on.Load() {
			untrack(sl.handles...)
		}
		C.ct_release_many(unsafe.SliceData(sl.handles), C.int64_t(len(sl.handles)))
		drain()
	}
	sl.handles, sl.vacant = nil, nil
}

// Len returns the number of tensors that the scope owns; Root does not count
// its own and returns 0.
func (s *Scope) Len() int {
	if s == nil {
		return 0
	}
	return len(s.slots.handles) - len(s.slots.vacant)
}

// Use returns a second name for t that belongs to s: same memory, same place
// in the autograd graph. Results computed from it join s even where t itself
// is a root tensor.
func (s *Scope) Use(t *Tensor) *Tensor {
	join("Use", t)
	s.mustOpen("Use")
	return adopt("Use", s, C.ct_retain(t.h), t)
}

// Do runs fn with a child scope, closes that, also after a panic, and returns
// fn's result, lifted into s. It frees the temporaries of fn early; fn must
// enter its operands into the child with [Scope.Use]. A result that belongs to
// neither scope stays with its owner, and Do returns a second name for it. A
// nil result is passed on.
func (s *Scope) Do(fn func(in *Scope) *Tensor) *Tensor {
	in := s.Child()
	defer in.Close()
	out := fn(in)
	if out == nil {
		return nil
	}
	if out.s == in {
		return out.MoveTo(s)
	}
	if out.s == s {
		return out
	}
	return s.Use(out)
}

// Tidy runs fn on a second name for x in a child of x's scope and returns its
// result in x's scope, with all temporaries of fn freed. It is [Scope.Do] for
// one operand, such as a block of a network. What the backward pass needs stays
// alive in the graph, so that it saves memory under [NoGrad] only.
func Tidy(x *Tensor, fn func(x *Tensor) *Tensor) *Tensor {
	s := join("Tidy", x)
	return s.Do(func(in *Scope) *Tensor { return fn(in.Use(x)) })
}

// String names the scope by its depth, as errors do: "of depth 1", or "root".
func (s *Scope) String() string {
	switch {
	case s == nil:
		return "root"
	case s.depth >= callbackDepth:
		return "of a hook or function"
	}
	return fmt.Sprintf("of depth %d", s.depth)
}

func (s *Scope) level() int {
	if s == nil {
		return 0
	}
	return s.depth
}

func (s *Scope) mustOpen(op string) {
	if s != nil && s.closed {
		panic(s.closedError(op))
	}
}

func (s *Scope) closedError(op string) *Error {
	return &Error{Op: op, Kind: Closed, Msg: fmt.Sprintf("the scope %s was closed", s)}
}

// wrap makes the Go side of a handle that nobody else owns.
func (s *Scope) wrap(h C.ct_tensor) *Tensor {
	t := &Tensor{h: h, s: s}
	if tracked.on.Load() {
		track(h, s)
	}
	if s == nil {
		t.root = newRoot(t)
		return t
	}
	t.slot = s.slots.add(h)
	return t
}

func newRoot(t *Tensor) *runtime.Cleanup {
	c := runtime.AddCleanup(t, releaseHandle, t.h)
	return &c
}

func releaseHandle(h C.ct_tensor) {
	if tracked.on.Load() {
		untrack(h)
	}
	C.ct_release(h)
	drain()
}

// join checks the operands of op and returns the deepest of their scopes, the
// first one where several are equally deep.
func join(op string, operands ...*Tensor) *Scope {
	var s *Scope
	for _, t := range operands {
		if !t.isOpen() {
			closed(op, t)
		}
		if t.s.level() > s.level() {
			s = t.s
		}
	}
	return s
}

// joinMore returns the deeper of s and the deepest scope of the operands.
func joinMore(op string, s *Scope, operands []*Tensor) *Scope {
	if o := join(op, operands...); o.level() > s.level() {
		return o
	}
	return s
}

// joinOptional is joinMore for operands that may be nil.
func joinOptional(op string, s *Scope, operands ...*Tensor) *Scope {
	for _, t := range operands {
		if t != nil && join(op, t).level() > s.level() {
			s = t.s
		}
	}
	return s
}

// adopt turns the result of an operation into a tensor of s. The operands are
// named for the error message, and so that none is freed during the call.
func adopt(op string, s *Scope, r C.ct_ret, operands ...*Tensor) *Tensor {
	if r.err != nil {
		fail(op, r.err, operands)
	}
	t := s.wrap(r.t)
	keepAlive(operands)
	return t
}

func adoptList(op string, s *Scope, r C.ct_list, operands ...*Tensor) []*Tensor {
	if r.err != nil {
		fail(op, r.err, operands)
	}
	defer freeList(r)
	out := make([]*Tensor, r.n)
	for i, h := range unsafe.Slice(r.t, r.n) {
		out[i] = s.wrap(h)
	}
	keepAlive(operands)
	return out
}

func flag(op string, r C.ct_flag, operands ...*Tensor) bool {
	if r.err != nil {
		fail(op, r.err, operands)
	}
	keepAlive(operands)
	return bool(r.value)
}

func keepAlive(operands []*Tensor) {
	for _, t := range operands {
		runtime.KeepAlive(t)
	}
}
