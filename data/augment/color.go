package augment

import "math"

// The weights of red, green and blue in grey, of ITU-R BT.601 as torchvision
// rounds them.
const grayR, grayG, grayB = 0.2989, 0.587, 0.114

// jitter applies the colour steps of p to x of shape [c, n], intensities in
// [0, 1], in the order of p. Every step leaves x in [0, 1].
func jitter(x []float32, c int, p *Params) {
	for _, op := range p.Order {
		switch {
		case op == Brightness && p.Brightness != 1:
			affine(x, float32(p.Brightness), 0)
		case op == Contrast && p.Contrast != 1:
			f := float32(p.Contrast)
			affine(x, f, (1-f)*grayMean(x, c))
		case op == Saturation && p.Saturation != 1 && c == 3:
			saturate(x, float32(p.Saturation))
		case op == Hue && p.Hue != 0 && c == 3:
			turnHue(x, float32(p.Hue))
		}
	}
}

// affine replaces x by f·x + b, clamped to [0, 1].
func affine(x []float32, f, b float32) {
	for i, v := range x {
		x[i] = clamp(f*v + b)
	}
}

func clamp(v float32) float32 {
	if v > 1 {
		return 1
	}
	if v < 0 {
		return 0
	}
	return v
}

// grayMean returns the mean of the grey of x, shape [c, n].
func grayMean(x []float32, c int) float32 {
	n := len(x) / c
	if c == 3 {
		return grayR*mean(x[:n]) + grayG*mean(x[n:2*n]) + grayB*mean(x[2*n:])
	}
	return mean(x)
}

// mean adds four partial sums, which is faster and more exact than one.
func mean(x []float32) float32 {
	var a, b, c, d float32
	rest := x
	for len(rest) >= 4 {
		a += rest[0]
		b += rest[1]
		c += rest[2]
		d += rest[3]
		rest = rest[4:]
	}
	for _, v := range rest {
		a += v
	}
	return ((a + b) + (c + d)) / float32(len(x))
}

// planes returns the three channels of x with equal lengths.
func planes(x []float32) (r, g, b []float32) {
	n := len(x) / 3
	return x[:n], x[n:][:n], x[2*n:][:n]
}

// saturate blends each pixel with its grey: f·x + (1−f)·grey, clamped.
func saturate(x []float32, f float32) {
	r, g, b := planes(x)
	for i := range r {
		gray := (1 - f) * (grayR*r[i] + grayG*g[i] + grayB*b[i])
		r[i], g[i], b[i] = clamp(f*r[i]+gray), clamp(f*g[i]+gray), clamp(f*b[i]+gray)
	}
}

// grayscale replaces all three channels by the grey.
func grayscale(x []float32) {
	r, g, b := planes(x)
	for i := range r {
		gray := grayR*r[i] + grayG*g[i] + grayB*b[i]
		r[i], g[i], b[i] = gray, gray, gray
	}
}

// turnHue turns the hue of each pixel by a part of a full turn, through the
// colour space HSV (Smith, "Color gamut transform pairs", SIGGRAPH 1978).
// Saturation and value stay. With v the largest and m the smallest of the
// three channels, the hue in sextants h is 0 at red, 2 at green and 4 at blue;
// the way back is v or m where a channel is more than two or less than one
// sextant away from its complement, and linear in between.
func turnHue(x []float32, turn float32) {
	turn = 6 * turn
	r, g, b := planes(x)
	for i := range r {
		red, green, blue := r[i], g[i], b[i]
		v, m := red, red
		if green > v {
			v = green
		} else {
			m = green
		}
		if blue > v {
			v = blue
		} else if blue < m {
			m = blue
		}
		chroma := v - m
		if chroma == 0 {
			continue // grey has no hue
		}
		var h float32
		switch v {
		case red:
			h = (green - blue) / chroma
		case green:
			h = 2 + (blue-red)/chroma
		default:
			h = 4 + (red-green)/chroma
		}
		h += turn // from −4 to 8
		if h < 0 {
			h += 6
		} else if h >= 6 {
			h -= 6
		}
		r[i] = m + chroma*clamp(abs(h-3)-1)
		g[i] = m + chroma*clamp(2-abs(h-2))
		b[i] = m + chroma*clamp(2-abs(h-4))
	}
}

func abs(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }
