package format

import (
	"errors"
	"fmt"
	"io"
)

// A Cursor reads full buffers and knows where it is.
type Cursor struct {
	File string // for errors
	R    io.Reader
	At   int64 // bytes that were read
}

// ReadFull fills buf or fails with an Error at the byte where the data ended.
func (c *Cursor) ReadFull(buf []byte) error {
	n, err := io.ReadFull(c.R, buf)
	c.At += int64(n)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return c.Fail(io.ErrUnexpectedEOF, "the file is truncated, %d more bytes were expected", len(buf)-n)
	}
	return c.Fail(err, "cannot read on")
}

// skip passes over n bytes.
func (c *Cursor) skip(n int64) error {
	m, err := io.CopyN(io.Discard, c.R, n)
	c.At += m
	if err != nil {
		return c.Fail(err, "the file is truncated, %d more bytes were expected", n-m)
	}
	return nil
}

// end fails unless there is nothing more; it also checks the checksum of what
// was compressed.
func (c *Cursor) end() error {
	var extra [1]byte
	switch n, err := io.ReadFull(c.R, extra[:]); {
	case n == 1:
		return c.Fail(nil, "the data goes on after its end")
	case !errors.Is(err, io.EOF):
		return c.Fail(err, "damaged end")
	}
	return nil
}

// Fail makes an Error at the current byte.
func (c *Cursor) Fail(cause error, msg string, args ...any) error {
	return &Error{File: c.File, Offset: c.At, Msg: fmt.Sprintf(msg, args...), Err: cause}
}

// payload reads n bytes of a file of the given size, compressed at most by
// factor. No memory is taken for more than such a file can hold.
func (c *Cursor) payload(n, size int64, factor int64) ([]byte, error) {
	if most := size * factor; n > most {
		return nil, c.Fail(nil, "%d bytes are announced, but a file of %d bytes cannot hold more than %d: it is damaged or truncated", n, size, most)
	}
	b := make([]byte, n)
	return b, c.ReadFull(b)
}
