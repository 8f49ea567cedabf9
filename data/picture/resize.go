package picture

import (
	"fmt"
	"math"
)

// ResizeCrop resizes m so that its shorter side has size pixels and cuts out
// the middle of size×size, as torchvision's Resize and CenterCrop do to PIL's
// images: bilinear with antialiasing, and to the bit.
func ResizeCrop(m *Image, size int) error {
	if size < 1 || m.H < 1 || m.W < 1 {
		return fmt.Errorf("picture: cannot make %d×%d pixels of %d×%d", size, size, m.H, m.W)
	}
	h, w := size, size
	if m.H < m.W {
		w = size * m.W / m.H
	} else {
		h = size * m.H / m.W
	}
	if h != m.H || w != m.W {
		Resize(m, h, w)
	}
	crop(m, roundHalfEven(h-size), roundHalfEven(w-size), size, size)
	return nil
}

// roundHalfEven returns n/2 rounded as Python's round does.
func roundHalfEven(n int) int { return int(math.RoundToEven(float64(n) / 2)) }

// crop cuts out h×w pixels, in place.
func crop(m *Image, top, left, h, w int) {
	if h == m.H && w == m.W {
		return
	}
	at := 0
	for c := range m.C {
		for y := range h {
			from := (c*m.H+top+y)*m.W + left
			at += copy(m.Pixels[at:at+w], m.Pixels[from:from+w])
		}
	}
	m.H, m.W, m.Pixels = h, w, m.Pixels[:at]
}

// Resize brings m to h×w pixels with the triangle filter, stretched over all
// pixels that fall into one where m shrinks. As in PIL, weights have 22 bits,
// rows are resized before columns, and each pass rounds to bytes.
func Resize(m *Image, h, w int) {
	if w != m.W {
		weights := triangle(m.W, w)
		out := make([]uint8, m.C*m.H*w)
		for r := range m.C * m.H {
			in := m.Pixels[r*m.W : (r+1)*m.W]
			for x, k := range weights {
				out[r*w+x] = k.apply(in, 1)
			}
		}
		m.W, m.Pixels = w, out
	}
	if h != m.H {
		weights := triangle(m.H, h)
		out := make([]uint8, m.C*h*m.W)
		for c := range m.C {
			plane := m.Pixels[c*m.H*m.W : (c+1)*m.H*m.W]
			for y, k := range weights {
				for x := range m.W {
					out[(c*h+y)*m.W+x] = k.apply(plane[x:], m.W)
				}
			}
		}
		m.H, m.Pixels = h, out
	}
}

// A tap is the weights of the pixels that make one pixel, from first on.
type tap struct {
	first   int
	weights []int32
}

// precision is the number of bits of a weight after the point.
const precision = 22

// triangle returns the taps that bring n pixels to m.
func triangle(n, m int) []tap {
	scale := float64(n) / float64(m)
	support := max(scale, 1)
	taps := make([]tap, m)
	for i := range taps {
		center := (float64(i) + .5) * scale
		first := max(int(center-support+.5), 0)
		last := min(int(center+support+.5), n)
		w := make([]float64, last-first)
		sum := 0.
		for j := range w {
			w[j] = max(0, 1-math.Abs((float64(j+first)-center+.5)/support))
			sum += w[j]
		}
		taps[i] = tap{first, make([]int32, len(w))}
		for j, v := range w {
			if sum != 0 {
				v /= sum
			}
			taps[i].weights[j] = int32(.5 + v*(1<<precision))
		}
	}
	return taps
}

// apply returns the weighted mean of pixels that lie step apart.
func (t *tap) apply(pixels []uint8, step int) uint8 {
	sum := int32(1 << (precision - 1))
	at := t.first * step
	for _, w := range t.weights {
		sum += int32(pixels[at]) * w
		at += step
	}
	return uint8(max(0, min(255, sum>>precision)))
}
