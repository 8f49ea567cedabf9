package torch

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// An IValue, PyTorch's name for it, is the result of [Call] or of a script,
// whose type is known at run time only: nothing (None), a tensor, a bool, an int, a float64, a
// complex128, a string, a [Device], a list or tuple of values, or a dict. The
// zero IValue is None. A dtype comes as the int that [DType] has.
//
// The methods that return a Go value panic with an *[Error] if v is of another
// type; [IValue.Any] is there for a type switch.
type IValue struct {
	x    any      // nil, *Tensor, bool, int, float64, complex128, string, Device, []IValue
	keys []IValue // of a dict, or the names of the fields of a named tuple
	form form
}

// form tells apart what is a []IValue.
type form byte

const (
	oneValue form = iota
	listForm
	tupleForm
	dictForm
)

// IsNone reports whether v is PyTorch's None.
func (v IValue) IsNone() bool { return v.x == nil }

// Any returns v as nil, *[Tensor], bool, int, float64, complex128, string,
// [Device], or []IValue for a list, a tuple and the values of a dict.
func (v IValue) Any() any { return v.x }

// Tensor returns the tensor that v is. A tuple or list of one tensor will do.
func (v IValue) Tensor() *Tensor {
	if items, ok := v.x.([]IValue); ok && len(items) == 1 && v.form != dictForm {
		v = items[0]
	}
	return valueAs[*Tensor](v, "a tensor")
}

// Tensors returns all tensors within v, in order; v may be of any type.
func (v IValue) Tensors() []*Tensor {
	switch x := v.x.(type) {
	case *Tensor:
		return []*Tensor{x}
	case []IValue:
		var all []*Tensor
		for _, item := range x {
			all = append(all, item.Tensors()...)
		}
		return all
	}
	return nil
}

// Bool returns the bool that v is.
func (v IValue) Bool() bool { return valueAs[bool](v, "a bool") }

// Int returns the int that v is.
func (v IValue) Int() int { return valueAs[int](v, "an int") }

// Float returns the float or int that v is.
func (v IValue) Float() float64 {
	if i, ok := v.x.(int); ok {
		return float64(i)
	}
	return valueAs[float64](v, "a float")
}

// Complex returns the complex number that v is.
func (v IValue) Complex() complex128 { return valueAs[complex128](v, "a complex number") }

// Text returns the string that v is.
func (v IValue) Text() string { return valueAs[string](v, "a string") }

// Device returns the device that v is.
func (v IValue) Device() Device { return valueAs[Device](v, "a device") }

// Ints returns the list or tuple of ints that v is.
func (v IValue) Ints() []int { return valuesAs(v, IValue.Int) }

// Floats returns the list or tuple of floats or ints that v is.
func (v IValue) Floats() []float64 { return valuesAs(v, IValue.Float) }

func (v IValue) texts() []string { return valuesAs(v, IValue.Text) }

// Len returns the number of entries of a list, tuple or dict.
func (v IValue) Len() int { return len(valueAs[[]IValue](v, "a list, tuple or dict")) }

// At returns entry i of a list or tuple, or the value of entry i of a dict.
func (v IValue) At(i int) IValue {
	items := valueAs[[]IValue](v, "a list, tuple or dict")
	if i < 0 || i >= len(items) {
		panic(&Error{Op: "IValue", Kind: Index, Msg: fmt.Sprintf("there is no entry %d of %d", i, len(items))})
	}
	return items[i]
}

// Get returns the entry of a dict with string keys, or of a named tuple.
func (v IValue) Get(key string) IValue {
	items := valueAs[[]IValue](v, "a dict or named tuple")
	for i, k := range v.keys {
		if k.x == key {
			return items[i]
		}
	}
	panic(&Error{Op: "IValue", Kind: Index, Msg: fmt.Sprintf("there is no entry %q; there are %v", key, v.keys)})
}

// Items yields the keys and values of a dict in its order, and the names and
// values of a named tuple; nothing for anything else.
func (v IValue) Items() iter.Seq2[IValue, IValue] {
	return func(yield func(IValue, IValue) bool) {
		for i, k := range v.keys {
			if !yield(k, v.x.([]IValue)[i]) {
				return
			}
		}
	}
}

// String writes v as Python would, with dtype and shape for a tensor:
// (float32[2, 3], 1, 'a').
func (v IValue) String() string {
	switch x := v.x.(type) {
	case nil:
		return "None"
	case *Tensor:
		if !x.isOpen() {
			return "closed tensor"
		}
		return x.signature()
	case bool:
		if x {
			return "True"
		}
		return "False"
	case string:
		return "'" + strings.Trim(strconv.Quote(x), `"`) + "'"
	case []IValue:
		parts := make([]string, len(x))
		for i, item := range x {
			parts[i] = item.String()
			switch {
			case v.form == dictForm:
				parts[i] = v.keys[i].String() + ": " + parts[i]
			case v.keys != nil:
				parts[i] = v.keys[i].Text() + "=" + parts[i]
			}
		}
		text := strings.Join(parts, ", ")
		switch {
		case v.form == dictForm:
			return "{" + text + "}"
		case v.form == listForm:
			return "[" + text + "]"
		case len(x) == 1:
			return "(" + text + ",)"
		}
		return "(" + text + ")"
	}
	return fmt.Sprint(v.x)
}

func valueAs[T any](v IValue, what string) T {
	x, ok := v.x.(T)
	if !ok {
		panic(&Error{Op: "IValue", Kind: Value, Msg: fmt.Sprintf("%v is not %s", v, what)})
	}
	return x
}

func valuesAs[T any](v IValue, of func(IValue) T) []T {
	items := valueAs[[]IValue](v, "a list or tuple")
	out := make([]T, len(items))
	for i, item := range items {
		out[i] = of(item)
	}
	return out
}
