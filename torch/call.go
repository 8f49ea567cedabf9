package torch

/*
#cgo noescape ct_call
#cgo noescape ct_schemas
#cgo nocallback ct_schemas
#include <stdlib.h>
#include "shim/api_gen.h"
*/
import "C"

import "unsafe"

// Named are arguments of [Call], or of a script, that are given by name; it
// comes last.
type Named map[string]any

// Call calls the operator of the given name, bound as a method or not: all of
// ATen's, and those of libraries that [LoadLibrary] brought.
//
//	v, err := torch.Call("aten::linalg_cond", x)
//	v, err := torch.Call("sum", x, []int{1}, torch.Named{"keepdim": true})
//
// The name is "namespace::name.overload". The namespace aten may be left out.
// Without an overload, the one of that very name is called if the arguments
// fit it, else the only other one that they fit.
//
// The arguments are checked against the operator's schema, which [Schemas]
// shows, and those that are left out get its defaults. A schema's types are
// given as
//
//	Tensor                *Tensor
//	Tensor[], Tensor?[]   []*Tensor
//	int, SymInt           int, int32, int64 and the like
//	int[], SymInt[]       []int, []int64; for int[2] also one int
//	float, float[]        float64, float32 or int, and slices of them
//	Scalar                int, float64, bool, complex128
//	bool, bool[]          bool, []bool
//	str                   string
//	ScalarType            DType
//	Device, MemoryFormat  Device, MemoryFormat
//	Generator             *Generator
//	X?, not given         nil, which a nil pointer or slice also is
//
// and lists, tuples and dicts of scripts also as []any, an [IValue], or a map
// with string keys.
//
// An operator with one result returns that, one with several returns a tuple,
// and one without returns None. Tensors join the deepest scope of the operands,
// or [Root] where there is none; [Scope.Call] names a scope. An operator that
// changes an operand in place returns that operand itself.
//
// Names and arguments are data here, so that mistakes and failures come back
// as an error, an *[Error], where methods panic.
func Call(name string, args ...any) (IValue, error) { return boxed(name, nil, args) }

// Call is the function [Call] with all new tensors in s, whatever scope the
// operands are in: for operators that have no operand, such as aten::linspace.
func (s *Scope) Call(name string, args ...any) (IValue, error) { return boxed(name, &s, args) }

// boxed calls an operator; into is nil for the scope of the operands.
func boxed(name string, into **Scope, args []any) (IValue, error) {
	if err := Init(); err != nil {
		return IValue{}, &Error{Op: name, Kind: NoLibrary, Msg: err.Error(), Err: err}
	}
	a := argumentsPool.Get().(*arguments)
	defer a.release()
	if err := a.all(name, args); err != nil {
		return IValue{}, err
	}
	if into != nil {
		if a.scope = *into; a.scope != nil && a.scope.closed {
			return IValue{}, a.scope.closedError(name)
		}
	}
	cells, n, positional, text := a.c()
	p, length := chars(name)
	return a.result(name, a.scope, C.ct_call(p, length, cells, n, positional, text))
}

// HasOp reports whether [Call] finds an operator of this name, which may lack
// namespace and overload. It is false if libtorch cannot be loaded.
func HasOp(name string) bool { return len(Schemas(name)) > 0 }

// Schemas returns the schemas of all overloads of an operator, or of one
// overload, as libtorch writes them; none if there is no such operator or
// libtorch cannot be loaded.
func Schemas(name string) []string {
	if Init() != nil {
		return nil
	}
	p, length := chars(name)
	var a arguments
	v, err := a.result("Schemas", nil, C.ct_schemas(p, length))
	if err != nil {
		return nil
	}
	return v.texts()
}

// chars returns the bytes of s for the shim, which does not keep them.
func chars(s string) (*C.char, C.int64_t) {
	return (*C.char)(unsafe.Pointer(unsafe.StringData(s))), C.int64_t(len(s))
}
