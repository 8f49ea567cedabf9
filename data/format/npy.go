package format

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// npyMagic starts every .npy file.
const npyMagic = "\x93NUMPY"

// maxHeader bounds the text in front of the elements.
const maxHeader = 1 << 16

var (
	npyDescr   = regexp.MustCompile(`'descr'\s*:\s*'([^']*)'`)
	npyFortran = regexp.MustCompile(`'fortran_order'\s*:\s*(True|False)`)
	npyShape   = regexp.MustCompile(`'shape'\s*:\s*\(([0-9, ]*)\)`)
)

// ReadNPY reads an array from r, which holds a NumPy .npy file of version 1, 2
// or 3. size is the number of bytes that the file takes, and factor how much it
// may be compressed in them, 1 if it is not. Arrays of Python objects are an
// error, as they are pickles.
func ReadNPY(file string, r io.Reader, size, factor int64) (*Array, error) {
	c := &Cursor{File: file, R: bufio.NewReaderSize(r, 1<<16)}
	a, err := c.npyHeader()
	if err != nil {
		return nil, err
	}
	n, ok := bytesOf(a.Shape, a.Size)
	if !ok {
		return nil, c.Fail(nil, "an array of shape %v is beyond every limit", a.Shape)
	}
	if a.Data, err = c.payload(n, size, factor); err != nil {
		return nil, err
	}
	return a, c.end()
}

// npyHeader reads what stands before the elements.
func (c *Cursor) npyHeader() (*Array, error) {
	var start [8]byte
	if err := c.ReadFull(start[:]); err != nil {
		return nil, err
	}
	if string(start[:6]) != npyMagic || start[6] < 1 || start[6] > 3 {
		return nil, Errorf(c.File, 0, "starts with %q, but a .npy file of version 1 to 3 starts with %q and its version", start, npyMagic)
	}
	length := make([]byte, 2)
	if start[6] > 1 {
		length = make([]byte, 4)
	}
	if err := c.ReadFull(length); err != nil {
		return nil, err
	}
	n := uint32(binary.LittleEndian.Uint16(length))
	if len(length) == 4 {
		n = binary.LittleEndian.Uint32(length)
	}
	if n > maxHeader {
		return nil, c.Fail(nil, "a header of %d bytes, the limit is %d", n, maxHeader)
	}
	at := c.At
	text := make([]byte, n)
	if err := c.ReadFull(text); err != nil {
		return nil, err
	}
	descr, fortran, shape := npyDescr.FindSubmatch(text), npyFortran.FindSubmatch(text), npyShape.FindSubmatch(text)
	if descr == nil || fortran == nil || shape == nil {
		return nil, Errorf(c.File, at, "the header %q does not tell type, order and shape of a plain array", text)
	}
	d, err := parseDtype(string(descr[1]))
	if err != nil {
		return nil, &Error{File: c.File, Offset: at, Msg: "wrong header", Err: err}
	}
	a := &Array{Kind: d.kind, Size: d.size, Order: d.order, Fortran: string(fortran[1]) == "True"}
	for _, field := range strings.Split(string(shape[1]), ",") {
		if field = strings.TrimSpace(field); field == "" {
			continue
		}
		n, err := strconv.Atoi(field)
		if err != nil {
			return nil, &Error{File: c.File, Offset: at, Msg: "wrong shape", Err: err}
		}
		a.Shape = append(a.Shape, n)
	}
	return a, nil
}

// WriteNPYHeader writes the header of a NumPy .npy file of version 1, behind which the
// elements of an array of the given shape follow, little-endian and with the last index
// changing fastest. kind and size are those of an [Array]. The elements begin at a
// multiple of 64 bytes, as NumPy puts them.
func WriteNPYHeader(w io.Writer, kind Kind, size int, shape ...int) error {
	order := byte('<')
	if size == 1 {
		order = '|'
	}
	var dims strings.Builder
	for _, n := range shape {
		fmt.Fprintf(&dims, "%d, ", n)
	}
	tuple := strings.TrimSuffix(dims.String(), " ")
	if len(shape) != 1 { // only a tuple of one has a comma at its end
		tuple = strings.TrimSuffix(tuple, ",")
	}
	text := fmt.Sprintf("{'descr': '%c%c%d', 'fortran_order': False, 'shape': (%s), }", order, kind, size, tuple)
	const before = len(npyMagic) + 4
	text += strings.Repeat(" ", 63-(before+len(text))%64) + "\n"
	head := append([]byte(npyMagic), 1, 0)
	head = binary.LittleEndian.AppendUint16(head, uint16(len(text)))
	_, err := w.Write(append(head, text...))
	return err
}
