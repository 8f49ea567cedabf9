package format

import (
	"errors"
	"fmt"
	"io"
)

// cursor reads full buffers and knows where it is.
type cursor struct {
	file string
	r    io.Reader
	at   int64
}

// read fills buf or fails with an Error at the byte where the data ended.
func (c *cursor) read(buf []byte) error {
	n, err := io.ReadFull(c.r, buf)
	c.at += int64(n)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return c.fail(io.ErrUnexpectedEOF, "the file is truncated, %d more bytes were expected", len(buf)-n)
	}
	return c.fail(err, "cannot read on")
}

// skip passes over n bytes.
func (c *cursor) skip(n int64) error {
	m, err := io.CopyN(io.Discard, c.r, n)
	c.at += m
	if err != nil {
		return c.fail(err, "the file is truncated, %d more bytes were expected", n-m)
	}
	return nil
}

// end fails unless there is nothing more; it also checks the checksum of what
// was compressed.
func (c *cursor) end() error {
	var extra [1]byte
	switch n, err := io.ReadFull(c.r, extra[:]); {
	case n == 1:
		return c.fail(nil, "the data goes on after its end")
	case !errors.Is(err, io.EOF):
		return c.fail(err, "damaged end")
	}
	return nil
}

// fail makes an Error at the current byte.
func (c *cursor) fail(cause error, msg string, args ...any) error {
	return &Error{File: c.file, Offset: c.at, Msg: fmt.Sprintf(msg, args...), Err: cause}
}

// payload reads n bytes of a file of the given size, compressed at most by
// factor. No memory is taken for more than such a file can hold.
func (c *cursor) payload(n, size int64, factor int64) ([]byte, error) {
	if most := size * factor; n > most {
		return nil, c.fail(nil, "%d bytes are announced, but a file of %d bytes cannot hold more than %d: it is damaged or truncated", n, size, most)
	}
	b := make([]byte, n)
	return b, c.read(b)
}
