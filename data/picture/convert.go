package picture

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
)

func isTruncated(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// convert writes im to into as red, green and blue. video says that YCbCr has
// the narrow range and the upsampling of WebP. It is an error if a pixel names a
// colour that the palette does not have.
func convert(im image.Image, video bool, into *Image) error {
	b := im.Bounds()
	into.Resize(3, b.Dy(), b.Dx())
	switch im := im.(type) {
	case *image.YCbCr:
		convertYCbCr(im, video, into)
	case *image.NYCbCrA:
		convertYCbCr(&im.YCbCr, video, into)
	case *image.Gray:
		each(into, b, func(x, y int) (r, g, b uint8) {
			v := im.Pix[im.PixOffset(x, y)]
			return v, v, v
		})
	case *image.Gray16: // Pillow cuts such values off and does not scale them
		each(into, b, func(x, y int) (r, g, b uint8) {
			v := uint8(min(im.Gray16At(x, y).Y, 255))
			return v, v, v
		})
	case *image.RGBA:
		each(into, b, func(x, y int) (r, g, b uint8) {
			at := im.PixOffset(x, y)
			return im.Pix[at], im.Pix[at+1], im.Pix[at+2]
		})
	case *image.NRGBA: // the same bytes: alpha is dropped
		return convert((*image.RGBA)(im), video, into)
	case *image.RGBA64:
		each(into, b, func(x, y int) (r, g, b uint8) {
			at := im.PixOffset(x, y)
			return im.Pix[at], im.Pix[at+2], im.Pix[at+4]
		})
	case *image.NRGBA64:
		return convert((*image.RGBA64)(im), video, into)
	case *image.CMYK:
		each(into, b, func(x, y int) (r, g, b uint8) {
			at := im.PixOffset(x, y)
			ink := im.Pix[at : at+4]
			left := 255 - int(ink[3])
			return press(ink[0], left), press(ink[1], left), press(ink[2], left)
		})
	case *image.Paletted:
		return convertPaletted(im, into)
	default:
		each(into, b, func(x, y int) (r, g, b uint8) {
			c := color.NRGBAModel.Convert(im.At(x, y)).(color.NRGBA)
			return c.R, c.G, c.B
		})
	}
	return nil
}

// convertPaletted looks colours up; alpha is dropped.
func convertPaletted(im *image.Paletted, into *Image) error {
	colours := make([]color.NRGBA, len(im.Palette))
	for i, c := range im.Palette {
		exact, ok := c.(color.NRGBA) // also where alpha is 0
		if !ok {
			exact = color.NRGBAModel.Convert(c).(color.NRGBA)
		}
		colours[i] = exact
	}
	bounds := im.Bounds()
	wrong := -1
	each(into, bounds, func(x, y int) (r, g, b uint8) {
		i := int(im.ColorIndexAt(x, y))
		if i >= len(colours) {
			wrong = i
			return 0, 0, 0
		}
		return colours[i].R, colours[i].G, colours[i].B
	})
	if wrong >= 0 {
		return fmt.Errorf("a pixel has colour %d of a palette of %d", wrong, len(colours))
	}
	return nil
}

// press returns what is left of a channel under an ink, where left is left by
// black: Pillow's integers.
func press(ink uint8, left int) uint8 {
	t := int(ink)*left + 128
	return uint8(max(0, left-(t>>8+t)>>8))
}

// each writes the pixels that f returns.
func each(into *Image, bounds image.Rectangle, f func(x, y int) (r, g, b uint8)) {
	area, at := into.H*into.W, 0
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			into.Pixels[at], into.Pixels[area+at], into.Pixels[2*area+at] = f(x, y)
			at++
		}
	}
}

// convertYCbCr brings the chroma to full size, row by row, and converts.
func convertYCbCr(im *image.YCbCr, video bool, into *Image) {
	b := im.Bounds()
	u := newUpsampler(im, im.Cb, video)
	v := newUpsampler(im, im.Cr, video)
	area := into.H * into.W
	for y := range into.H {
		luma := im.Y[im.YOffset(b.Min.X, b.Min.Y+y):]
		cb, cr := u.row(y), v.row(y)
		r := into.Pixels[y*into.W:]
		g := into.Pixels[area+y*into.W:]
		bl := into.Pixels[2*area+y*into.W:]
		for x := range into.W {
			if video {
				r[x], g[x], bl[x] = videoToRGB(int(luma[x]), int(cb[x]), int(cr[x]))
			} else {
				r[x], g[x], bl[x] = jpegToRGB(int(luma[x]), int(cb[x])-128, int(cr[x])-128)
			}
		}
	}
}

func clip(v int) uint8 { return uint8(max(0, min(255, v))) }

// jpegToRGB converts with libjpeg's integers of 16 bits after the point; cb and
// cr are centred.
func jpegToRGB(y, cb, cr int) (r, g, b uint8) {
	const half = 1 << 15
	return clip(y + (91881*cr+half)>>16),
		clip(y + (-22554*cb-46802*cr+half)>>16),
		clip(y + (116130*cb+half)>>16)
}

// videoToRGB converts from the narrow range of video with libwebp's integers.
func videoToRGB(y, u, v int) (r, g, b uint8) {
	l := y * 19077 >> 8
	return clip((l + v*26149>>8 - 14234) >> 6),
		clip((l - u*6419>>8 - v*13320>>8 + 8708) >> 6),
		clip((l + u*33050>>8 - 17685) >> 6)
}
