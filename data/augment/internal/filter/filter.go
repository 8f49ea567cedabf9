// Package filter computes the weights of resizing and blurring, which all
// engines of data/augment share, so that they differ in nothing but the order
// of additions.
package filter

import "math"

// A Kind is how a resize interpolates.
type Kind struct {
	Bicubic bool
	// Aliased looks at the nearest pixels only, however much the image shrinks.
	Aliased bool
}

// A Resize holds the weights of a resize along one axis, from In to Out
// pixels. Output pixel o is the sum of Taps input pixels from Start[o] on,
// weighted by Weight[o·Taps …]. Weights outside the input are 0 and Start is
// moved so that all taps lie inside.
type Resize struct {
	In, Out, Taps int
	Start         []int32
	Weight        []float32
}

// Set fills k, reusing its memory. Pixel centres are at half-integers: with
// scale s = in/out, output pixel o has its centre at c = (o + 1/2)·s.
//
// With antialiasing, the input pixel with centre i+1/2 has the weight
// f((i + 1/2 − c) / max(s, 1)), normalised to sum 1 over the pixels there are,
// where f is the triangle or Keys's cubic with a = −1/2. Without it, f is the
// triangle or the cubic with a = −3/4 of (i + 1/2 − c), and the pixels at the
// edges are repeated. Both are as in PyTorch.
func (k *Resize) Set(in, out int, kind Kind) {
	k.In, k.Out = in, out
	k.Start = Resized(k.Start, out)
	if kind.Aliased {
		k.nearest(kind)
		return
	}
	scale := float64(in) / float64(out)
	stretch := max(scale, 1)
	f, radius := triangle, stretch
	if kind.Bicubic {
		f, radius = keys, 2*stretch
	}
	k.Taps = 0
	first := func(center float64) int { return max(0, int(center-radius+0.5)) }
	last := func(center float64) int { return min(in, int(center+radius+0.5)) }
	for o := range out {
		center := (float64(o) + 0.5) * scale
		k.Taps = max(k.Taps, last(center)-first(center))
	}
	k.Weight = Resized(k.Weight, out*k.Taps)
	clear(k.Weight)
	for o := range out {
		center := (float64(o) + 0.5) * scale
		lo, hi := first(center), last(center)
		sum := 0.
		for i := lo; i < hi; i++ {
			sum += f((float64(i) + 0.5 - center) / stretch)
		}
		start := min(lo, in-k.Taps)
		k.Start[o] = int32(start)
		w := k.Weight[o*k.Taps : (o+1)*k.Taps]
		for i := lo; i < hi; i++ {
			w[i-start] = float32(f((float64(i)+0.5-center)/stretch) / sum)
		}
	}
}

// nearest sets weights of the two or four nearest pixels.
func (k *Resize) nearest(kind Kind) {
	f, reach := triangle, 1
	if kind.Bicubic {
		f, reach = keysSharp, 2
	}
	scale := float64(k.In) / float64(k.Out)
	k.Taps = min(2*reach, k.In)
	k.Weight = Resized(k.Weight, k.Out*k.Taps)
	clear(k.Weight)
	for o := range k.Out {
		center := (float64(o)+0.5)*scale - 0.5
		left := int(math.Floor(center))
		start := min(max(0, left-reach+1), k.In-k.Taps)
		k.Start[o] = int32(start)
		w := k.Weight[o*k.Taps : (o+1)*k.Taps]
		for i := left - reach + 1; i <= left+reach; i++ {
			at := min(max(i, 0), k.In-1)
			w[at-start] += float32(f(float64(i) - center))
		}
	}
}

func triangle(x float64) float64 { return max(0, 1-max(x, -x)) }

func keys(x float64) float64      { return cubic(x, -0.5) }
func keysSharp(x float64) float64 { return cubic(x, -0.75) }

// cubic is the convolution kernel of Keys, "Cubic convolution interpolation for
// digital image processing", IEEE TASSP 1981.
func cubic(x, a float64) float64 {
	x = max(x, -x)
	switch {
	case x < 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return (((x-5)*x+8)*x - 4) * a
	}
	return 0
}

// Gaussian fills w, of odd length, with exp(−x²/2σ²) at the whole numbers
// around its middle, normalised to sum 1.
func Gaussian(w []float32, sigma float64) {
	middle := len(w) / 2
	sum := 0.
	for i := range w {
		x := float64(i-middle) / sigma
		sum += math.Exp(-0.5 * x * x)
	}
	for i := range w {
		x := float64(i-middle) / sigma
		w[i] = float32(math.Exp(-0.5*x*x) / sum)
	}
}

// Mirror returns the pixel that stands at place i outside or inside of 0 … n−1,
// when the image is mirrored at the centres of its edge pixels, for
// −n < i < 2n−1.
func Mirror(i, n int) int {
	if i < 0 {
		return -i
	}
	if i >= n {
		return 2*(n-1) - i
	}
	return i
}

// Resized returns a slice of length n, s itself if it is long enough.
func Resized[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n)
	}
	return s[:n]
}
