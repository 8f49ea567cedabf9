package report

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/png"
	"math"
	"slices"

	"golang.org/x/image/draw"

	"sslmem/data"
	"sslmem/data/picture"
	"sslmem/mem"
)

// Image is one image with its memorization score.
type Image struct {
	// Index is the position in the dataset.
	Index int
	// Set is the name of the set, such as "S_C".
	Set string
	// Label is the class, "" if there is none.
	Label string
	// Rank is the place in the order of the scores of the set, from 1 for the
	// highest to Of, the number of images in the set.
	Rank, Of int
	// Score is m, finite.
	Score float64
	// PNG is the content of a PNG file, see [Thumbnail].
	PNG []byte
}

// Images returns the each images with the highest and the each with the lowest
// score of every set, on the scale n: all images of a set that has no more than
// 2·each. They are ordered from the highest score to the lowest. Indices of s
// are positions in d, whose classes name the labels. It is an error if s is
// not valid, an index lies outside of d, an image cannot be decoded, or images
// have neither 1 nor 3 channels.
func Images(s *mem.Scores, n mem.Normalisation, d data.Images, each int) ([]Image, error) {
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	m := s.M(n)
	var out []Image
	var im picture.Image
	for _, set := range mem.Sets() {
		ranking := s.Rank(set, n)
		for k, at := range ranking {
			if k >= each && k < len(ranking)-each {
				continue
			}
			index := s.Index[at]
			if index >= d.Len() {
				name, _ := d.Title()
				return nil, fmt.Errorf("report: image %d of %v is not in %s, which has %d images; give the dataset that was scored", index, set, name, d.Len())
			}
			if err := d.Decode(index, &im); err != nil {
				return nil, fmt.Errorf("report: %w", err)
			}
			thumbnail, err := Thumbnail(im.Pixels, im.C, im.H, im.W)
			if err != nil {
				return nil, err
			}
			out = append(out, Image{
				Index: index, Set: set.String(), Label: data.ClassName(d, index),
				Rank: k + 1, Of: len(ranking), Score: m[at], PNG: thumbnail,
			})
		}
	}
	slices.SortStableFunc(out, func(a, b Image) int { return cmp.Compare(b.Score, a.Score) })
	return out, nil
}

// thumbnailSide is the length in pixels to which the longer side of larger
// images is reduced: twice what the page shows, for dense screens.
const thumbnailSide = 112

// Thumbnail returns an image as a PNG file, reduced to 112 pixels on the
// longer side if it is larger. pixels is [c, h, w], 0 is black, and c is 1 for
// grey or 3 for RGB; anything else is an error.
func Thumbnail(pixels []uint8, c, h, w int) ([]byte, error) {
	if c != 1 && c != 3 || h < 1 || w < 1 || len(pixels) != c*h*w {
		return nil, fmt.Errorf("report: a thumbnail takes [1, H, W] or [3, H, W] pixels, not %d as [%d, %d, %d]", len(pixels), c, h, w)
	}
	var picture draw.Image
	if c == 1 {
		picture = &image.Gray{Pix: pixels, Stride: w, Rect: image.Rect(0, 0, w, h)}
	} else {
		rgb := image.NewNRGBA(image.Rect(0, 0, w, h))
		for i := range h * w {
			rgb.Pix[4*i], rgb.Pix[4*i+1], rgb.Pix[4*i+2], rgb.Pix[4*i+3] = pixels[i], pixels[h*w+i], pixels[2*h*w+i], 255
		}
		picture = rgb
	}
	if longer := max(h, w); longer > thumbnailSide {
		small := image.Rect(0, 0, max(1, w*thumbnailSide/longer), max(1, h*thumbnailSide/longer))
		var reduced draw.Image = image.NewNRGBA(small)
		if c == 1 {
			reduced = image.NewGray(small)
		}
		draw.CatmullRom.Scale(reduced, small, picture, picture.Bounds(), draw.Src, nil)
		picture = reduced
	}
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&b, picture); err != nil {
		return nil, fmt.Errorf("report: encoding a thumbnail: %w", err)
	}
	return b.Bytes(), nil
}

// setsOf returns the names of the sets that have images, in alphabetical
// order.
func setsOf(images []Image) []string {
	var names []string
	for _, m := range images {
		names = append(names, m.Set)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// imageDigits returns how many decimals the scores of single images are shown
// with: three significant digits of the largest.
func imageDigits(images []Image) int {
	var scale float64
	for _, m := range images {
		scale = max(scale, math.Abs(m.Score))
	}
	return mem.Decimals(scale)
}
