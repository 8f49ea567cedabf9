package augment

import "sslmem/data/augment/internal/filter"

// blurScratch is the memory of a blur.
type blurScratch struct {
	weight []float32
	sigma  float64
	row    []float32 // a row with mirrored ends
	plane  []float32 // blurred along x
}

// weights sets the kernel.
func (b *blurScratch) weights(side int, sigma float64) {
	if len(b.weight) != side || b.sigma != sigma {
		b.weight, b.sigma = filter.Resized(b.weight, side), sigma
		filter.Gaussian(b.weight, sigma)
	}
}

// apply blurs one channel of size×size pixels, along x and then along y. The
// edges are mirrored at the centres of the outermost pixels.
func (b *blurScratch) apply(x []float32, size int) {
	reach := len(b.weight) / 2
	b.row = filter.Resized(b.row, size+2*reach)
	b.plane = filter.Resized(b.plane, size*size)
	for y := range size {
		line := x[y*size : (y+1)*size]
		for i := range b.row {
			b.row[i] = line[filter.Mirror(i-reach, size)]
		}
		b.sum(b.plane[y*size:(y+1)*size], func(t int) []float32 { return b.row[t:] })
	}
	for y := range size {
		b.sum(x[y*size:(y+1)*size], func(t int) []float32 {
			return b.plane[filter.Mirror(y+t-reach, size)*size:]
		})
	}
}

// sum writes the weighted sum of the lines of all taps to dst.
func (b *blurScratch) sum(dst []float32, line func(tap int) []float32) {
	for t, w := range b.weight {
		from := line(t)[:len(dst)]
		if t == 0 {
			for i, v := range from {
				dst[i] = w * v
			}
			continue
		}
		for i, v := range from {
			dst[i] += w * v
		}
	}
}

// solarize inverts intensities of a half or more: bytes from 128 on.
func solarize(x []float32) {
	for i, v := range x {
		if v >= 0.5 {
			x[i] = 1 - v
		}
	}
}

func invert(x []float32) {
	for i, v := range x {
		x[i] = 1 - v
	}
}
