package mem

import (
	"fmt"
	"image"
	"io"
	"math"

	"sslmem/data"
	"sslmem/data/picture"
)

// A Corner is a corner of an image.
type Corner string

const (
	LowerLeft  Corner = "lower-left" // the published one
	LowerRight Corner = "lower-right"
	UpperLeft  Corner = "upper-left"
	UpperRight Corner = "upper-right"
)

// Corners lists the values of [Corner].
func Corners() []Corner { return []Corner{LowerLeft, LowerRight, UpperLeft, UpperRight} }

// ParseCorner returns the corner of the given name.
func ParseCorner(name string) (Corner, error) {
	for _, c := range Corners() {
		if string(c) == name {
			return c, nil
		}
	}
	return "", fmt.Errorf("mem: %q is not a corner; use one of %s", name, joinNames(Corners()))
}

// Box returns the part of an image of h×w pixels that lies in the corner and has the
// given fraction of its sides, which must lie between 0 and 1; it is rounded to whole
// pixels, at least one. It is an error if the box holds no pixel or all.
func (c Corner) Box(fraction float64, h, w int) (image.Rectangle, error) {
	if err := CheckCrop(fraction); err != nil {
		return image.Rectangle{}, err
	}
	if _, err := ParseCorner(string(c)); err != nil {
		return image.Rectangle{}, err
	}
	side := func(n int) int { return max(1, int(math.Round(fraction*float64(n)))) }
	box := image.Rect(0, 0, side(w), side(h))
	if box.Dx() >= w && box.Dy() >= h {
		return box, fmt.Errorf("mem: a crop of %v of %d×%d pixels is the whole image; take a smaller one", fraction, h, w)
	}
	var at image.Point
	if c == LowerLeft || c == LowerRight {
		at.Y = h - box.Dy()
	}
	if c == LowerRight || c == UpperRight {
		at.X = w - box.Dx()
	}
	return box.Add(at), nil
}

// CheckCrop returns an error unless the fraction of a side lies between 0 and 1, both
// excluded: nothing is no query, and the whole image tells its own class.
func CheckCrop(fraction float64) error {
	if !(fraction > 0 && fraction < 1) {
		return fmt.Errorf("mem: a crop of %v of the side cannot be attacked with; it must lie between 0 and 1, such as .3", fraction)
	}
	return nil
}

// CropImages returns images of which only a part is left: box says which of an image
// of h×w pixels, with image i's pixel (x, y) in column x and row y. It may be
// [Corner.Box], or boxes that annotations leave free. The images are of many sizes
// then and are resized where they are viewed. An error of box, or a box that is empty
// or leaves the image, is that of decoding the image.
func CropImages(images data.Images, box func(i, h, w int) (image.Rectangle, error)) data.Images {
	return &cropped{images, box}
}

// cropped is a [data.Images].
type cropped struct {
	data.Images
	box func(i, h, w int) (image.Rectangle, error)
}

// Shape returns the channels; images are of many sizes.
func (c *cropped) Shape() (channels, h, w int) {
	channels, _, _ = c.Images.Shape()
	return channels, 0, 0
}

// Identify writes what tells the image, and that it is cropped.
func (c *cropped) Identify(w io.Writer, i int) error {
	if _, err := io.WriteString(w, "crop of "); err != nil {
		return err
	}
	return c.Images.Identify(w, i)
}

// Decode decodes the part of image i.
func (c *cropped) Decode(i int, into *picture.Image) error {
	var whole picture.Image
	if err := c.Images.Decode(i, &whole); err != nil {
		return err
	}
	box, err := c.box(i, whole.H, whole.W)
	if err != nil {
		return fmt.Errorf("image %d: %w", i, err)
	}
	if box.Empty() || !box.In(image.Rect(0, 0, whole.W, whole.H)) {
		return fmt.Errorf("mem: the box %v does not lie in image %d, which has %d×%d pixels", box, i, whole.H, whole.W)
	}
	into.Resize(whole.C, box.Dy(), box.Dx())
	at := 0
	for k := range whole.C {
		for y := box.Min.Y; y < box.Max.Y; y++ {
			row := (k*whole.H + y) * whole.W
			at += copy(into.Pixels[at:], whole.Pixels[row+box.Min.X:row+box.Max.X])
		}
	}
	return nil
}
