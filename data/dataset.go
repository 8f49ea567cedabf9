package data

import (
	"fmt"
)

// Dataset is a set of labelled images of one size, held in memory as bytes.
//
// The fields may be filled by hand; [Dataset.Check] says whether they fit
// together. Functions of this module only read a Dataset, so one may be used
// by many goroutines at once.
type Dataset struct {
	Name    string // short, for titles and file names, e.g. "fashion-mnist-6k"
	Source  string // where the images come from: files or an address
	C, H, W int    // channels (1 or 3), height and width in pixels, at least 1

	// Pixels has shape [N, C, H, W], rows from top to bottom; 0 is black and
	// 255 full intensity. Channels are red, green, blue where C is 3.
	Pixels []uint8

	// Labels has shape [N], each in 0 … len(Classes)−1, or −1 for an image
	// without a label; nil if there are none.
	Labels []int

	// Classes holds the name of each class; nil if there are no labels.
	Classes []string
}

// Len returns N, the number of images.
func (d *Dataset) Len() int {
	if n := d.C * d.H * d.W; n > 0 {
		return len(d.Pixels) / n
	}
	return 0
}

// Image returns the pixels of image i, shape [C, H, W]. The slice aliases
// d.Pixels. Image panics if i is outside 0 … Len()−1.
func (d *Dataset) Image(i int) []uint8 {
	n := d.C * d.H * d.W
	return d.Pixels[i*n : (i+1)*n : (i+1)*n]
}

// ClassName returns the name of the class of image i, its number where classes
// have no names, and "" where it has none.
func (d *Dataset) ClassName(i int) string { return ClassName(d, i) }

// Subset returns a new Dataset with the images idx of d in that order; an
// index may occur more than once. Pixels and labels are copied, the class
// names are shared. Subset panics if an index is outside 0 … Len()−1.
func (d *Dataset) Subset(idx []int) *Dataset {
	s := *d
	n := d.C * d.H * d.W
	s.Pixels = make([]uint8, 0, n*len(idx))
	for _, i := range idx {
		s.Pixels = append(s.Pixels, d.Image(i)...)
	}
	if d.Labels != nil {
		s.Labels = make([]int, len(idx))
		for k, i := range idx {
			s.Labels[k] = d.Labels[i]
		}
	}
	return &s
}

// Check returns an error that says what is wrong if the fields of d do not
// fit together.
func (d *Dataset) Check() error {
	size := d.C * d.H * d.W
	switch {
	case d.C != 1 && d.C != 3:
		return fmt.Errorf("data: %q has %d channels, want 1 or 3", d.Name, d.C)
	case d.H < 1 || d.W < 1 || d.H > maxSide || d.W > maxSide:
		return fmt.Errorf("data: %q has images of %d×%d pixels, want sides of 1 to %d", d.Name, d.H, d.W, maxSide)
	case len(d.Pixels) == 0 || len(d.Pixels)%size != 0:
		return fmt.Errorf("data: %q has %d bytes of pixels, which is no positive multiple of the image size %d×%d×%d", d.Name, len(d.Pixels), d.C, d.H, d.W)
	case d.Labels != nil && len(d.Labels) != d.Len():
		return fmt.Errorf("data: %q has %d images but %d labels", d.Name, d.Len(), len(d.Labels))
	}
	for i, l := range d.Labels {
		if l < -1 || l >= len(d.Classes) {
			return fmt.Errorf("data: %q: image %d has label %d, but there are %d classes", d.Name, i, l, len(d.Classes))
		}
	}
	return nil
}
