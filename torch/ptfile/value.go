package ptfile

import (
	"fmt"
	"iter"
	"math"
	"math/big"
)

// A Value is what a Python object becomes. Its dynamic type is one of
//
//	nil          None
//	bool         bool
//	int64        int from -2⁶³ to 2⁶³-1
//	*big.Int     any other int
//	float64      float, numpy's floating-point scalars
//	complex128   complex
//	string       str
//	[]byte       bytes and bytearray
//	*List        list
//	Tuple        tuple
//	*Dict        dict, collections.OrderedDict and Counter
//	*Set         set and frozenset
//	*Tensor      torch.Tensor and torch.nn.Parameter
//	*Storage     torch.UntypedStorage and torch.TypedStorage
//	Size         torch.Size
//	DType        torch.dtype
//	Device       torch.device
//	Class        a class or function that is named but not called
//	*Object      an instance of a class that is not understood
//
// A program may also give the saving functions an int, which is written as
// int64 is.
type Value any

// A List is a Python list.
type List struct {
	Items []Value
}

// NewList returns a list of the items.
func NewList(items ...Value) *List { return &List{Items: items} }

// A Tuple is a Python tuple.
type Tuple []Value

// A Size is a torch.Size: the sizes of the dimensions, outermost first.
type Size []int64

// A Device is the text of a torch.device, such as "cpu" or "cuda:0".
type Device string

// A Set is a Python set or frozenset: values without repetition, in the order
// of the file.
type Set struct {
	Items []Value

	index map[any]bool
}

// A Class names a Python class or function. It is only a name: nothing behind
// it is ever looked up or called.
type Class struct {
	Module, Name string
}

// String returns module and name with a dot between them.
func (c Class) String() string { return c.Module + "." + c.Name }

// An Object stands for an instance of a class that this package does not
// understand. Nothing of the class was run: the object is the record of how
// Python would have made it.
type Object struct {
	Of    Value   // the callable: a [Class] or another *Object
	Args  Tuple   // positional arguments of the call
	Named *Dict   // keyword arguments, or nil
	State Value   // what Python would have given to __setstate__; for most classes, the dict of the attributes
	List  []Value // what was appended, for a class derived from list
	Dict  *Dict   // what was set by key, for a class derived from dict, or nil
}

// Class returns the class or function whose call made the object.
func (o *Object) Class() Class {
	for range maxDepth {
		switch of := o.Of.(type) {
		case Class:
			return of
		case *Object:
			o = of
		}
	}
	return Class{}
}

// Attr returns the attribute of this name from the object's state.
func (o *Object) Attr(name string) (Value, bool) {
	if d, ok := o.State.(*Dict); ok {
		return d.Get(name)
	}
	return nil, false
}

// A DictKind is the Python class of a [Dict].
type DictKind uint8

// The kinds of dictionaries.
const (
	PlainDict   DictKind = iota // dict
	OrderedDict                 // collections.OrderedDict, as state_dict returns
	Counter                     // collections.Counter, as learning rate schedules hold
)

// A Dict is a Python dict with its order. The zero value is an empty dict. A
// key is nil, a bool, int64, *big.Int, float64, complex128, string, []byte,
// Device, DType, Class, or a Tuple or Size of such; equal keys are those that
// are equal in Python, so that 1, 1.0 and true are one.
type Dict struct {
	Kind  DictKind
	Attrs *Dict // attributes of an OrderedDict, such as _metadata of a state_dict, or nil

	entries []entry
	index   map[any]int
}

type entry struct {
	key, value Value
}

// NewDict returns an empty dictionary of the kind.
func NewDict(kind DictKind) *Dict { return &Dict{Kind: kind} }

// Len returns the number of entries.
func (d *Dict) Len() int { return len(d.entries) }

// Get returns the value of key and whether there is one.
func (d *Dict) Get(key Value) (Value, bool) {
	k, err := canonical(key, new(int))
	if err != nil {
		return nil, false
	}
	i, ok := d.index[k]
	if !ok {
		return nil, false
	}
	return d.entries[i].value, true
}

