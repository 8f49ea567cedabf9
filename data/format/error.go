package format

import "fmt"

// Error says where a file is not what it should be.
type Error struct {
	File   string // path as given; a member of an archive stands after its "!"
	Offset int64  // byte at which the fault lies, counted after decompression
	Msg    string // what was found, what was expected, and what to do
	Err    error  // cause from below, nil if the content itself is at fault
}

// Error returns one sentence with file, offset and fault.
func (e *Error) Error() string {
	s := fmt.Sprintf("data: %s, byte %d: %s", e.File, e.Offset, e.Msg)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause from below.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error without a cause.
func Errorf(file string, offset int64, msg string, args ...any) *Error {
	return &Error{File: file, Offset: offset, Msg: fmt.Sprintf(msg, args...)}
}
