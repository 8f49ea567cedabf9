package device

import (
	"sslmem/data/augment"
	"sslmem/data/augment/internal/filter"
	"sslmem/torch"
)

// The weights of red, green and blue in grey.
var grayWeights = []float32{0.2989, 0.587, 0.114}

// gray returns the grey of x, [N, 1, H, W]; x itself if it has one channel.
func gray(x *torch.Tensor) *torch.Tensor {
	if x.Size(1) == 1 {
		return x
	}
	w := torch.FromSlice(x.Scope(), grayWeights, 1, 3, 1, 1).ToDevice(x.Device())
	return x.Mul(w).SumDim([]int{1}, true)
}

// A blend is one of brightness, contrast and saturation: f·x + (1−f)·b with b 0,
// the mean grey of the image, or its grey.
type blend struct {
	op augment.Op
	f  float64
}

// blends returns the blends of a view before and after its hue turns, in order.
func blends(p *augment.Params, channels int) (before, after []blend) {
	to := &before
	for _, op := range p.Order {
		switch {
		case op == augment.Hue:
			to = &after
		case op == augment.Brightness && p.Brightness != 1:
			*to = append(*to, blend{op, p.Brightness})
		case op == augment.Contrast && p.Contrast != 1:
			*to = append(*to, blend{op, p.Contrast})
		case op == augment.Saturation && p.Saturation != 1 && channels == 3:
			*to = append(*to, blend{op, p.Saturation})
		}
	}
	return before, after
}

// jitter does the colour steps of every image in its order.
func jitter(x *torch.Tensor, c columns) *torch.Tensor {
	channels := x.Size(1)
	before, after := make([][]blend, len(c.params)), make([][]blend, len(c.params))
	for n := range c.params {
		before[n], after[n] = blends(&c.params[n], channels)
	}
	x = blendAll(x, before, c)
	if channels == 3 && c.any(func(p *augment.Params) bool { return p.Hue != 0 }) {
		x = turnHue(x, c)
	}
	return blendAll(x, after, c)
}

// blendAll does the first blend of every image that has one, then the second,
// and the third.
func blendAll(x *torch.Tensor, steps [][]blend, c columns) *torch.Tensor {
	for round := range 3 {
		n := len(steps)
		f, ofMean, ofGray := make([]float32, n), make([]float32, n), make([]float32, n)
		acts, other := false, false
		for i, s := range steps {
			f[i] = 1
			if round >= len(s) {
				continue
			}
			acts = true
			f[i] = float32(s[round].f)
			switch s[round].op {
			case augment.Contrast:
				ofMean[i], other = 1-f[i], true
			case augment.Saturation:
				ofGray[i], other = 1-f[i], true
			}
		}
		if !acts {
			return x
		}
		column := func(v []float32) *torch.Tensor { return torch.FromSlice(c.scope, v, n, 1, 1, 1).ToDevice(c.device) }
		y := x.Mul(column(f))
		if other {
			g := gray(x)
			y = y.Add(g.Mul(column(ofGray))).Add(g.MeanDim([]int{2, 3}, true).Mul(column(ofMean)))
		}
		x = y.Clamp(0, 1)
	}
	return x
}

// turnHue turns the hue of every image by its own part of a full turn; see the
// function of this name in data/augment.
func turnHue(x *torch.Tensor, c columns) *torch.Tensor {
	turn := c.factors(func(p *augment.Params) float64 { return p.Hue })
	rgb := x.Split(1, 1)
	red, green, blue := rgb[0], rgb[1], rgb[2]
	v, m := x.Amax([]int{1}, true), x.Amin([]int{1}, true)
	chroma := v.Sub(m)
	isRed, isGreen := v.Eq(red), v.Eq(green)
	ahead := isRed.Where(green, isGreen.Where(blue, red))
	behind := isRed.Where(blue, isGreen.Where(red, green))
	// Where there is no chroma there is no hue, and any will do.
	start := isRed.ToDType(torch.Float32).Neg().AddScalar(1).Mul(isGreen.ToDType(torch.Float32).MulScalar(-2).AddScalar(4))
	h := ahead.Sub(behind).Div(chroma.EqScalar(0).ToDType(torch.Float32).Add(chroma)).Add(start).Add(turn.MulScalar(6)).RemainderScalar(6)
	channel := func(t *torch.Tensor) *torch.Tensor { return t.Clamp(0, 1).Mul(chroma).Add(m) }
	turned := torch.Cat([]*torch.Tensor{
		channel(h.AddScalar(-3).Abs().AddScalar(-1)),
		channel(h.AddScalar(-2).Abs().Neg().AddScalar(2)),
		channel(h.AddScalar(-4).Abs().Neg().AddScalar(2)),
	}, 1)
	return turn.EqScalar(0).Where(x, turned)
}

// blur blurs every image with its own kernel; one that is not blurred gets a
// kernel of a single 1, which changes nothing.
func blur(x *torch.Tensor, side int, c columns) *torch.Tensor {
	n, channels, size := x.Size(0), x.Size(1), x.Size(2)
	kernels := make([]float32, n*channels*side)
	for i := range c.params {
		for ch := range channels {
			k := kernels[(i*channels+ch)*side:][:side]
			if sigma := c.params[i].Blur; sigma > 0 {
				filter.Gaussian(k, sigma)
			} else {
				k[side/2] = 1
			}
		}
	}
	groups := n * channels
	reach := side / 2
	w := torch.FromSlice(c.scope, kernels, groups, 1, 1, side).ToDevice(c.device)
	x = x.Reshape([]int{1, groups, size, size}).Pad([]int{reach, reach, reach, reach}, "reflect", 0)
	x = x.Conv2d(w, nil, []int{1, 1}, []int{0, 0}, []int{1, 1}, groups)
	x = x.Conv2d(w.View([]int{groups, 1, side, 1}), nil, []int{1, 1}, []int{0, 0}, []int{1, 1}, groups)
	return x.Reshape([]int{n, channels, size, size})
}
