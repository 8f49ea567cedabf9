package safetensors

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// File is an open safetensors file: a checked header and the bytes behind it.
//
// Its methods may be called by several goroutines at once, except that nothing
// may be going on while it is closed.
type File struct {
	path     string // "" for memory
	names    []string
	tensors  map[string]entry
	metadata map[string]string
	data     []byte // behind the header
	mapped   []byte // the whole map of Open, nil otherwise
	closed   bool
}

// Open maps the file at path into memory and checks its header. The values are
// read from disk when they are first touched.
//
// The bytes that the methods hand out are windows into the map. It is up to
// the caller that
//   - nothing touches them after Close, which would end the program with a
//     fault; copy what is to live longer;
//   - nothing writes to them: the map is read-only, and that is a fault too;
//   - no other program shortens the file while it is open. Replacing it by a
//     rename, as Save does, is harmless: the map keeps the old file.
//
// Where that cannot be promised, as on a network drive that comes and goes,
// use Read with an os.File.
func Open(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	defer file.Close() // the map outlives the descriptor
	stat, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	if !stat.Mode().IsRegular() {
		return nil, &FormatError{Path: path, Problem: "this is not a regular file, so it cannot be mapped"}
	}
	if stat.Size() < 8 {
		return nil, &FormatError{Path: path, Problem: tooShort(stat.Size())}
	}
	if stat.Size() > math.MaxInt {
		return nil, &FormatError{Path: path, Problem: fmt.Sprintf("%d bytes do not fit the address space", stat.Size())}
	}
	mapped, err := unix.Mmap(int(file.Fd()), 0, int(stat.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("safetensors: mapping %s into memory: %w", path, err)
	}
	f, err := Parse(mapped)
	if err != nil {
		return nil, withPath(errors.Join(err, unix.Munmap(mapped)), path)
	}
	f.path, f.mapped = path, mapped
	return f, nil
}

// Read reads size bytes of r, a whole file, into memory and checks the header.
// The header is checked before memory for the values is taken.
func Read(r io.ReaderAt, size int64) (*File, error) {
	if size < 8 {
		return nil, problemf("", "%s", tooShort(size))
	}
	var length [8]byte
	if err := readFull(r, length[:], 0); err != nil {
		return nil, err
	}
	n, err := headerLength(length, size)
	if err != nil {
		return nil, err
	}
	text := make([]byte, n)
	if err := readFull(r, text, 8); err != nil {
		return nil, err
	}
	dataLen := size - 8 - n
	h, err := parseHeader(text, dataLen)
	if err != nil {
		return nil, err
	}
	if dataLen > math.MaxInt {
		return nil, problemf("", "%d bytes do not fit the address space", dataLen)
	}
	data := make([]byte, dataLen)
	if err := readFull(r, data, 8+n); err != nil {
		return nil, err
	}
	return newFile(h, data), nil
}

// Parse checks a whole file that lies in memory. The bytes of its tensors are
// windows into b, which must not change while the File is in use.
func Parse(b []byte) (*File, error) {
	if len(b) < 8 {
		return nil, problemf("", "%s", tooShort(int64(len(b))))
	}
	n, err := headerLength([8]byte(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	data := b[8+n:]
	h, err := parseHeader(b[8:8+n], int64(len(data)))
	if err != nil {
		return nil, err
	}
	return newFile(h, data), nil
}

func newFile(h *header, data []byte) *File {
	f := &File{
		names:    make([]string, len(h.entries)),
		tensors:  make(map[string]entry, len(h.entries)),
		metadata: h.metadata,
		data:     data,
	}
	for i, e := range h.entries {
		f.names[i] = e.Name
		f.tensors[e.Name] = e
	}
	return f
}

// Names returns the names of all tensors in the order of their bytes in the
// file. The slice is the caller's.
func (f *File) Names() []string { return append([]string(nil), f.names...) }

// Metadata returns what the file's __metadata__ says, nil where there is none.
// The map is the caller's.
func (f *File) Metadata() map[string]string { return maps.Clone(f.metadata) }

// Info returns the description of the tensor of this name and whether the file
// has it. It works on a closed file too. The shape must not be changed.
func (f *File) Info(name string) (Info, bool) {
	e, ok := f.tensors[name]
	return e.Info, ok
}

// Tensor returns the description and the bytes of the tensor of this name:
// its elements, row-major and little-endian. Neither the bytes nor the shape
// may be changed, and the bytes of a file from Open are gone once it is closed.
//
// The bytes start at a multiple of the element size in files that Save or a
// current reference implementation wrote, but the format does not demand it.
//
// It is an error if the file has no such tensor or is closed.
func (f *File) Tensor(name string) (Info, []byte, error) {
	e, ok := f.tensors[name]
	if !ok {
		return Info{}, nil, &FormatError{Path: f.path, Tensor: name, Problem: fmt.Sprintf("the file has no tensor of this name among its %d", len(f.names))}
	}
	if f.closed {
		return Info{}, nil, fmt.Errorf("safetensors: reading tensor %q of %s: %w", name, f.path, os.ErrClosed)
	}
	return e.Info, f.data[e.begin:e.end:e.end], nil
}

// All ranges over the tensors in the order of their bytes in the file, with the
// same rules as Tensor. It yields nothing for a closed file.
func (f *File) All() iter.Seq2[Info, []byte] {
	return func(yield func(Info, []byte) bool) {
		for _, name := range f.names {
			info, data, err := f.Tensor(name)
			if err != nil || !yield(info, data) {
				return
			}
		}
	}
}

// Close gives the map of Open back to the system; see there for what that
// means. A File that came from Read or Parse is only marked as closed. Closing
// twice is no error.
func (f *File) Close() error {
	if f.closed {
		return nil
	}
	mapped := f.mapped
	f.closed, f.data, f.mapped = true, nil, nil
	if mapped == nil {
		return nil
	}
	if err := unix.Munmap(mapped); err != nil {
		return fmt.Errorf("safetensors: unmapping %s: %w", f.path, err)
	}
	return nil
}

// headerLength reads the first 8 bytes of a file of this size.
func headerLength(b [8]byte, size int64) (int64, error) {
	n := binary.LittleEndian.Uint64(b[:])
	if n > maxHeader && (string(b[:4]) == "PK\x03\x04" || b[0] == 0x80) { // a zip archive, or a pickle
		return 0, problemf("", "this is a file of PyTorch (.pt, .pth), or a zip archive, and no safetensors file; read it with torch.LoadPT")
	}
	if n > maxHeader {
		return 0, problemf("", "the first 8 bytes announce a header of %d bytes, more than the %d allowed, so this is no safetensors file", n, maxHeader)
	}
	if int64(n) > size-8 {
		return 0, problemf("", "the header has %d bytes, but only %d follow; the file may be truncated", n, size-8)
	}
	return int64(n), nil
}

func tooShort(size int64) string {
	return fmt.Sprintf("%d bytes are too few for a safetensors file, which begins with the 8-byte length of its header", size)
}

// readFull fills b from r at off; a short source is an error.
func readFull(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("safetensors: reading %d bytes at offset %d: %w", len(b), off, err)
}

// withPath puts the name of the file into a FormatError.
func withPath(err error, path string) error {
	var format *FormatError
	if errors.As(err, &format) {
		format.Path = path
	}
	return err
}
