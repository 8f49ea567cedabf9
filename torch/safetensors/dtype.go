package safetensors

import (
	"slices"
	"strings"
)

// DType is the type of a tensor's elements, in the spelling of the format.
type DType string

// The element types of the format.
const (
	Bool       DType = "BOOL"        // one byte, 0 or 1
	F4         DType = "F4"          // 1 sign, 2 exponent and 1 mantissa bits; two to a byte
	F6E2M3     DType = "F6_E2M3"     // 1 sign, 2 exponent and 3 mantissa bits; four to 3 bytes
	F6E3M2     DType = "F6_E3M2"     // 1 sign, 3 exponent and 2 mantissa bits; four to 3 bytes
	U8         DType = "U8"          // unsigned integers
	I8         DType = "I8"          // two's complement integers
	F8E5M2     DType = "F8_E5M2"     // 1 sign, 5 exponent and 2 mantissa bits
	F8E4M3     DType = "F8_E4M3"     // 1 sign, 4 exponent and 3 mantissa bits, no infinities
	F8E8M0     DType = "F8_E8M0"     // 8 exponent bits: a power of two
	F8E4M3FNUZ DType = "F8_E4M3FNUZ" // F8_E4M3 with one zero and one NaN
	F8E5M2FNUZ DType = "F8_E5M2FNUZ" // F8_E5M2 with one zero and one NaN
	I16        DType = "I16"
	U16        DType = "U16"
	F16        DType = "F16"  // IEEE 754 binary16
	BF16       DType = "BF16" // the upper half of an F32
	I32        DType = "I32"
	U32        DType = "U32"
	F32        DType = "F32" // IEEE 754 binary32
	C64        DType = "C64" // a complex number of two F32
	F64        DType = "F64" // IEEE 754 binary64
	I64        DType = "I64"
	U64        DType = "U64"
)

// ascending lists the element types in the order in which the reference
// implementation ranks them, most by rising size. Files are written in the
// opposite order.
var ascending = []DType{
	Bool, F4, F6E2M3, F6E3M2, U8, I8, F8E5M2, F8E4M3, F8E8M0, F8E4M3FNUZ, F8E5M2FNUZ,
	I16, U16, F16, BF16, I32, U32, F32, C64, F64, I64, U64,
}

// Bits returns the bits that one element takes, from 4 to 64, or 0 for a type
// that is not part of the format.
func (d DType) Bits() int {
	switch d {
	case F4:
		return 4
	case F6E2M3, F6E3M2:
		return 6
	case Bool, U8, I8, F8E5M2, F8E4M3, F8E8M0, F8E4M3FNUZ, F8E5M2FNUZ:
		return 8
	case I16, U16, F16, BF16:
		return 16
	case I32, U32, F32:
		return 32
	case C64, F64, I64, U64:
		return 64
	}
	return 0
}

// Size returns the bytes that one element takes: 1, 2, 4 or 8. It is 0 for the
// types whose elements are smaller than a byte, and for a type that is not part
// of the format.
func (d DType) Size() int {
	if bits := d.Bits(); bits%8 == 0 {
		return bits / 8
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
