package data

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"sslmem/data/format"
)

// Limits of what an IDX file may ask for. They are far above every known data
// set and keep a damaged or hostile header from taking all memory.
const (
	maxSide  = 1 << 13 // pixels a side
	maxBytes = 1 << 32 // bytes of payload in one file
)

// FormatError says where a file is not what it should be.
type FormatError = format.Error

// ReadIDX reads images, and labels if labelsPath is not "", from files in the
// IDX format of MNIST. Either may be compressed with gzip, which is seen from
// the content and not from the name.
//
// Images are unsigned bytes of shape [N, H, W], or [N, C, H, W] with C = 1
// or 3; labels are unsigned bytes of shape [N]. The classes are named by their
// numbers, "0" to the largest label, which the caller may replace by better
// ones. Name is the file name without its endings.
//
// A file that is truncated, of another type, too large or longer than its
// header says gives a *[FormatError]. Memory is taken only for what a file of
// that size can hold.
func ReadIDX(imagesPath, labelsPath string) (*Dataset, error) {
	images, err := readIDX(imagesPath, 3, 4)
	if err != nil {
		return nil, err
	}
	var labels *idxFile
	if labelsPath != "" {
		if labels, err = readIDX(labelsPath, 1, 1); err != nil {
			return nil, err
		}
	}
	return fromIDX(images, labels)
}

// idxFile is the content of an IDX file.
type idxFile struct {
	path    string
	dims    []int
	payload []byte
}

// fromIDX makes a Dataset of images and labels, which may be nil.
func fromIDX(images, labels *idxFile) (*Dataset, error) {
	dims := images.dims
	d := &Dataset{Name: baseName(images.path), Source: images.path, C: 1, Pixels: images.payload}
	if len(dims) == 4 {
		d.C = dims[1]
	}
	d.H, d.W = dims[len(dims)-2], dims[len(dims)-1]
	if labels != nil {
		if labels.dims[0] != d.Len() {
			return nil, &FormatError{File: labels.path, Offset: 4, Msg: fmt.Sprintf(
				"%d labels, but %s has %d images: the two files do not belong together", labels.dims[0], images.path, d.Len())}
		}
		d.Labels = make([]int, len(labels.payload))
		for i, l := range labels.payload {
			d.Labels[i] = int(l)
		}
		d.Classes = numbered(d.Labels)
	}
	if err := d.Check(); err != nil {
		return nil, err
	}
	return d, nil
}

// baseName returns the last element of path without .gz and -ubyte endings.
func baseName(path string) string {
	s := strings.TrimSuffix(filepath.Base(path), ".gz")
	return strings.TrimSuffix(s, "-ubyte")
}

// readIDX reads a whole file with between minDims and maxDims dimensions.
func readIDX(path string, minDims, maxDims int) (*idxFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data: cannot open IDX file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("data: cannot open IDX file: %w", err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("data: %s is a folder, but an IDX file was expected", path)
	}
	dims, payload, err := parseIDX(path, f, info.Size(), minDims, maxDims)
	return &idxFile{path, dims, payload}, err
}

// parseIDX reads an IDX file of the given size from r; name is for errors. The
// format is: two zero bytes, a type code (8 for unsigned bytes), the number of
// dimensions, one big-endian 32-bit length a dimension, then the elements in
// row-major order.
func parseIDX(name string, r io.Reader, size int64, minDims, maxDims int) (dims []int, payload []byte, err error) {
	b := bufio.NewReaderSize(r, 1<<16)
	c := &format.Cursor{File: name, R: b}
	most := size // bytes that the file can hold
	if head, _ := b.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, nil, c.Fail(err, "damaged gzip header")
		}
		c.R, most = z, size*format.MaxDeflate
	}

	var magic [4]byte
	if err := c.ReadFull(magic[:]); err != nil {
		return nil, nil, err
	}
	nd := int(magic[3])
	switch {
	case magic[0] != 0 || magic[1] != 0:
		return nil, nil, format.Errorf(name, 0, "starts with %#x, but an IDX file starts with two zero bytes", magic)
	case magic[2] != 8:
		return nil, nil, format.Errorf(name, 2, "type code %#02x, but only 0x08 (unsigned bytes) is supported", magic[2])
	case nd < minDims || nd > maxDims:
		return nil, nil, format.Errorf(name, 3, "%s", wrongDims(nd, minDims))
	}

	total := int64(1)
	for i := range nd {
		var length [4]byte
		at := c.At
		if err := c.ReadFull(length[:]); err != nil {
			return nil, nil, err
		}
		n := int64(binary.BigEndian.Uint32(length[:]))
		switch {
		case n == 0:
			return nil, nil, format.Errorf(name, at, "dimension %d has length 0, so the file holds nothing", i)
		case nd > 2 && i >= nd-2 && n > maxSide:
			return nil, nil, format.Errorf(name, at, "images with a side of %d pixels, the limit is %d", n, maxSide)
		case nd == 4 && i == 1 && n != 1 && n != 3:
			return nil, nil, format.Errorf(name, at, "%d channels, but only 1 and 3 are supported", n)
		case total*n > maxBytes: // total ≤ 2³², and n ≤ 2¹³ from the second factor on
			return nil, nil, format.Errorf(name, at, "the header announces more than the limit of %d bytes", int64(maxBytes))
		}
		total *= n
		dims = append(dims, int(n))
	}
	if total > most {
		return nil, nil, c.Fail(nil, "the header announces %d bytes, but a file of %d bytes cannot hold more than %d: it is damaged or truncated", total, size, most)
	}

	payload = make([]byte, total)
	if err := c.ReadFull(payload); err != nil {
		return nil, nil, err
	}
	// Reading on to the end also checks the gzip checksum.
	var extra [1]byte
	switch n, err := io.ReadFull(c.R, extra[:]); {
	case n == 1:
		return nil, nil, c.Fail(nil, "the file goes on after the %d bytes that its header announces", total)
	case !errors.Is(err, io.EOF):
		return nil, nil, c.Fail(err, "damaged end of file")
	}
	return dims, payload, nil
}

// wrongDims explains a wrong number of dimensions, most often the two files of
// a data set given in the wrong order.
func wrongDims(got, minDims int) string {
	if minDims == 1 {
		s := fmt.Sprintf("%d dimensions, but labels have 1", got)
		if got == 3 {
			s += ": this looks like an images file"
		}
		return s
	}
	s := fmt.Sprintf("%d dimensions, but images have 3 (N, H, W) or 4 (N, C, H, W)", got)
	if got == 1 {
		s += ": this looks like a labels file"
	}
	return s
}
