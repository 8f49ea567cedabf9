package torch

/*
#include <stdlib.h>
#include "shim/types.h"
*/
import "C"

import (
	"fmt"
	"strconv"
	"strings"
	"unsafe"
)

// A Kind says what sort of mistake or failure an [Error] reports.
type Kind byte

const (
	// Runtime is any failure that libtorch reports without a finer kind, such
	// as shapes that do not fit.
	Runtime Kind = C.CT_ERR_RUNTIME
	// Memory means that the host or the device has no memory left.
	Memory Kind = C.CT_ERR_MEMORY
	// Index means an index or dimension out of range.
	Index Kind = C.CT_ERR_INDEX
	// NotImplemented means that no kernel exists for the dtype or device.
	NotImplemented Kind = C.CT_ERR_NOT_IMPLEMENTED
	// Value means an argument that the operator does not accept.
	Value Kind = C.CT_ERR_VALUE
	// Closed means that a tensor was used after its scope was closed or after
	// it was freed.
	Closed Kind = 100
	// NoLibrary means that libtorch could not be loaded.
	NoLibrary Kind = 101
	// NoDevice means that there is no such GPU.
	NoDevice Kind = 102
)

// String returns the name of the kind.
func (k Kind) String() string {
	switch k {
	case Runtime:
		return "runtime"
	case Memory:
		return "out of memory"
	case Index:
		return "index"
	case NotImplemented:
		return "not implemented"
	case Value:
		return "value"
	case Closed:
		return "closed"
	case NoLibrary:
		return "no library"
	case NoDevice:
		return "no device"
	}
	return fmt.Sprintf("kind %d", byte(k))
}

// An Error is what tensor operations panic with; [Try] returns it as an error.
type Error struct {
	Op     string   // operator or function, as ATen names it
	Kind   Kind     // sort of failure
	Shapes []string // dtype and shape of the operands, such as "float32[2, 3]"
	Msg    string   // what libtorch said
	Err    error    // cause, if there is one beside Msg
}

// Error returns one sentence with the operator, its operands and the reason.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("torch: ")
	b.WriteString(e.Op)
	if len(e.Shapes) > 0 {
		b.WriteString("(" + strings.Join(e.Shapes, ", ") + ")")
	}
	b.WriteString(": ")
	if e.Kind == Memory {
		b.WriteString("out of memory: ")
	}
	b.WriteString(e.Msg)
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Try runs fn and returns the *[Error] that it panics with, if any. Every
// other panic passes through.
func Try(fn func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Error:
			err = r
		default:
			panic(r)
		}
	}()
	fn()
	return nil
}

// check panics if the shim reported an error, and frees its text.
func check(op string, err C.ct_err, operands ...*Tensor) {
	if err != nil {
		fail(op, err, operands)
	}
	keepAlive(operands)
}

func fail(op string, cerr C.ct_err, operands []*Tensor) { panic(newError(op, cerr, operands)) }

// newError turns what the shim reported into an error and frees its text. If a
// Go function that libtorch called has panicked, it panics with the same.
func newError(op string, cerr C.ct_err, operands []*Tensor) *Error {
	kind, text := take(cerr)
	e := &Error{Op: op, Kind: kind, Msg: cutNoise(text)}
	if e.Kind == C.CT_ERR_CALLBACK {
		id, _ := strconv.ParseUint(e.Msg, 10, 64)
		panicAgain(op, id, operands)
	}
	e.Shapes = signatures(operands)
	return e
}

// take returns what the shim reported, and frees it.
func take(cerr C.ct_err) (Kind, string) {
	defer C.free(unsafe.Pointer(cerr))
	return Kind(*(*byte)(unsafe.Pointer(cerr))), C.GoString((*C.char)(unsafe.Add(unsafe.Pointer(cerr), 1)))
}

// signatures describes the operands that can still be described.
func signatures(operands []*Tensor) []string {
	var s []string
	for _, t := range operands {
		if t.isOpen() {
			s = append(s, t.signature())
		}
	}
	return s
}

// cutNoise keeps what libtorch says about the mistake and drops the places in
// its own sources and its lists of kernels.
func cutNoise(msg string) string {
	if strings.HasPrefix(msg, interpreterFailed) {
		return raisedBy(msg)
	}
	if rest, ok := strings.CutPrefix(msg, "[enforce fail at "); ok {
		if _, after, ok := strings.Cut(rest, ". "); ok { // the condition ends there
			msg = after
		}
	}
	msg, _, _ = strings.Cut(msg, " This could be because the operator doesn't exist")
	msg, _, _ = strings.Cut(msg, "\n\n")
	return strings.TrimRight(strings.TrimSpace(msg), ".")
}

// closed panics because t cannot be used any more.
func closed(op string, t *Tensor) { panic(closedError(op, t)) }

func closedError(op string, t *Tensor) *Error {
	msg := "the tensor is nil"
	switch {
	case t != nil && t.s != nil && t.s.closed:
		msg = fmt.Sprintf("used after its scope %s was closed; lift it with MoveTo or Keep before that", t.s)
	case t != nil:
		msg = "used after it was freed"
	}
	return &Error{Op: op, Kind: Closed, Msg: msg}
}
