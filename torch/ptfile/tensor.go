package ptfile

import (
	"fmt"
	"math"
	"math/bits"
)

// A DType is the name of an element type as PyTorch spells it, without
// "torch.": "float32".
type DType string

// The element types that a file can hold.
const (
	Uint8      DType = "uint8"
	Int8       DType = "int8"
	Int16      DType = "int16"
	Int32      DType = "int32"
	Int64      DType = "int64"
	Uint16     DType = "uint16"
	Uint32     DType = "uint32"
	Uint64     DType = "uint64"
	Bool       DType = "bool"
	Float16    DType = "float16"
	BFloat16   DType = "bfloat16"
	Float32    DType = "float32"
	Float64    DType = "float64"
	Complex32  DType = "complex32"
	Complex64  DType = "complex64"
	Complex128 DType = "complex128"
	F8E4M3FN   DType = "float8_e4m3fn"
	F8E5M2     DType = "float8_e5m2"
	F8E4M3FNUZ DType = "float8_e4m3fnuz"
	F8E5M2FNUZ DType = "float8_e5m2fnuz"
	F8E8M0FNU  DType = "float8_e8m0fnu"
)

// element says how PyTorch stores an element type.
type element struct {
	size    int64
	word    int    // bytes that a change of byte order reverses: the size, or half of it for a complex number
	storage string // the class that stands for it in files; "" where _rebuild_tensor_v3 names the dtype itself
}

var elements = map[DType]element{
	Uint8: {1, 1, "ByteStorage"}, Int8: {1, 1, "CharStorage"}, Int16: {2, 2, "ShortStorage"}, Int32: {4, 4, "IntStorage"},
	Int64: {8, 8, "LongStorage"}, Bool: {1, 1, "BoolStorage"}, Float16: {2, 2, "HalfStorage"}, BFloat16: {2, 2, "BFloat16Storage"},
	Float32: {4, 4, "FloatStorage"}, Float64: {8, 8, "DoubleStorage"}, Complex64: {8, 4, "ComplexFloatStorage"},
	Complex128: {16, 8, "ComplexDoubleStorage"},
	Uint16:     {2, 2, ""}, Uint32: {4, 4, ""}, Uint64: {8, 8, ""}, Complex32: {4, 2, ""},
	F8E4M3FN: {1, 1, ""}, F8E5M2: {1, 1, ""}, F8E4M3FNUZ: {1, 1, ""}, F8E5M2FNUZ: {1, 1, ""}, F8E8M0FNU: {1, 1, ""},
}

// Size returns the bytes that one element takes, or 0 for a type that is not
// among the constants of this package.
func (d DType) Size() int { return int(elements[d].size) }

// dtypeAliases are the other names that PyTorch has for some types.
var dtypeAliases = map[string]DType{
	"float": Float32, "double": Float64, "half": Float16, "short": Int16, "int": Int32, "long": Int64,
	"cfloat": Complex64, "cdouble": Complex128, "chalf": Complex32,
}

// A Storage is a block of memory that one or more tensors lie in. Two tensors
// of a file share memory exactly when their Storage pointers are equal.
type Storage struct {
	DType    DType  // type of the elements, or Uint8 for an untyped storage
	Untyped  bool   // the file counts bytes and leaves the type to the tensor
	Location string // the device that it was saved from, such as "cpu" or "cuda:0"
	Numel    int64  // number of elements of DType
	Data     []byte // for saving: the elements, little-endian; nil in what was read

	key string // the name of its record in the file
}

// Bytes returns the length in bytes.
func (s *Storage) Bytes() int64 { return s.Numel * elements[s.DType].size }

// A Tensor is a view of a storage. The element at index i lies Offset +
// Σ i[k]·Strides[k] elements behind the start of the storage; every index of
// the shape is inside it. Strides of 0 are possible, so that a tensor can have
// more elements than its storage.
type Tensor struct {
	DType        DType
	Shape        []int64 // sizes of the dimensions, outermost first
	Strides      []int64 // elements between neighbors, for each dimension
	Offset       int64   // index of the first element
	Storage      *Storage
	RequiresGrad bool
	Parameter    bool // a torch.nn.Parameter
	Conj         bool // the elements are to be conjugated when they are read
	Neg          bool // the elements are to be negated when they are read
}

// Numel returns the number of elements.
func (t *Tensor) Numel() int64 {
	n := int64(1)
	for _, size := range t.Shape {
		n *= size
	}
	return n
}

// maxDims is the most dimensions that a tensor may have, as in PyTorch.
const maxDims = 64

// check reports whether every element lies inside the storage.
func (t *Tensor) check() error {
	item := elements[t.DType].size
	if item == 0 {
		return fmt.Errorf("a tensor has the dtype %q, which is not known", string(t.DType))
	}
	if len(t.Shape) != len(t.Strides) {
		return fmt.Errorf("a tensor has %d sizes and %d strides", len(t.Shape), len(t.Strides))
	}
	if len(t.Shape) > maxDims {
		return fmt.Errorf("a tensor has %d dimensions, more than the %d allowed", len(t.Shape), maxDims)
	}
	if t.Offset < 0 {
		return fmt.Errorf("a tensor has the offset %d", t.Offset)
	}
	numel, last := uint64(1), uint64(t.Offset) // last is the largest index into the storage
	for i, size := range t.Shape {
		if size < 0 || t.Strides[i] < 0 {
			return fmt.Errorf("a tensor has a negative size or stride: %v, %v", t.Shape, t.Strides)
		}
		hi, lo := bits.Mul64(numel, uint64(size))
		if hi != 0 || lo > math.MaxInt64/uint64(item) {
			return fmt.Errorf("the shape %v takes more bytes than 63 bits count", t.Shape)
		}
		numel = lo
		if size > 1 {
			hi, lo := bits.Mul64(uint64(size-1), uint64(t.Strides[i]))
			if hi != 0 || lo > math.MaxInt64 || last+lo > math.MaxInt64 {
				return fmt.Errorf("the shape %v with strides %v reaches further than 63 bits count", t.Shape, t.Strides)
			}
			last += lo
		}
	}
	if numel == 0 {
		return nil
	}
	if have := uint64(t.Storage.Bytes() / item); last >= have {
		return fmt.Errorf("the shape %v with strides %v and offset %d reaches element %d of a storage that has %d", t.Shape, t.Strides, t.Offset, last, have)
	}
	return nil
}
