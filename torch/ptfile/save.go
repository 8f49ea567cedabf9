package ptfile

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"

	"sslmem/data/atomicfile"
)

// Save writes the tree to the file at path, as Write does. The file appears
// complete or not at all: until all of it has reached the disk, whatever was at
// path before stays there.
func Save(path string, root Value) error {
	return atomicfile.Write(path, func(w io.Writer) error { return Write(w, root) })
}

// Write writes the tree as a file that torch.load of PyTorch 1.6 or later
// opens, also with weights_only=True. Each storage, whose Data must be there,
// is written once, and begins at a multiple of 64 bytes, so that
// torch.load(mmap=True) can use it in place. The same tree gives the same
// bytes.
//
// It is an error, before anything is written, if the tree has a value that is
// not one of [Value]'s, is an *Object, or holds itself, or a tensor does not
// fit its storage. Other errors are those of w.
func Write(w io.Writer, root Value) error {
	text, storages, err := pickle(root)
	if err != nil {
		return err
	}
	if len(text) > maxPickle {
		return fmt.Errorf("ptfile: the values take %d bytes without the tensors, more than the %d allowed", len(text), maxPickle)
	}
	a := newArchive(w)
	a.record("data.pkl", text)
	a.record("byteorder", []byte("little"))
	for i, s := range storages {
		a.record("data/"+strconv.Itoa(i), s.Data)
	}
	a.record("version", []byte("3\n"))
	a.record(".data/serialization_id", a.id())
	return a.close()
}

// archive writes the zip container.
type archive struct {
	out    *counter
	zip    *zip.Writer
	digest []byte // of names and checksums so far
	err    error  // the first
}

// counter counts the bytes that went through.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

func newArchive(w io.Writer) *archive {
	out := &counter{w: w}
	return &archive{out: out, zip: zip.NewWriter(out)}
}

const (
	folder       = "archive/" // what torch.save writes to a buffer calls it
	alignment    = 64
	localHeader  = 30 // bytes of the header before a record, without name and extra field
	extraHeader  = 4  // bytes of an extra field before its content
	sizeOfZip32  = 1<<32 - 1
	streamedFlag = 0x8 // the sizes stand behind the record
)

// record stores b so that it begins at a multiple of 64 bytes. The padding lies
// in an extra field of the type "FB", as PyTorch does it.
func (a *archive) record(name string, b []byte) {
	if a.err != nil {
		return
	}
	if err := a.store(name, b); err != nil {
		a.err = fmt.Errorf("ptfile: writing the record %q: %w", name, err)
	}
}

func (a *archive) store(name string, b []byte) error {
	if err := a.zip.Flush(); err != nil {
		return err
	}
	h := &zip.FileHeader{
		Name: folder + name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(b),
		CompressedSize64: uint64(len(b)), UncompressedSize64: uint64(len(b)),
	}
	if len(b) >= sizeOfZip32 {
		h.Flags |= streamedFlag // only there do the sizes have 64 bits
	}
	before := a.out.n + localHeader + int64(len(h.Name)) + extraHeader
	padding := (alignment - before%alignment) % alignment
	h.Extra = append([]byte{'F', 'B', byte(padding), 0}, make([]byte, padding)...)
	w, err := a.zip.CreateRaw(h)
	if err != nil {
		return err
	}
	h.Extra = nil // the directory does not need it
	if _, err := w.Write(b); err != nil {
		return err
	}
	a.digest = append(a.digest, h.Name...)
	a.digest = binary.LittleEndian.AppendUint32(a.digest, h.CRC32)
	return nil
}

// id is a number of 40 digits that is the same for the same records.
func (a *archive) id() []byte {
	sum := sha256.Sum256(a.digest)
	return fmt.Appendf(nil, "%020d%020d", binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:]))
}

func (a *archive) close() error {
	if a.err != nil {
		return a.err
	}
	if err := a.zip.Close(); err != nil {
		return fmt.Errorf("ptfile: writing the directory: %w", err)
	}
	return nil
}
