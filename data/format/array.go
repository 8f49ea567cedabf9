package format

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// MaxDeflate is the largest factor by which DEFLATE expands: a match of 258
// bytes takes at least two bits.
const MaxDeflate = 1032

// maxElements bounds an array, far above every known data set.
const maxElements = 1 << 36

// Kind is the type of the elements of an array.
type Kind byte

// The kinds, named as NumPy does.
const (
	Bool   Kind = 'b'
	Int    Kind = 'i'
	Uint   Kind = 'u'
	Float  Kind = 'f'
	noKind Kind = 0
)

// Array is an array as a file holds it.
type Array struct {
	Name  string // of the variable, where the format has names
	Shape []int  // length of each dimension; empty for a scalar
	Kind  Kind
	Size  int // bytes of an element: 1, 2, 4 or 8

	// Fortran says that the first index changes fastest and not the last.
	Fortran bool
	Order   binary.ByteOrder
	Data    []byte // elements in the order of the file
}

// Len returns the number of elements.
func (a *Array) Len() int {
	n := 1
	for _, d := range a.Shape {
		n *= d
	}
	return n
}

// Uint8 reports whether the elements are unsigned bytes.
func (a *Array) Uint8() bool { return a.Kind == Uint && a.Size == 1 }

// String returns type and shape, such as "uint8 [3 32 32]".
func (a *Array) String() string {
	name := map[Kind]string{Bool: "bool", Int: "int", Uint: "uint", Float: "float"}[a.Kind]
	if a.Kind != Bool {
		name += fmt.Sprint(8 * a.Size)
	}
	return fmt.Sprintf("%s %v", name, a.Shape)
}

// Ints returns the elements as integers, in the order of the file. It is an
// error if one of them is not a whole number of at most 53 bits.
func (a *Array) Ints() ([]int, error) {
	out := make([]int, a.Len())
	for i := range out {
		v, ok := a.whole(i)
		if !ok {
			return nil, fmt.Errorf("element %d of %v is no whole number", i, a)
		}
		out[i] = v
	}
	return out, nil
}

func (a *Array) whole(i int) (int, bool) {
	b := a.Data[i*a.Size : (i+1)*a.Size]
	var bits uint64
	switch a.Size {
	case 1:
		bits = uint64(b[0])
	case 2:
		bits = uint64(a.Order.Uint16(b))
	case 4:
		bits = uint64(a.Order.Uint32(b))
	case 8:
		bits = a.Order.Uint64(b)
	}
	const most = 1 << 53
	switch a.Kind {
	case Float:
		f := math.Float64frombits(bits)
		if a.Size == 4 {
			f = float64(math.Float32frombits(uint32(bits)))
		} else if a.Size != 8 {
			return 0, false
		}
		return int(f), f == math.Trunc(f) && math.Abs(f) <= most
	case Int:
		shift := 64 - 8*a.Size
		v := int64(bits<<shift) >> shift
		return int(v), -most <= v && v <= most
	}
	return int(bits), bits <= most
}

// bytesOf returns the number of bytes of an array of a shape, or false if it
// is beyond every limit.
func bytesOf(shape []int, size int) (int64, bool) {
	if slices.Contains(shape, 0) {
		return 0, true
	}
	n := int64(size)
	for _, d := range shape {
		if d < 0 || int64(d) > maxElements || n > maxElements/int64(d) {
			return 0, false
		}
		n *= int64(d)
	}
	return n, true
}

// RowMajor returns the elements of a with the last index changing fastest:
// a.Data itself unless a is in Fortran's order.
func (a *Array) RowMajor() []byte {
	if !a.Fortran || len(a.Shape) < 2 {
		return a.Data
	}
	stride := make([]int, len(a.Shape)) // of each index in a.Data
	step := a.Size
	for i, d := range a.Shape {
		stride[i] = step
		step *= d
	}
	out := make([]byte, 0, len(a.Data))
	index := make([]int, len(a.Shape))
	for at := 0; len(out) < len(a.Data); {
		out = append(out, a.Data[at:at+a.Size]...)
		for i := len(index) - 1; i >= 0; i-- {
			index[i]++
			at += stride[i]
			if index[i] < a.Shape[i] {
				break
			}
			at -= stride[i] * a.Shape[i]
			index[i] = 0
		}
	}
	return out
}
