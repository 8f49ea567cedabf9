package torch

import "fmt"

// A DType is the type of a tensor's elements. The numbers are those of
// c10::ScalarType.
type DType int8

// The dtypes that this package knows by name. Complex128 is two float64,
// Complex64 two float32. Of the 8-bit floats and the wider unsigned integers
// libtorch can store, convert and copy, but hardly compute; convert them with
// [Tensor.ToDType] first.
const (
	Uint8        DType = 0
	Int8         DType = 1
	Int16        DType = 2
	Int32        DType = 3
	Int64        DType = 4
	Float16      DType = 5
	Float32      DType = 6
	Float64      DType = 7
	Complex64    DType = 9
	Complex128   DType = 10
	Bool         DType = 11
	BFloat16     DType = 15
	Float8E5M2   DType = 23
	Float8E4M3FN DType = 24
	Uint16       DType = 27
	Uint32       DType = 28
	Uint64       DType = 29
)

var dtypeNames = map[DType]string{
	Uint8: "uint8", Int8: "int8", Int16: "int16", Int32: "int32", Int64: "int64",
	Float16: "float16", Float32: "float32", Float64: "float64", Bool: "bool", BFloat16: "bfloat16",
	Complex64: "complex64", Complex128: "complex128", Float8E5M2: "float8_e5m2", Float8E4M3FN: "float8_e4m3fn",
	Uint16: "uint16", Uint32: "uint32", Uint64: "uint64",
}

// String returns PyTorch's name of the dtype, such as "float32".
func (d DType) String() string {
	if name, ok := dtypeNames[d]; ok {
		return name
	}
	return fmt.Sprintf("dtype(%d)", int8(d))
}

// dtypeNamed returns the dtype that PyTorch spells so.
func dtypeNamed(name string) (DType, bool) {
	for d, n := range dtypeNames {
		if n == name {
			return d, true
		}
	}
	return 0, false
}

// Size returns the number of bytes of one element. It panics for a dtype
// without a name here.
func (d DType) Size() int {
	switch d {
	case Uint8, Int8, Bool, Float8E5M2, Float8E4M3FN:
		return 1
	case Int16, Uint16, Float16, BFloat16:
		return 2
	case Int32, Uint32, Float32:
		return 4
	case Int64, Uint64, Float64, Complex64:
		return 8
	case Complex128:
		return 16
	}
	panic(&Error{Op: "Size", Kind: Value, Msg: "unknown " + d.String()})
}

// IsFloating reports whether the elements are real floating-point numbers.
func (d DType) IsFloating() bool {
	switch d {
	case Float16, BFloat16, Float32, Float64, Float8E5M2, Float8E4M3FN:
		return true
	}
	return false
}

// IsComplex reports whether the elements are complex numbers.
func (d DType) IsComplex() bool { return d == Complex64 || d == Complex128 }

// Element lists the Go types that tensors are made from and read into. Go has
// no type for the 16-bit and 8-bit floats: make such a tensor from float32 with
// [Tensor.ToDType], and let [ToSlice] convert it back.
type Element interface {
	uint8 | uint16 | uint32 | uint64 | int8 | int16 | int32 | int64 | float32 | float64 | complex64 | complex128 | bool
}

// DTypeOf returns the dtype whose elements are Go's T.
func DTypeOf[T Element]() DType {
	var zero T
	switch any(zero).(type) {
	case uint8:
		return Uint8
	case uint16:
		return Uint16
	case uint32:
		return Uint32
	case uint64:
		return Uint64
	case int8:
		return Int8
	case int16:
		return Int16
	case int32:
		return Int32
	case int64:
		return Int64
	case float32:
		return Float32
	case float64:
		return Float64
	case complex64:
		return Complex64
	case complex128:
		return Complex128
	}
	return Bool
}

// A MemoryFormat is the order in which the elements of an image batch
// [N, C, H, W] lie in memory. The numbers are those of c10::MemoryFormat.
type MemoryFormat int8

const (
	// ContiguousFormat stores whole channels one after the other.
	ContiguousFormat MemoryFormat = 0
	// ChannelsLast stores all channels of a pixel together, which is what
	// convolutions on the CPU and on tensor cores prefer.
	ChannelsLast MemoryFormat = 2
)
