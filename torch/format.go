package torch

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

const (
	shownPerDim = 6 // longer dimensions show this many entries, half at each end
	decimals    = 4
)

// String returns the elements in nested brackets, as PyTorch prints them: four
// decimals, or powers of ten where the elements differ by more than a factor
// of 1,000, and whole floating-point numbers as "2.". Of a dimension longer
// than six it shows the first and the last three entries. Dtype and device
// follow where they are not float32 and cpu:
//
//	[[1, 2],
//	 [3, 4]] int64
//
// It copies the shown elements to the host and records nothing for
// differentiation. A tensor that cannot be used any more is "<closed>".
func (t *Tensor) String() string {
	if t == nil {
		return "<nil>"
	}
	if !t.isOpen() {
		return "<closed>"
	}
	shape := t.Shape()
	var b strings.Builder
	if t.Numel() == 0 {
		b.WriteString("[] of shape " + strings.ReplaceAll(fmt.Sprint(shape), " ", ", "))
	} else {
		p := printer{shape: shape, items: t.shown(shape)}
		p.write(&b, 0)
	}
	if d := t.DType(); d != Float32 {
		b.WriteString(" " + d.String())
	}
	if d := t.Device(); d != CPU {
		b.WriteString(" " + d.String())
	}
	return b.String()
}

// shown returns the texts of the elements that String shows, in row-major
// order and padded to one width.
func (t *Tensor) shown(shape []int) []string {
	in := NewScope()
	defer in.Close()
	var texts []string
	NoGrad(func() {
		x := in.Use(t)
		for dim, size := range shape {
			if size > shownPerDim {
				const half = shownPerDim / 2
				x = Cat([]*Tensor{x.Narrow(dim, 0, half), x.Narrow(dim, size-half, half)}, dim)
			}
		}
		switch d := t.DType(); {
		case d.IsFloating():
			texts = floatTexts(ToSlice[float64](x))
		case d.IsComplex():
			texts = complexTexts(ToSlice[complex128](x))
		case d == Uint64:
			for _, v := range ToSlice[uint64](x) {
				texts = append(texts, strconv.FormatUint(v, 10))
			}
		case d == Bool:
			for _, v := range ToSlice[bool](x) {
				texts = append(texts, strconv.FormatBool(v))
			}
		default:
			for _, v := range ToSlice[int64](x) {
				texts = append(texts, strconv.FormatInt(v, 10))
			}
		}
	})
	width := 0
	for _, s := range texts {
		width = max(width, len(s))
	}
	for i, s := range texts {
		texts[i] = strings.Repeat(" ", width-len(s)) + s
	}
	return texts
}

// floatTexts formats all values in one way, which it chooses by the smallest
// and the largest of them.
func floatTexts(values []float64) []string {
	least, most, whole := math.Inf(1), 0.0, true
	for _, v := range values {
		if a := math.Abs(v); a > 0 && !math.IsInf(a, 0) { // a NaN is not > 0
			least, most = min(least, a), max(most, a)
			whole = whole && a == math.Trunc(a)
		}
	}
	powers := most > 0 && (most/least > 1000 || most > 1e8 || least < 1e-4)
	texts := make([]string, len(values))
	for i, v := range values {
		switch {
		case math.IsNaN(v):
			texts[i] = "nan"
		case math.IsInf(v, 0):
			texts[i] = strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(v, 'f', -1, 64), "+"))
		case powers:
			texts[i] = strconv.FormatFloat(v, 'e', decimals, 64)
		case whole:
			texts[i] = strconv.FormatFloat(v, 'f', 0, 64) + "."
		default:
			texts[i] = strconv.FormatFloat(v, 'f', decimals, 64)
		}
	}
	return texts
}

// complexTexts formats values as "1.5000-2.0000j", all parts in one way.
func complexTexts(values []complex128) []string {
	var parts []float64
	for _, v := range values {
		parts = append(parts, real(v), imag(v))
	}
	texts := floatTexts(parts)
	joined := make([]string, len(values))
	for i := range joined {
		imaginary := texts[2*i+1]
		if !strings.HasPrefix(imaginary, "-") {
			imaginary = "+" + imaginary
		}
		joined[i] = texts[2*i] + imaginary + "j"
	}
	return joined
}

// printer writes items, the shown elements that are left, into brackets.
type printer struct {
	shape []int
	items []string
}

func (p *printer) write(b *strings.Builder, dim int) {
	if dim == len(p.shape) {
		b.WriteString(p.items[0])
		p.items = p.items[1:]
		return
	}
	// Rows stand side by side, everything above them one below the other.
	separator := ", "
	if below := len(p.shape) - 1 - dim; below > 0 {
		separator = "," + strings.Repeat("\n", below) + strings.Repeat(" ", dim+1)
	}
	b.WriteString("[")
	size := min(p.shape[dim], shownPerDim)
	for i := range size {
		if i > 0 {
			b.WriteString(separator)
		}
		if i == size/2 && p.shape[dim] > shownPerDim {
			b.WriteString("..." + separator)
		}
		p.write(b, dim+1)
	}
	b.WriteString("]")
}
