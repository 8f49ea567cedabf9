package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/bmp"
	"golang.org/x/image/webp"

	"sslmem/data/format"
	"sslmem/data/picture/turbo"
)

// Limits of one picture: the number of pixels from which on Pillow warns of a
// bomb, and the longest side of a JPEG.
const (
	maxPixels = 89_478_485
	maxSide   = 65_535
)

// A codec is one file format.
type codec struct {
	name   string
	magic  func(b []byte) bool
	config func(b []byte) (image.Config, error)
	decode func(b []byte) (image.Image, error)
	// perByte bounds the pixels that a byte of the file can stand for, 0 for no
	// bound.
	perByte int
}

var codecs = []codec{
	{
		name:  "JPEG",
		magic: func(b []byte) bool { return bytes.HasPrefix(b, []byte("\xff\xd8\xff")) },
		config: func(b []byte) (image.Config, error) {
			return jpeg.DecodeConfig(bytes.NewReader(b))
		},
		decode: func(b []byte) (image.Image, error) { return jpeg.Decode(bytes.NewReader(b)) },
		// A block of 64 pixels takes at least a bit, and may stand for 16 blocks
		// of the size of the picture where it is sampled 4×4.
		perByte: 8 * 64 * 16,
	},
	{
		name:  "PNG",
		magic: func(b []byte) bool { return bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")) },
		config: func(b []byte) (image.Config, error) {
			return png.DecodeConfig(bytes.NewReader(b))
		},
		decode:  func(b []byte) (image.Image, error) { return png.Decode(bytes.NewReader(b)) },
		perByte: 8 * format.MaxDeflate, // with one bit a pixel
	},
	{
		name: "WebP",
		magic: func(b []byte) bool {
			return len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP"
		},
		config: func(b []byte) (image.Config, error) {
			return webp.DecodeConfig(bytes.NewReader(b))
		},
		decode: func(b []byte) (image.Image, error) { return webp.Decode(bytes.NewReader(b)) },
	},
	{
		name:  "BMP",
		magic: func(b []byte) bool { return bytes.HasPrefix(b, []byte("BM")) },
		config: func(b []byte) (image.Config, error) {
			return bmp.DecodeConfig(bytes.NewReader(b))
		},
		decode:  func(b []byte) (image.Image, error) { return bmp.Decode(bytes.NewReader(b)) },
		perByte: 8,
	},
}

// JPEGDecoder says what decodes JPEGs on this machine, "libjpeg-turbo" or "Go".
func JPEGDecoder() string {
	if turbo.Library() != "" {
		return "libjpeg-turbo"
	}
	return "Go"
}

// Known reports whether content starts as one of the formats that Decode reads.
func Known(content []byte) bool { return find(content) != nil }

func find(content []byte) *codec {
	for i := range codecs {
		if codecs[i].magic(content) {
			return &codecs[i]
		}
	}
	return nil
}

// Decode decodes content, a whole image file, to red, green and blue in into,
// whose memory is used again. With orient, the picture is turned and mirrored as
// the EXIF data of a JPEG says. file is for errors, which are *[format.Error].
func Decode(file string, content []byte, orient bool, into *Image) error {
	c := find(content)
	if c == nil {
		return format.Errorf(file, 0, "it starts with %q and is no JPEG, PNG, WebP or BMP file", content[:min(len(content), 8)])
	}
	config, err := c.config(content)
	if err != nil {
		return &format.Error{File: file, Offset: place(err, content), Msg: "damaged " + c.name + " file", Err: err}
	}
	w, h := int64(config.Width), int64(config.Height)
	switch {
	case w < 1 || h < 1 || w > maxSide || h > maxSide || w*h > maxPixels:
		return format.Errorf(file, 0, "a picture of %d×%d pixels, the limit is %d pixels", w, h, maxPixels)
	case c.perByte > 0 && w*h > int64(c.perByte)*int64(len(content)):
		return format.Errorf(file, 0, "a picture of %d×%d pixels cannot stand in a file of %d bytes: it is truncated or damaged", w, h, len(content))
	}
	if c.name == "JPEG" && config.ColorModel != color.CMYKModel && turbo.Library() != "" {
		into.Resize(3, config.Height, config.Width)
		if turbo.Decode(content, config.Width, config.Height, into.Pixels) {
			if orient {
				turn(into, exifOrientation(content))
			}
			return nil
		}
		// What libjpeg-turbo finds something wrong with, Go decodes or refuses.
	}
	im, err := decodeSafely(c, content)
	if err != nil {
		return &format.Error{File: file, Offset: place(err, content), Msg: "damaged " + c.name + " file", Err: err}
	}
	if size := im.Bounds().Size(); size.X < 1 || size.Y < 1 {
		return format.Errorf(file, 0, "a picture of %d×%d pixels", size.X, size.Y)
	}
	if err := convert(im, c.name == "WebP", into); err != nil {
		return &format.Error{File: file, Msg: "damaged " + c.name + " file", Err: err}
	}
	if orient && c.name == "JPEG" {
		turn(into, exifOrientation(content))
	}
	return nil
}

// decodeSafely turns a panic of a decoder into an error: one broken file among a
// million must not end a run.
func decodeSafely(c *codec, content []byte) (im image.Image, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the decoder failed: %v", r)
		}
	}()
	return c.decode(content)
}

// place returns the byte at which a decoder stopped as far as it is known: the
// end of the file if it was too short, else the start.
func place(err error, content []byte) int64 {
	if isTruncated(err) {
		return int64(len(content))
	}
	return 0
}
