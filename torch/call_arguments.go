package torch

/*
#include <stdlib.h>
#include "shim/api_gen.h"
*/
import "C"

import (
	"fmt"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unsafe"
)

// arguments are the operands of a call as the cells of the shim; see types.h.
type arguments struct {
	cells      []C.ct_cell
	text       []byte
	positional int
	tensors    []*Tensor
	generators []*Generator
	scope      *Scope // the deepest of the tensors
}

// argumentsPool keeps the memory of arguments for the next call.
var argumentsPool = sync.Pool{New: func() any { return new(arguments) }}

// release gives a back once nothing uses it.
func (a *arguments) release() {
	clear(a.tensors) // so that the pool keeps none alive
	clear(a.generators)
	*a = arguments{cells: a.cells[:0], text: a.text[:0], tensors: a.tensors[:0], generators: a.generators[:0]}
	argumentsPool.Put(a)
}

// all adds the arguments of the call of op, of which the last may be Named.
func (a *arguments) all(op string, args []any) error {
	for i, arg := range args {
		if named, ok := arg.(Named); ok && i == len(args)-1 {
			return a.named(op, named)
		}
		if err := a.add(arg); err != nil {
			return a.wrong(op, fmt.Sprintf("argument %d", i+1), err)
		}
		a.positional++
	}
	return nil
}

func (a *arguments) named(op string, named Named) error {
	for _, name := range slices.Sorted(maps.Keys(named)) {
		a.string(name)
		if err := a.add(named[name]); err != nil {
			return a.wrong(op, "argument "+name, err)
		}
	}
	return nil
}

// wrong names the argument that add has refused.
func (a *arguments) wrong(op, which string, err error) error {
	if e, ok := err.(*Error); ok {
		e.Op, e.Msg = op, which+": "+e.Msg
		return e
	}
	return &Error{Op: op, Kind: Value, Msg: fmt.Sprintf("%s: %v", which, err), Err: err}
}

func (a *arguments) cell(kind, i, n int64) {
	a.cells = append(a.cells, C.ct_cell{kind: C.int64_t(kind), i: C.int64_t(i), n: C.int64_t(n)})
}

func (a *arguments) float(v float64) {
	a.cells = append(a.cells, C.ct_cell{kind: C.CT_FLOAT, x: C.double(v)})
}

func (a *arguments) string(s string) {
	a.cell(C.CT_STRING, int64(len(a.text)), int64(len(s)))
	a.text = append(a.text, s...)
}

func (a *arguments) bool(b bool) {
	i := int64(0)
	if b {
		i = 1
	}
	a.cell(C.CT_BOOL, i, 0)
}

func (a *arguments) tensor(t *Tensor) error {
	if t == nil {
		a.cell(C.CT_NONE, 0, 0)
		return nil
	}
	if !t.isOpen() {
		return closedError("", t)
	}
	if t.s.level() > a.scope.level() {
		a.scope = t.s
	}
	a.tensors = append(a.tensors, t)
	a.cell(C.CT_TENSOR, int64(t.h), 0)
	return nil
}

// add appends one value. Its error says what cannot be used, without the place.
func (a *arguments) add(arg any) error {
	switch v := arg.(type) {
	case nil:
		a.cell(C.CT_NONE, 0, 0)
	case *Tensor:
		return a.tensor(v)
	case bool:
		a.bool(v)
	case int:
		a.cell(C.CT_INT, int64(v), 0)
	case float64:
		a.float(v)
	case string:
		a.string(v)
	case complex128:
		a.cells = append(a.cells, C.ct_cell{kind: C.CT_COMPLEX, x: C.double(real(v)), y: C.double(imag(v))})
	case DType:
		a.cell(C.CT_DTYPE, int64(v), 0)
	case MemoryFormat:
		a.cell(C.CT_FORMAT, int64(v), 0)
	case Device:
		if v.Type == CUDAType {
			if _, err := CUDACount(); err != nil {
				return err
			}
		}
		a.cell(C.CT_DEVICE, int64(v.Type), int64(v.Index))
	case *Generator:
		if v == nil {
			a.cell(C.CT_NONE, 0, 0)
			break
		}
		a.generators = append(a.generators, v)
		a.cell(C.CT_GENERATOR, int64(v.h), 0)
	case IValue:
		return a.value(v)
	case Named:
		return fmt.Errorf("Named comes last")
	case []*Tensor:
		a.list(len(v), v == nil)
		for _, t := range v {
			if err := a.tensor(t); err != nil {
				return err
			}
		}
	case []int:
		a.list(len(v), v == nil)
		for _, x := range v {
			a.cell(C.CT_INT, int64(x), 0)
		}
	default:
		return a.reflected(reflect.ValueOf(arg))
	}
	return nil
}

// list begins a slice of n values; a nil slice may stand for None.
func (a *arguments) list(n int, none bool) {
	i := int64(0)
	if none {
		i = 1
	}
	a.cell(C.CT_LIST, i, int64(n))
}

