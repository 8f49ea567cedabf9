package safetensors

import (
	"fmt"
	"math"
	"math/bits"
)

// Info describes one tensor of a file.
type Info struct {
	Name  string
	DType DType
	Shape []int64 // sizes of the dimensions, outermost first; empty for a scalar
}

// Elements returns the product of the shape: 1 for a scalar, 0 for an empty
// tensor. The shapes that this package hands out do not overflow.
func (i Info) Elements() int64 {
	n := int64(1)
	for _, d := range i.Shape {
		n *= d
	}
	return n
}

// byteSize returns the bytes that a tensor of this type and shape takes, or an
// error that says why there is no such number. Partial products count too, as
// in the reference implementation: [2^40, 2^40, 0] overflows.
func byteSize(d DType, shape []int64) (int64, error) {
	item := d.Bits()
	if item == 0 {
		return 0, fmt.Errorf("dtype %q is not known; known are %s", string(d), knownDTypes())
	}
	n := uint64(1)
	for _, dim := range shape {
		if dim < 0 {
			return 0, fmt.Errorf("shape %v has a negative size", shape)
		}
		hi, lo := bits.Mul64(n, uint64(dim))
		if hi != 0 || lo > math.MaxInt64 {
			return 0, fmt.Errorf("shape %v has more elements than 63 bits count", shape)
		}
		n = lo
	}
	hi, lo := bits.Mul64(n, uint64(item))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, fmt.Errorf("shape %v of %s takes more bytes than 63 bits count", shape, d)
	}
	if lo%8 != 0 {
		return 0, fmt.Errorf("shape %v of %s ends inside a byte", shape, d)
	}
	return int64(lo / 8), nil
}

// FormatError says that a file, or a list of tensors to be written, breaks a
// rule of the format.
type FormatError struct {
	Path    string // the file that Open read, otherwise ""
	Tensor  string // the name of the tensor, or "" when the file as a whole is wrong
	Problem string // what is wrong, without a full stop
}

// Error returns one line: the file, the tensor and the problem.
func (e *FormatError) Error() string {
	s := "safetensors: "
	if e.Path != "" {
		s += e.Path + ": "
	}
	if e.Tensor != "" {
		s += fmt.Sprintf("tensor %q: ", e.Tensor)
	}
	return s + e.Problem
}

// problemf makes a FormatError for the tensor of this name, "" for the whole.
func problemf(tensor, format string, args ...any) *FormatError {
	return &FormatError{Tensor: tensor, Problem: fmt.Sprintf(format, args...)}
}
