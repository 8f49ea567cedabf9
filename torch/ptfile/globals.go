package ptfile

import (
	"encoding/binary"
	"fmt"
	"math"
)

// storageClasses are the classes that a persistent id may name.
var storageClasses = map[Class]struct {
	dtype   DType
	untyped bool
}{
	{"torch.storage", "UntypedStorage"}: {Uint8, true},
	{"torch", "UntypedStorage"}:         {Uint8, true},
}

// callables are the functions and classes that a pickle may call: what each
// does is written here, and no code of a file runs. It is filled by init, since
// some of them call others.
var callables map[Class]func(u *unpickler, args Tuple) (Value, error)

// inert are classes that only appear as arguments.
var inert = map[Class]bool{
	{"torch", "Tensor"}:                    true,
	{"torch.nn.parameter", "Parameter"}:    true,
	{"torch.nn.parameter", "Buffer"}:       true,
	{"builtins", "dict"}:                   true,
	{"builtins", "list"}:                   true,
	{"builtins", "int"}:                    true,
	{"builtins", "float"}:                  true,
	{"builtins", "str"}:                    true,
	{"builtins", "tuple"}:                  true,
	{"torch.storage", "TypedStorage"}:      true,
	{"torch.serialization", "_get_layout"}: true,
}

// renamed maps modules to the names that the tables use.
var renamed = map[string]string{
	"__builtin__":           "builtins", // Python 2
	"numpy.core.multiarray": "numpy._core.multiarray",
	"torch.tensor":          "torch._tensor",
}

// dtypeGlobals are the dtypes by the names that the module torch has for them.
var dtypeGlobals = map[string]DType{}

func init() {
	for d, e := range elements {
		dtypeGlobals[string(d)] = d
		if e.storage != "" {
			storageClasses[Class{"torch", e.storage}] = struct {
				dtype   DType
				untyped bool
			}{d, false}
		}
	}
	for alias, d := range dtypeAliases {
		dtypeGlobals[alias] = d
	}
	callables = map[Class]func(u *unpickler, args Tuple) (Value, error){
		{"collections", "OrderedDict"}:                    newOrderedDict,
		{"collections", "Counter"}:                        newCounter,
		{"builtins", "set"}:                               newSet,
		{"builtins", "frozenset"}:                         newSet,
		{"builtins", "complex"}:                           newComplex,
		{"builtins", "bytes"}:                             newByteArray,
		{"builtins", "bytearray"}:                         newByteArray,
		{"_codecs", "encode"}:                             encode,
		{"argparse", "Namespace"}:                         record("argparse", "Namespace"),
		{"numpy", "dtype"}:                                record("numpy", "dtype"),
		{"numpy._core.multiarray", "scalar"}:              numpyScalar,
		{"torch", "Size"}:                                 newSize,
		{"torch", "device"}:                               newDevice,
		{"torch._utils", "_rebuild_tensor"}:               rebuildTensor,
		{"torch._utils", "_rebuild_tensor_v2"}:            rebuildTensor,
		{"torch._utils", "_rebuild_tensor_v3"}:            rebuildTensorV3,
		{"torch._utils", "_rebuild_parameter"}:            rebuildParameter,
		{"torch._utils", "_rebuild_parameter_with_state"}: rebuildParameter,
		{"torch._tensor", "_rebuild_from_type_v2"}:        rebuildFromType,
	}
}

// global pushes what the name stands for.
func (u *unpickler) global(module, name string) error {
	if len(module) > maxName || len(name) > maxName {
		return problemf("the name of a global is longer than %d bytes", maxName)
	}
	if to, ok := renamed[module]; ok {
		module = to
	}
	c := Class{module, name}
	if d, ok := dtypeGlobals[name]; ok && module == "torch" {
		return u.push(d)
	}
	_, storage := storageClasses[c]
	if storage || callables[c] != nil || inert[c] || u.opts.Opaque {
		return u.push(c)
	}
	return &UnknownGlobalError{Class: c}
}

// record makes an object that keeps its arguments and gets its state later.
func record(module, name string) func(*unpickler, Tuple) (Value, error) {
	return func(_ *unpickler, args Tuple) (Value, error) {
		return &Object{Of: Class{module, name}, Args: args}, nil
	}
}

// copied accounts for n values that are copied from one container to another.
func (u *unpickler) copied(n int) error {
	if err := u.charge(64 * n); err != nil {
		return err
	}
	return u.count(n)
}

func newOrderedDict(u *unpickler, args Tuple) (Value, error) {
	d := &Dict{Kind: OrderedDict}
	if len(args) == 0 {
		return d, nil
	}
	pairs, ok := args[0].(*List)
	if len(args) != 1 || !ok {
		return nil, problemf("an OrderedDict is made from %d arguments instead of none or a list", len(args))
	}
	if err := u.copied(len(pairs.Items)); err != nil {
		return nil, err
	}
	for _, item := range pairs.Items {
		var pair []Value
		switch item := item.(type) {
		case Tuple:
			pair = item
		case *List: // as Python 2 wrote it
			pair = item.Items
		}
		if len(pair) != 2 {
			return nil, problemf("an OrderedDict is made from a list with an item that is no pair")
		}
		k, err := u.key(pair[0])
		if err != nil {
			return nil, err
		}
		d.set(k, pair[0], pair[1])
	}
	return d, nil
}

func newCounter(u *unpickler, args Tuple) (Value, error) {
	d := &Dict{Kind: Counter}
	if len(args) == 0 {
		return d, nil
	}
	counts, ok := args[0].(*Dict)
	if len(args) != 1 || !ok {
		return nil, problemf("a Counter is made from something that is not one dict")
	}
	if err := u.copied(counts.Len()); err != nil {
		return nil, err
	}
	for _, e := range counts.entries {
		k, err := u.key(e.key)
		if err != nil {
			return nil, err
		}
		d.set(k, e.key, e.value)
	}
	return d, nil
}

