package data

import (
	"fmt"
	"os"
	"path/filepath"

	"sslmem/data/format"
	"sslmem/data/picture"
	"sslmem/data/tree"
)

// Records is a [Source] of images of one size that lie in a file one after the
// other, and are read from there when they are asked for.
type Records struct {
	name, path string
	file       *os.File
	n, c, h, w int
	transposed bool // planes hold columns and not rows
}

// Len returns the number of images.
func (r *Records) Len() int { return r.n }

// Label returns −1: the images have no labels.
func (r *Records) Label(int) int { return -1 }

// ClassNames returns nil.
func (r *Records) ClassNames() []string { return nil }

// Title returns the name of the data set and the file.
func (r *Records) Title() (name, source string) { return r.name, r.path }

// Close closes the file.
func (r *Records) Close() error { return r.file.Close() }

// Decode reads image i.
func (r *Records) Decode(i int, into *picture.Image) error {
	if i < 0 || i >= r.n {
		return outOfRange(i, r.n)
	}
	into.Resize(r.c, r.h, r.w)
	size := int64(len(into.Pixels))
	if n, err := r.file.ReadAt(into.Pixels, int64(i)*size); int64(n) < size {
		return &format.Error{File: r.path, Offset: int64(i)*size + int64(n), Msg: "cannot read the image", Err: err}
	}
	if r.transposed {
		transposePlanes(into.Pixels, r.w, r.h)
	}
	return nil
}

// openUnlabeled opens the images without labels of an unpacked STL-10, which
// take 2.8 GB and are left where they are; nil if there is no such file.
func openUnlabeled(t *tree.Tree) (*Records, error) {
	if !t.IsFolder() {
		return nil, nil
	}
	path := filepath.Join(t.Path, "unlabeled_X.bin")
	if below := filepath.Join(t.Path, "stl10_binary", "unlabeled_X.bin"); !exists(path) {
		path = below
	}
	file, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil, nil // packed, or missing, which the other reader tells
	}
	if err != nil {
		return nil, fmt.Errorf("data: cannot open images: %w", err)
	}
	info, err := file.Stat()
	if err == nil {
		err = checkSTL(path, info.Size())
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return &Records{name: "stl10-unlabeled", path: path, file: file, n: int(info.Size() / stlPixels), c: 3, h: stlSide, w: stlSide, transposed: true}, nil
}
