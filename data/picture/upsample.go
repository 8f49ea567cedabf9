package picture

import "image"

// An upsampler brings one plane of chroma to the size of the picture.
type upsampler struct {
	plane        []uint8
	stride, w, h int // of the plane: bytes from row to row, and its part of the picture
	sx, sy       int // pixels that a value stands for
	video        bool
	out          []uint8 // one row of the picture
	sums         []int   // one row of the plane, mixed from two
}

func newUpsampler(im *image.YCbCr, plane []uint8, video bool) *upsampler {
	b := im.Bounds()
	u := &upsampler{plane: plane[im.COffset(b.Min.X, b.Min.Y):], stride: im.CStride, sx: 1, sy: 1, video: video}
	switch im.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		u.sx = 2
	case image.YCbCrSubsampleRatio420:
		u.sx, u.sy = 2, 2
	case image.YCbCrSubsampleRatio440:
		u.sy = 2
	case image.YCbCrSubsampleRatio411:
		u.sx = 4
	case image.YCbCrSubsampleRatio410:
		u.sx, u.sy = 4, 2
	}
	u.w, u.h = (b.Dx()+u.sx-1)/u.sx, (b.Dy()+u.sy-1)/u.sy
	u.out, u.sums = make([]uint8, u.w*u.sx), make([]int, u.w)
	return u
}

// line returns row y of the plane, the nearest one for rows outside.
func (u *upsampler) line(y int) []uint8 {
	y = max(0, min(u.h-1, y))
	return u.plane[y*u.stride : y*u.stride+u.w]
}

// row returns row y at full width, valid until the next call. As in libjpeg,
// values lie in the middle of the pixels they stand for, and a pixel mixes the
// two or four nearest in the ratio 3:1; libjpeg repeats values where the plane
// is at most two wide, or is sampled in another way.
func (u *upsampler) row(y int) []uint8 {
	near, far := u.line(y/u.sy), u.line(y/u.sy-1+2*(y%u.sy))
	switch {
	case u.video && u.sx == 2 && u.sy == 2:
		u.mixVideo(near, far)
	case u.sx == 1 && u.sy == 1:
		return near
	case u.sx == 1 && u.sy == 2:
		bias := 1 + y%2
		for x := range u.out {
			u.out[x] = uint8((3*int(near[x]) + int(far[x]) + bias) >> 2)
		}
	case u.sx == 2 && u.w > 2 && u.sy == 1:
		for x, v := range near {
			u.sums[x] = int(v)
		}
		u.spread(2, 1, 2)
	case u.sx == 2 && u.w > 2:
		for x := range u.sums {
			u.sums[x] = 3*int(near[x]) + int(far[x])
		}
		u.spread(4, 8, 7)
	default:
		for x := range u.out {
			u.out[x] = near[x/u.sx]
		}
	}
	return u.out
}

// spread doubles sums in width: 3 parts of a value and one of its neighbour,
// divided by 2^shift, with one rounding for left and another for right pixels.
// At both ends a value is its own neighbour.
func (u *upsampler) spread(shift, left, right int) {
	last := len(u.sums) - 1
	for x, v := range u.sums {
		u.out[2*x] = uint8((3*v + u.sums[max(x-1, 0)] + left) >> shift)
		u.out[2*x+1] = uint8((3*v + u.sums[min(x+1, last)] + right) >> shift)
	}
}

// mixVideo mixes the four nearest values as libwebp does, in two steps that
// round down.
func (u *upsampler) mixVideo(near, far []uint8) {
	last := len(near) - 1
	u.out[0] = uint8((3*int(near[0]) + int(far[0]) + 2) >> 2)
	for x := 1; x <= last; x++ {
		n0, n1, f0, f1 := int(near[x-1]), int(near[x]), int(far[x-1]), int(far[x])
		sum := n0 + n1 + f0 + f1 + 8
		u.out[2*x-1] = uint8(((sum+2*(n1+f0))>>3 + n0) >> 1)
		u.out[2*x] = uint8(((sum+2*(n0+f1))>>3 + n1) >> 1)
	}
	u.out[2*last+1] = uint8((3*int(near[last]) + int(far[last]) + 2) >> 2)
}
