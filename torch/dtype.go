package torch

import "fmt"

// A DType is the type of a tensor's elements. The numbers are those of
// c10::ScalarType.
type DType int8

// The dtypes that this package knows by name.
const (
	Uint8    DType = 0
	Int8     DType = 1
	Int16    DType = 2
	Int32    DType = 3
	Int64    DType = 4
	Float16  DType = 5
	Float32  DType = 6
	Float64  DType = 7
	Bool     DType = 11
	BFloat16 DType = 15
)

var dtypeNames = map[DType]string{
	Uint8: "uint8", Int8: "int8", Int16: "int16", Int32: "int32", Int64: "int64",
	Float16: "float16", Float32: "float32", Float64: "float64", Bool: "bool", BFloat16: "bfloat16",
}

// String returns PyTorch's name of the dtype, such as "float32".
func (d DType) String() string {
	if name, ok := dtypeNames[d]; ok {
		return name
	}
	return fmt.Sprintf("dtype(%d)", int8(d))
}

// Size returns the number of bytes of one element. It panics for a dtype
// without a name here.
func (d DType) Size() int {
	switch d {
	case Uint8, Int8, Bool:
		return 1
	case Int16, Float16, BFloat16:
		return 2
	case Int32, Float32:
		return 4
	case Int64, Float64:
		return 8
	}
	panic(&Error{Op: "Size", Kind: Value, Msg: "unknown " + d.String()})
}

// IsFloating reports whether the elements are floating-point numbers.
func (d DType) IsFloating() bool {
	return d == Float16 || d == BFloat16 || d == Float32 || d == Float64
}

// Element lists the Go types that tensors are made from and read into.
type Element interface {
	uint8 | int8 | int16 | int32 | int64 | float32 | float64 | bool
}

// DTypeOf returns the dtype whose elements are Go's T.
func DTypeOf[T Element]() DType {
	var zero T
	switch any(zero).(type) {
	case uint8:
		return Uint8
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
