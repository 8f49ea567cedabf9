package safetensors

import (
	"slices"
	"strings"
)

// DType is the type of a tensor's elements, in the spelling of the format.
type DType string

// The element types of the format that this package knows.
const (
	Bool   DType = "BOOL"    // one byte, 0 or 1
	U8     DType = "U8"      // unsigned integers
	I8     DType = "I8"      // two's complement integers
	F8E5M2 DType = "F8_E5M2" // 1 sign, 5 exponent and 2 mantissa bits
	F8E4M3 DType = "F8_E4M3" // 1 sign, 4 exponent and 3 mantissa bits
	I16    DType = "I16"
	U16    DType = "U16"
	F16    DType = "F16"  // IEEE 754 binary16
	BF16   DType = "BF16" // the upper half of an F32
	I32    DType = "I32"
	U32    DType = "U32"
	F32    DType = "F32" // IEEE 754 binary32
	F64    DType = "F64" // IEEE 754 binary64
	I64    DType = "I64"
	U64    DType = "U64"
)

// ascending lists the element types by rising size; types of one size stand in
// the order in which the reference implementation ranks them. Files are
// written in the opposite order.
var ascending = []DType{
	Bool, U8, I8, F8E5M2, F8E4M3, I16, U16, F16, BF16, I32, U32, F32, F64, I64, U64,
}

// Size returns the bytes one element takes: 1, 2, 4 or 8, or 0 for a type that
// this package does not know.
func (d DType) Size() int {
	switch d {
	case Bool, U8, I8, F8E5M2, F8E4M3:
		return 1
	case I16, U16, F16, BF16:
		return 2
	case I32, U32, F32:
		return 4
	case F64, I64, U64:
		return 8
	}
	return 0
}

// rank is the position of d in ascending, or -1.
func (d DType) rank() int { return slices.Index(ascending, d) }

// knownDTypes is the list of types for error messages.
func knownDTypes() string {
	names := make([]string, len(ascending))
	for i, d := range ascending {
		names[i] = string(d)
	}
	return strings.Join(names, ", ")
}
