package format

import (
	"bufio"
	"compress/zlib"
	"encoding/binary"
	"io"
)

// Data types of the elements of a MATLAB 5 file.
const (
	miMatrix     = 14
	miCompressed = 15
)

// matTypes are kind and size of the numbers in a file, by data type.
var matTypes = map[uint32]dtype{
	1: {kind: Int, size: 1}, 2: {kind: Uint, size: 1}, 3: {kind: Int, size: 2}, 4: {kind: Uint, size: 2},
	5: {kind: Int, size: 4}, 6: {kind: Uint, size: 4}, 7: {kind: Float, size: 4}, 9: {kind: Float, size: 8},
	12: {kind: Int, size: 8}, 13: {kind: Uint, size: 8},
}

// matHeader is the length of the text and the flags at the start of a file.
const matHeader = 128

// ReadMAT returns the numeric arrays of a MATLAB 5 file ("MATLAB 5.0 MAT-file",
// what save writes by default and with -v6), compressed or not, of which r is
// the content and size its length in bytes. Their elements are in MATLAB's
// order, the first index changing fastest. Variables of other types are passed
// over. Files of version 7.3 are HDF5 and are an error.
func ReadMAT(file string, r io.Reader, size int64) (map[string]*Array, error) {
	c := &Cursor{File: file, R: bufio.NewReaderSize(r, 1<<16)}
	var head [matHeader]byte
	if err := c.ReadFull(head[:]); err != nil {
		return nil, err
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch string(head[126:]) {
	case "IM":
	case "MI":
		order = binary.BigEndian
	default:
		return nil, Errorf(file, 126, "%q instead of the byte order of a MATLAB 5 file", head[126:])
	}
	if v := order.Uint16(head[124:]); v != 0x0100 {
		return nil, Errorf(file, 124, "version %#04x, but only 0x0100 (MATLAB 5) is supported; save with -v7 or -v6", v)
	}
	out := map[string]*Array{}
	for {
		var tag [8]byte
		at := c.At
		if n, err := io.ReadFull(c.R, tag[:]); n == 0 && err == io.EOF {
			return out, nil
		} else if err != nil {
			c.At += int64(n)
			return nil, c.Fail(io.ErrUnexpectedEOF, "the file is truncated within the tag of a variable")
		}
		c.At += 8
		kind, length := order.Uint32(tag[:]), int64(order.Uint32(tag[4:]))
		if length > size-c.At {
			return nil, Errorf(file, at+4, "a variable of %d bytes, but only %d are left: the file is truncated or damaged", length, size-c.At)
		}
		a, err := c.variable(kind, length, order)
		if err != nil {
			return nil, err
		}
		if a != nil {
			out[a.Name] = a
		}
	}
}

// variable reads one element of the top level.
func (c *Cursor) variable(kind uint32, length int64, order binary.ByteOrder) (*Array, error) {
	start := c.At
	body := &io.LimitedReader{R: c.R, N: length}
	var a *Array
	var err error
	switch kind {
	case miCompressed:
		z, zerr := zlib.NewReader(body)
		if zerr != nil {
			return nil, c.Fail(zerr, "damaged compressed variable")
		}
		inner := &Cursor{File: c.File, R: z, At: start}
		var tag [8]byte
		if err := inner.ReadFull(tag[:]); err != nil {
			return nil, err
		}
		if k := order.Uint32(tag[:]); k != miMatrix {
			return nil, inner.Fail(nil, "a compressed variable of data type %d instead of %d", k, miMatrix)
		}
		if a, err = inner.matrix(int64(order.Uint32(tag[4:])), length, MaxDeflate, order); err == nil {
			err = inner.end()
		}
	case miMatrix:
		inner := &Cursor{File: c.File, R: body, At: start}
		a, err = inner.matrix(length, length, 1, order)
	}
	if err != nil {
		return nil, err
	}
	c.At = start + length - body.N
	return a, c.skip(body.N)
}

// element reads the tag of a part of a matrix. Data of at most four bytes
// stands in the tag itself. left is what the matrix still holds.
func (c *Cursor) element(left *int64, order binary.ByteOrder) (kind uint32, length int64, small []byte, err error) {
	var tag [8]byte
	if *left < 8 {
		return 0, 0, nil, c.Fail(nil, "a variable ends before its parts")
	}
	if err := c.ReadFull(tag[:]); err != nil {
		return 0, 0, nil, err
	}
	*left -= 8
	first := order.Uint32(tag[:])
	if first>>16 != 0 {
		if n := first >> 16; n <= 4 {
			return first & 0xffff, int64(n), tag[4 : 4+n], nil
		}
		return 0, 0, nil, c.Fail(nil, "a short part of %d bytes, but 4 is the most", first>>16)
	}
	length = int64(order.Uint32(tag[4:]))
	if length > *left {
		return 0, 0, nil, c.Fail(nil, "a part of %d bytes in a variable of which %d are left", length, *left)
	}
	return first, length, nil, nil
}

// part reads a whole part of a matrix of at most most bytes, with its padding.
func (c *Cursor) part(left *int64, most int64, order binary.ByteOrder) (kind uint32, content []byte, err error) {
	kind, length, content, err := c.element(left, order)
	if err != nil || content != nil {
		return kind, content, err
	}
	if length > most {
		return 0, nil, c.Fail(nil, "a part of %d bytes where %d is the most", length, most)
	}
	content = make([]byte, length)
	if err := c.ReadFull(content); err != nil {
		return 0, nil, err
	}
	*left -= length
	return kind, content, c.pad(left, length)
}

// pad passes over what fills a part up to a multiple of eight bytes.
func (c *Cursor) pad(left *int64, length int64) error {
	n := min(-length&7, *left)
	*left -= n
	return c.skip(n)
}

// matrix reads a matrix of length bytes that take size bytes in the file; nil
// if it is no array of real numbers.
func (c *Cursor) matrix(length, size, factor int64, order binary.ByteOrder) (*Array, error) {
	left := length
	rest := func() error { return c.skip(left) }
	_, flags, err := c.part(&left, 8, order)
	if err != nil {
		return nil, err
	}
	if len(flags) != 8 {
		return nil, c.Fail(nil, "%d bytes of flags instead of 8", len(flags))
	}
	class, bits := order.Uint32(flags)&0xff, order.Uint32(flags)>>8
	const complexBit, doubleClass, uint64Class = 8, 6, 15
	if class < doubleClass || class > uint64Class || bits&complexBit != 0 {
		return nil, rest()
	}
	_, dims, err := c.part(&left, 4*32, order)
	if err != nil {
		return nil, err
	}
	a := &Array{Fortran: true, Order: order}
	for i := 0; i+4 <= len(dims); i += 4 {
		a.Shape = append(a.Shape, int(int32(order.Uint32(dims[i:]))))
	}
	_, name, err := c.part(&left, 1<<10, order)
	if err != nil {
		return nil, err
	}
	a.Name = string(name)
	at := c.At
	kind, n, small, err := c.element(&left, order)
	if err != nil {
		return nil, err
	}
	t, ok := matTypes[kind]
	if !ok {
		return nil, Errorf(c.File, at, "numbers of data type %d are not known", kind)
	}
	a.Kind, a.Size = t.kind, t.size
	if want, ok := bytesOf(a.Shape, a.Size); !ok || want != n || len(a.Shape) < 2 {
		return nil, Errorf(c.File, at, "variable %q of shape %v has %d bytes of numbers", a.Name, a.Shape, n)
	}
	if small != nil || n == 0 {
		a.Data = small
		return a, rest()
	}
	if a.Data, err = c.payload(n, size, factor); err != nil {
		return nil, err
	}
	left -= n
	return a, rest()
}