// reflected adds a value of one of the rarer types: other sizes of numbers,
// slices of everything, and maps with string keys.
func (a *arguments) reflected(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Bool:
		a.bool(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		a.cell(C.CT_INT, v.Int(), 0)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		a.cell(C.CT_INT, int64(v.Uint()), 0)
	case reflect.Float32, reflect.Float64:
		a.float(v.Float())
	case reflect.Complex64:
		return a.add(v.Complex())
	case reflect.String:
		a.string(v.String())
	case reflect.Slice:
		a.list(v.Len(), v.IsNil())
		for i := range v.Len() {
			if err := a.add(v.Index(i).Interface()); err != nil {
				return fmt.Errorf("entry %d: %w", i, err)
			}
		}
	case reflect.Map:
		if v.Type().Key().Kind() != reflect.String {
			return fmt.Errorf("a map needs string keys, and this is a %v", v.Type())
		}
		keys := v.MapKeys()
		slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(x.String(), y.String()) })
		a.cell(C.CT_DICT, 0, int64(len(keys)))
		for _, k := range keys {
			a.string(k.String())
			if err := a.add(v.MapIndex(k).Interface()); err != nil {
				return fmt.Errorf("entry %q: %w", k.String(), err)
			}
		}
	default:
		return fmt.Errorf("a value of type %v cannot be given; see the documentation of Call", v.Type())
	}
	return nil
}

// value adds what a call has returned.
func (a *arguments) value(v IValue) error {
	items, ok := v.x.([]IValue)
	if !ok {
		return a.add(v.x)
	}
	switch {
	case v.form == dictForm:
		a.cell(C.CT_DICT, 0, int64(len(items)))
	case v.form == listForm:
		a.list(len(items), false)
	case v.keys != nil:
		a.cell(C.CT_TUPLE, 1, int64(len(items)))
	default:
		a.cell(C.CT_TUPLE, 0, int64(len(items)))
	}
	for i, item := range items {
		if v.keys != nil {
			if err := a.value(v.keys[i]); err != nil {
				return err
			}
		}
		if err := a.value(item); err != nil {
			return err
		}
	}
	return nil
}

// c returns the arguments as the shim takes them.
func (a *arguments) c() (cells *C.ct_cell, n, positional C.int64_t, text *C.char) {
	return unsafe.SliceData(a.cells), C.int64_t(len(a.cells)), C.int64_t(a.positional), (*C.char)(unsafe.Pointer(unsafe.SliceData(a.text)))
}

// result turns what the shim returned into a value with its tensors in s, and
// keeps the operands alive until now.
func (a *arguments) result(op string, s *Scope, r C.ct_value) (IValue, error) {
	defer runtime.KeepAlive(a.generators)
	defer keepAlive(a.tensors)
	if r.err != nil {
		return IValue{}, newError(op, r.err, a.tensors)
	}
	d := decoder{cells: unsafe.Slice(&r.one, 1), s: s, operands: a.tensors}
	if r.cells != nil {
		defer C.free(unsafe.Pointer(r.cells))
		d.cells = unsafe.Slice(r.cells, r.n)
	}
	if r.text != nil {
		defer C.free(unsafe.Pointer(r.text))
		d.text = r.text
	}
	return d.value(), nil
}

// decoder reads values from cells.
type decoder struct {
	cells    []C.ct_cell
	text     *C.char
	s        *Scope
	operands []*Tensor
}

func (d *decoder) value() IValue {
	c := d.cells[0]
	d.cells = d.cells[1:]
	switch c.kind {
	case C.CT_TENSOR:
		return IValue{x: d.s.wrap(C.ct_tensor(c.i))}
	case C.CT_OPERAND:
		for _, t := range d.operands {
			if t.h == C.ct_tensor(c.i) {
				return IValue{x: t}
			}
		}
	case C.CT_BOOL:
		return IValue{x: c.i != 0}
	case C.CT_INT:
		return IValue{x: int(c.i)}
	case C.CT_FLOAT:
		return IValue{x: float64(c.x)}
	case C.CT_COMPLEX:
		return IValue{x: complex(float64(c.x), float64(c.y))}
	case C.CT_STRING:
		if c.n == 0 {
			return IValue{x: ""}
		}
		return IValue{x: string(unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(d.text), c.i)), c.n))}
	case C.CT_DEVICE:
		return IValue{x: Device{Type: DeviceType(c.i), Index: int(c.n)}}
	case C.CT_LIST:
		return d.items(listForm, int(c.n), false)
	case C.CT_TUPLE:
		return d.items(tupleForm, int(c.n), c.i == 1)
	case C.CT_DICT:
		return d.items(dictForm, int(c.n), true)
	}
	return IValue{}
}

func (d *decoder) items(form form, n int, keyed bool) IValue {
	v := IValue{form: form}
	items := make([]IValue, n)
	for i := range items {
		if keyed {
			v.keys = append(v.keys, d.value())
		}
		items[i] = d.value()
	}
	v.x = items
	return v
}
