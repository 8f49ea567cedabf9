package augment

// maxCached is the longest crop side whose weights are kept; a scratch so
// holds at most a few MB of them. Longer sides are computed anew.
const maxCached = 512

// kernel holds the weights of a bilinear resize along one axis, from in to out
// pixels. Output pixel o is the sum of taps input pixels from start[o] on,
// weighted by weight[o·taps …]. Weights behind the last input pixel are 0 and
// start is moved so that all taps lie inside.
type kernel struct {
	in, out, taps int
	start         []int32
	weight        []float32
}

// set fills k, reusing its memory. The formula is the antialiased bilinear
// filter with pixel centres at half-integers: with scale s = in/out, output
// pixel o has its centre at (o + 1/2)·s, and the input pixel with centre i+1/2
// has the weight max(0, 1 − |i + 1/2 − centre| / max(s, 1)), normalised to sum
// 1 over the pixels there are. Where nothing shrinks (s ≤ 1) this is plain
// linear interpolation with the edge pixels repeated.
func (k *kernel) set(in, out int) {
	k.in, k.out = in, out
	scale := float64(in) / float64(out)
	radius := max(scale, 1)
	k.taps = 0
	first := func(center float64) int { return max(0, int(center-radius+0.5)) }
	last := func(center float64) int { return min(in, int(center+radius+0.5)) }
	for o := range out {
		center := (float64(o) + 0.5) * scale
		k.taps = max(k.taps, last(center)-first(center))
	}
	k.start = resized(k.start, out)
	k.weight = resized(k.weight, out*k.taps)
	clear(k.weight)
	for o := range out {
		center := (float64(o) + 0.5) * scale
		lo, hi := first(center), last(center)
		sum := 0.
		for i := lo; i < hi; i++ {
			sum += triangle((float64(i) + 0.5 - center) / radius)
		}
		start := min(lo, in-k.taps)
		k.start[o] = int32(start)
		w := k.weight[o*k.taps : (o+1)*k.taps]
		for i := lo; i < hi; i++ {
			w[i-start] = float32(triangle((float64(i)+0.5-center)/radius) / sum)
		}
	}
}

func triangle(x float64) float64 { return max(0, 1-max(x, -x)) }

// resized returns a slice of length n, s itself if it is long enough.
func resized[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n)
	}
	return s[:n]
}

// kernel returns the weights from in to out pixels, from the cache if they are
// short. The result is valid until the next call with a long side on the same
// axis.
func (s *scratch) kernel(in, out, axis int) *kernel {
	if in > maxCached || out > maxCached {
		k := &s.long[axis]
		if k.in != in || k.out != out {
			k.set(in, out)
		}
		return k
	}
	if s.out != out {
		clear(s.short[:])
		s.out = out
	}
	if s.short[in] == nil {
		s.short[in] = new(kernel)
		s.short[in].set(in, out)
	}
	return s.short[in]
}

// resize writes the crop of one channel, resized to size×size and mirrored as
// p says, to dst as intensities in [0, 1]. src is the channel, w pixels wide.
func (s *scratch) resize(dst []float32, src []uint8, w, size int, p *Params) {
	kx, ky := s.kernel(p.Width, size, 0), s.kernel(p.Height, size, 1)
	s.rows = resized(s.rows, p.Height*size)
	for y := range p.Height {
		at := (p.Top+y)*w + p.Left
		resizeRow(s.rows[y*size:(y+1)*size], src[at:at+p.Width], kx)
	}
	if p.Flip {
		for y := range p.Height {
			reverse(s.rows[y*size : (y+1)*size])
		}
	}
	for o := range size {
		at := o
		if p.VFlip {
			at = size - 1 - o
		}
		resizeColumn(dst[at*size:(at+1)*size], s.rows, int(ky.start[o]), ky.weight[o*ky.taps:(o+1)*ky.taps])
	}
}

// resizeRow resizes one row of bytes.
func resizeRow(dst []float32, src []uint8, k *kernel) {
	start := k.start[:len(dst)]
	switch k.taps {
	case 1:
		for o := range dst {
			dst[o] = float32(src[start[o]]) * k.weight[o]
		}
	case 2:
		weight := k.weight[:2*len(dst)]
		for o := range dst {
			i := start[o]
			pair := src[i : i+2]
			dst[o] = float32(pair[0])*weight[2*o] + float32(pair[1])*weight[2*o+1]
		}
	default:
		for o := range dst {
			weight := k.weight[o*k.taps : (o+1)*k.taps]
			pixels := src[start[o]:][:len(weight)]
			sum := float32(0)
			for j, v := range pixels {
				sum += float32(v) * weight[j]
			}
			dst[o] = sum
		}
	}
}

// resizeColumn writes to dst the weighted sum of len(weight) rows of rows from
// row start on, divided by 255.
func resizeColumn(dst, rows []float32, start int, weight []float32) {
	n := len(dst)
	row := rows[start*n:][:n]
	if len(weight) == 2 {
		next := rows[(start+1)*n:][:n]
		w0, w1 := weight[0]/255, weight[1]/255
		for x := range dst {
			dst[x] = row[x]*w0 + next[x]*w1
		}
		return
	}
	w := weight[0] / 255
	for x := range dst {
		dst[x] = row[x] * w
	}
	for j := 1; j < len(weight); j++ {
		row, w := rows[(start+j)*n:][:n], weight[j]/255
		for x := range dst {
			dst[x] += row[x] * w
		}
	}
}

func reverse(s []float32) {
	for i, j := 0, len(s)-1; i < j; i, j = i+1, j-1 {
		s[i], s[j] = s[j], s[i]
	}
}
