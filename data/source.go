package data

import (
	"fmt"
	"strconv"

	"sslmem/data/picture"
)

// Source is a set of images that are decoded when they are asked for. All
// methods may be called by several goroutines at once.
//
// A [Dataset] is a Source whose images are decoded already; [Load] makes one
// of any Source.
type Source interface {
	// Len returns the number of images.
	Len() int
	// Label returns the class of image i as a place in ClassNames, or −1 if it
	// has none.
	Label(i int) int
	// ClassNames returns the names of the classes, nil if there are no labels.
	ClassNames() []string
	// Decode writes the pixels of image i to into, whose memory is used again.
	// The error names the file.
	Decode(i int, into *picture.Image) error
}

// Label returns the class of image i, −1 if it has none.
func (d *Dataset) Label(i int) int {
	if d.Labels == nil {
		return -1
	}
	return d.Labels[i]
}

// ClassNames returns d.Classes.
func (d *Dataset) ClassNames() []string { return d.Classes }

// Decode copies image i.
func (d *Dataset) Decode(i int, into *picture.Image) error {
	if i < 0 || i >= d.Len() {
		return outOfRange(i, d.Len())
	}
	into.Resize(d.C, d.H, d.W)
	copy(into.Pixels, d.Image(i))
	return nil
}

// ClassName returns the name of the class of image i, its number where classes
// have no names, and "" where it has none.
func ClassName(s Source, i int) string {
	label, names := s.Label(i), s.ClassNames()
	switch {
	case label < 0:
		return ""
	case label < len(names):
		return names[label]
	default:
		return strconv.Itoa(label)
	}
}

// titleOf returns the name of a source and where it lies, if it knows them.
func titleOf(s Source) (name, source string) {
	if t, ok := s.(interface{ Title() (name, source string) }); ok {
		return t.Title()
	}
	return "", ""
}

func outOfRange(i, n int) error {
	return fmt.Errorf("data: image %d was asked for, but there are the images 0 to %d", i, n-1)
}
