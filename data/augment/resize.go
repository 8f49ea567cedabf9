package augment

import "sslmem/data/augment/internal/filter"

// resize writes the crop of one channel, resized to size×size and mirrored as
// p says, to dst as intensities in [0, 1]. src is the channel, w pixels wide.
func (s *scratch) resize(dst []float32, src []uint8, w, size int, kind filter.Kind, p *Params) {
	kx, ky := s.weights.Get(p.Width, size, 0, kind), s.weights.Get(p.Height, size, 1, kind)
	s.rows = filter.Resized(s.rows, p.Height*size)
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
		resizeColumn(dst[at*size:(at+1)*size], s.rows, int(ky.Start[o]), ky.Weight[o*ky.Taps:(o+1)*ky.Taps])
	}
}

// resizeRow resizes one row of bytes.
func resizeRow(dst []float32, src []uint8, k *filter.Resize) {
	start := k.Start[:len(dst)]
	switch k.Taps {
	case 1:
		for o := range dst {
			dst[o] = float32(src[start[o]]) * k.Weight[o]
		}
	case 2:
		weight := k.Weight[:2*len(dst)]
		for o := range dst {
			i := start[o]
			pair := src[i : i+2]
			dst[o] = float32(pair[0])*weight[2*o] + float32(pair[1])*weight[2*o+1]
		}
	default:
		for o := range dst {
			weight := k.Weight[o*k.Taps : (o+1)*k.Taps]
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
