package mem

import (
	"bytes"
	"image"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
	"sslmem/data/picture"
)

func TestCornerBox(t *testing.T) {
	for _, c := range []struct {
		corner   Corner
		fraction float64
		h, w     int
		want     image.Rectangle
	}{
		{LowerLeft, .3, 28, 28, image.Rect(0, 20, 8, 28)},
		{LowerRight, .3, 28, 28, image.Rect(20, 20, 28, 28)},
		{UpperLeft, .3, 28, 28, image.Rect(0, 0, 8, 8)},
		{UpperRight, .5, 10, 20, image.Rect(10, 0, 20, 5)},
		{LowerLeft, .001, 10, 20, image.Rect(0, 9, 1, 10)},
	} {
		if got, err := c.corner.Box(c.fraction, c.h, c.w); err != nil || got != c.want {
			t.Errorf("%v %v of %d×%d: %v, %v, want %v", c.corner, c.fraction, c.h, c.w, got, err, c.want)
		}
	}
	for want, c := range map[string]struct {
		corner   Corner
		fraction float64
	}{
		"a crop of 0 ": {LowerLeft, 0}, "a crop of 1 ": {LowerLeft, 1}, "a crop of -1": {LowerLeft, -1},
		"whole image": {LowerLeft, .99}, "not a corner": {"left", .5},
	} {
		if _, err := c.corner.Box(c.fraction, 4, 4); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", c, err, want)
		}
	}
}

func TestCropImages(t *testing.T) {
	d := &data.Dataset{Name: "two", C: 3, H: 2, W: 3, Pixels: make([]uint8, 2*18), Labels: []int{1, 0}, Classes: []string{"a", "b"}}
	for i := range d.Pixels {
		d.Pixels[i] = uint8(i)
	}
	boxes := []image.Rectangle{image.Rect(1, 1, 3, 2), image.Rect(0, 0, 1, 2)}
	c := CropImages(d, func(i, h, w int) (image.Rectangle, error) { return boxes[i], nil })
	var im picture.Image
	for i, want := range []picture.Image{{C: 3, H: 1, W: 2, Pixels: []uint8{4, 5, 10, 11, 16, 17}}, {C: 3, H: 2, W: 1, Pixels: []uint8{18, 21, 24, 27, 30, 33}}} {
		if err := c.Decode(i, &im); err != nil || im.C != 3 || im.H != want.H || im.W != want.W || !slices.Equal(im.Pixels, want.Pixels) {
			t.Errorf("image %d is %+v, %v, want %+v", i, im, err, want)
		}
	}
	var a, b bytes.Buffer
	if c.Identify(&a, 0) != nil || d.Identify(&b, 0) != nil || bytes.Equal(a.Bytes(), b.Bytes()) || c.Label(0) != 1 || c.Len() != 2 {
		t.Error("a cropped image says that it is whole, or has another label")
	}
	if channels, h, w := c.Shape(); channels != 3 || h != 0 || w != 0 {
		t.Errorf("shape %d %d %d", channels, h, w)
	}
	for _, bad := range []image.Rectangle{{}, image.Rect(0, 0, 4, 1), image.Rect(-1, 0, 1, 1)} {
		boxes[1] = bad
		if err := c.Decode(1, &im); err == nil || !strings.Contains(err.Error(), "image 1") {
			t.Errorf("box %v: %v", bad, err)
		}
	}
}