func newSet(u *unpickler, args Tuple) (Value, error) {
	set := &Set{}
	if len(args) == 0 {
		return set, nil
	}
	var items []Value
	switch from := args[0].(type) {
	case *List:
		items = from.Items
	case Tuple:
		items = from
	default:
		return nil, problemf("a set is made from %s instead of a list", describe(from))
	}
	if err := u.copied(len(items)); err != nil {
		return nil, err
	}
	return set, u.addTo(set, items)
}

func newComplex(_ *unpickler, args Tuple) (Value, error) {
	if len(args) == 2 {
		re, ok1 := args[0].(float64)
		im, ok2 := args[1].(float64)
		if ok1 && ok2 {
			return complex(re, im), nil
		}
	}
	return nil, problemf("a complex is not made from two floats")
}

// newByteArray makes bytes and bytearray, which are the same here.
func newByteArray(u *unpickler, args Tuple) (Value, error) {
	switch len(args) {
	case 0:
		return []byte{}, nil
	case 1:
		if b, ok := args[0].([]byte); ok {
			return append([]byte{}, b...), u.charge(len(b))
		}
	case 2:
		return encode(u, args)
	}
	return nil, problemf("a bytearray is not made from bytes")
}

// encode is how protocol 2 writes bytes: a str with one character for each.
func encode(u *unpickler, args Tuple) (Value, error) {
	if len(args) == 0 || len(args) > 2 {
		return nil, problemf("bytes are made from %d arguments instead of a str and the name of its encoding", len(args))
	}
	s, ok := args[0].(string)
	if !ok || len(args) == 2 && args[1] != Value("latin1") && args[1] != Value("latin-1") {
		return nil, problemf("bytes are not a str in the encoding latin1")
	}
	if err := u.charge(len(s)); err != nil {
		return nil, err
	}
	b := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			return nil, problemf("bytes hold the character %U, which is not one byte", r)
		}
		b = append(b, byte(r))
	}
	return b, nil
}

func newSize(u *unpickler, args Tuple) (Value, error) {
	if len(args) != 1 {
		return nil, problemf("a torch.Size has %d arguments", len(args))
	}
	sizes, err := ints(args[0])
	if err != nil {
		return nil, problemf("a torch.Size %v", err)
	}
	return Size(sizes), u.charge(8 * len(sizes))
}

func newDevice(_ *unpickler, args Tuple) (Value, error) {
	if len(args) == 1 || len(args) == 2 {
		kind, ok := args[0].(string)
		if ok && len(kind) <= maxName {
			if len(args) == 1 {
				return Device(kind), nil
			}
			if index, ok := args[1].(int64); ok {
				return Device(fmt.Sprintf("%s:%d", kind, index)), nil
			}
		}
	}
	return nil, problemf("a torch.device is not made from a type and an index")
}

// numpyScalar turns a number of numpy into one of Go.
func numpyScalar(u *unpickler, args Tuple) (Value, error) {
	if len(args) == 2 {
		dtype, ok1 := args[0].(*Object)
		b, ok2 := args[1].([]byte)
		if ok1 && ok2 && dtype.Class() == (Class{"numpy", "dtype"}) && len(dtype.Args) > 0 {
			if v, ok := numpyNumber(dtype, b); ok {
				return v, nil
			}
		}
	}
	if u.opts.Opaque {
		return &Object{Of: Class{"numpy._core.multiarray", "scalar"}, Args: args}, nil
	}
	return nil, problemf("a numpy scalar is not a bool, an integer or a float; in Python, convert it with .item() before torch.save")
}

func numpyNumber(dtype *Object, b []byte) (Value, bool) {
	code, _ := dtype.Args[0].(string)
	order := binary.ByteOrder(binary.LittleEndian)
	if state, ok := dtype.State.(Tuple); ok && len(state) > 1 && state[1] == Value(">") {
		order = binary.BigEndian
	}
	var n uint64
	switch len(b) {
	case 1:
		n = uint64(b[0])
	case 2:
		n = uint64(order.Uint16(b))
	case 4:
		n = uint64(order.Uint32(b))
	case 8:
		n = order.Uint64(b)
	}
	switch fmt.Sprint(code, " ", len(b)) {
	case "b1 1":
		return n != 0, true
	case "i1 1":
		return int64(int8(n)), true
	case "i2 2":
		return int64(int16(n)), true
	case "i4 4":
		return int64(int32(n)), true
	case "i8 8":
		return int64(n), true
	case "u1 1", "u2 2", "u4 4":
		return int64(n), true
	case "u8 8":
		return decodeInt(append(binary.LittleEndian.AppendUint64(nil, n), 0)), true
	case "f4 4":
		return float64(math.Float32frombits(uint32(n))), true
	case "f8 8":
		return math.Float64frombits(n), true
	}
	return nil, false
}

// ints reads a tuple or list of integers.
func ints(v Value) ([]int64, error) {
	var items []Value
	switch v := v.(type) {
	case Tuple:
		items = v
	case *List:
		items = v.Items
	case Size:
		return v, nil
	default:
		return nil, fmt.Errorf("is %s instead of a tuple of ints", describe(v))
	}
	list := make([]int64, len(items))
	for i, item := range items {
		n, ok := item.(int64)
		if !ok {
			return nil, fmt.Errorf("has %s among its ints", describe(item))
		}
		list[i] = n
	}
	return list, nil
}