// Set gives key the value, in its old place or behind all others. It returns
// an error for a key that Python cannot hash.
func (d *Dict) Set(key, value Value) error {
	k, err := canonical(key, new(int))
	if err != nil {
		return err
	}
	d.set(k, key, value)
	return nil
}

func (d *Dict) set(k any, key, value Value) {
	if i, ok := d.index[k]; ok {
		d.entries[i].value = value
		return
	}
	if d.index == nil {
		d.index = make(map[any]int)
	}
	d.index[k] = len(d.entries)
	d.entries = append(d.entries, entry{key, value})
}

// All ranges over keys and values in order.
func (d *Dict) All() iter.Seq2[Value, Value] {
	return func(yield func(Value, Value) bool) {
		for _, e := range d.entries {
			if !yield(e.key, e.value) {
				return
			}
		}
	}
}

// compound is the comparable form of a key that is not comparable in Go; the
// tag keeps b"a" apart from "a".
type compound struct {
	tag  byte
	text string
}

// canonical turns a key into something that is equal in Go exactly when the
// keys are equal in Python. It adds to cost the bytes that it made.
func canonical(key Value, cost *int) (any, error) { return canonicalAt(key, cost, 0) }

func canonicalAt(key Value, cost *int, depth int) (any, error) {
	switch k := key.(type) {
	case nil, string, Device, DType, Class, int64:
		return k, nil
	case int:
		return int64(k), nil
	case bool:
		if k {
			return int64(1), nil
		}
		return int64(0), nil
	case float64:
		if k == math.Trunc(k) && math.Abs(k) < 1<<53 {
			return int64(k), nil
		}
		return k, nil
	case complex128:
		if imag(k) == 0 {
			return canonicalAt(real(k), cost, depth)
		}
		return k, nil
	case *big.Int:
		*cost += len(k.Bits()) * 8
		return compound{'n', string(k.Append(nil, 62))}, nil
	case []byte:
		*cost += len(k)
		return compound{'b', string(k)}, nil
	case Size:
		t := make(Tuple, len(k))
		for i, n := range k {
			t[i] = n
		}
		return canonicalAt(t, cost, depth)
	case Tuple:
		if depth > maxKeyDepth {
			return nil, fmt.Errorf("a dictionary key is a tuple nested more than %d deep", maxKeyDepth)
		}
		var text []byte
		for _, item := range k {
			c, err := canonicalAt(item, cost, depth+1)
			if err != nil {
				return nil, err
			}
			part := fmt.Sprintf("%T:%v", c, c)
			text = fmt.Appendf(text, "%d:%s,", len(part), part)
			*cost += len(part)
			if len(text) > maxKeyBytes {
				return nil, fmt.Errorf("a dictionary key is a tuple of more than %d bytes", maxKeyBytes)
			}
		}
		return compound{'t', string(text)}, nil
	}
	return nil, fmt.Errorf("a dictionary key is %s, which Python cannot hash or this package does not take as a key", describe(key))
}

const (
	maxKeyDepth = 16
	maxKeyBytes = 1 << 16
)

// describe names the Python type of a value, for error messages.
func describe(v Value) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return "a bool"
	case int64, int, *big.Int:
		return "an int"
	case float64:
		return "a float"
	case complex128:
		return "a complex"
	case string:
		return "a str"
	case []byte:
		return "bytes"
	case *List:
		return "a list"
	case Tuple:
		return "a tuple"
	case *Dict:
		return "a dict"
	case *Set:
		return "a set"
	case *Tensor:
		return "a tensor"
	case *Storage:
		return "a storage"
	case Size:
		return "a torch.Size"
	case DType:
		return "a torch.dtype"
	case Device:
		return "a torch.device"
	case Class:
		return "the global " + v.String()
	case *Object:
		return "an object of " + v.Class().String()
	}
	return fmt.Sprintf("a Go %T", v)
}
