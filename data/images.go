package data

import (
	"fmt"
	"io"
	"path/filepath"

	"sslmem/data/picture"
)

// Images is what trainings, scores and pictures are made from: images in memory,
// which are a [Dataset], or images that are decoded as they are needed, which are a
// [Lazy]. Whatever is made of both kinds is equal to the bit where the images
// are. All methods may be called by several goroutines at once.
type Images interface {
	Source
	// Title returns the name of the data set and where it comes from.
	Title() (name, source string)
	// Shape returns the channels, height and width of every image. Height and width
	// are 0 where each image has its own.
	Shape() (c, h, w int)
	// Identify writes what tells image i from another one that may stand in its
	// place: the pixels if they are in memory, else the name of the file.
	Identify(w io.Writer, i int) error
}

// Title returns d.Name and d.Source.
func (d *Dataset) Title() (name, source string) { return d.Name, d.Source }

// Shape returns d.C, d.H and d.W.
func (d *Dataset) Shape() (c, h, w int) { return d.C, d.H, d.W }

// Identify writes the pixels of image i. It panics if i is outside 0 … Len()−1.
func (d *Dataset) Identify(w io.Writer, i int) error {
	_, err := w.Write(d.Image(i))
	return err
}

// A Lazy decodes the images of a Source each time they are needed, and brings
// them to one size if it is given one, as [Load] does.
type Lazy struct {
	source  Source
	size    int
	c, h, w int
}

// NewLazy makes a Lazy of s. With size 0 images stay as large as they are; those
// of a [Files] then may be of many sizes. One image is decoded to see the shape.
func NewLazy(s Source, size int) (*Lazy, error) {
	first, err := decodeFirst(s, size)
	if err != nil {
		return nil, err
	}
	l := &Lazy{source: s, size: size, c: first.C, h: first.H, w: first.W}
	if _, various := s.(*Files); various && size == 0 {
		l.h, l.w = 0, 0
	}
	return l, nil
}

// Len returns the number of images.
func (l *Lazy) Len() int { return l.source.Len() }

// Label returns the class of image i, −1 if it has none.
func (l *Lazy) Label(i int) int { return l.source.Label(i) }

// ClassNames returns the names of the classes, nil if there are no labels.
func (l *Lazy) ClassNames() []string { return l.source.ClassNames() }

// Shape returns the channels, height and width of every image; the last two are
// 0 where each image has its own.
func (l *Lazy) Shape() (c, h, w int) { return l.c, l.h, l.w }

// Title returns the name of the data set and where it lies.
func (l *Lazy) Title() (name, source string) { return titleOf(l.source) }

// Identify writes the name of the file of image i, without that of its folder,
// or the number of the image if the Source knows no files, and what decodes JPEGs.
func (l *Lazy) Identify(w io.Writer, i int) error {
	_, err := fmt.Fprintf(w, "%d %s", i, picture.JPEGDecoder())
	if f, ok := l.source.(interface{ Path(i int) string }); ok && err == nil {
		_, err = fmt.Fprintf(w, " %s", filepath.Base(f.Path(i)))
	}
	return err
}

// Decode decodes image i. The error names the file, also if the image has
// another shape than Shape says.
func (l *Lazy) Decode(i int, into *picture.Image) error {
	if err := decodeSized(l.source, i, l.size, into); err != nil {
		return err
	}
	if into.H > maxSide || into.W > maxSide {
		return fmt.Errorf("data: image %d%s has %d×%d pixels, the limit is a side of %d", i, nameOf(l.source, i), into.H, into.W, maxSide)
	}
	return checkShape(l.source, i, into, l.c, l.h, l.w)
}

// Labels returns the class of every image, nil if there are no labels.
func Labels(s Source) []int {
	if d, ok := s.(*Dataset); ok {
		return d.Labels
	}
	if s.ClassNames() == nil {
		return nil
	}
	labels := make([]int, s.Len())
	for i := range labels {
		labels[i] = s.Label(i)
	}
	return labels
}

// Bytes returns how much memory the pixels of s take if all images are like the
// first, brought to the given size as [Load] does. One image is decoded.
func Bytes(s Source, size int) (int64, error) {
	var first picture.Image
	if s.Len() == 0 {
		return 0, nil
	}
	if err := decodeSized(s, 0, size, &first); err != nil {
		return 0, err
	}
	return int64(s.Len()) * int64(len(first.Pixels)), nil
}
