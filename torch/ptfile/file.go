package ptfile

import (
	"archive/zip"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"strings"
)

// Options say how strictly a file is read.
type Options struct {
	// Opaque keeps instances of Python classes that this package does not
	// know, such as configurations, as *Object instead of refusing the file.
	// Nothing of such a class runs.
	Opaque bool
}

// A File is an open .pt or .pth file: the tree of its values, and access to
// the bytes of its storages.
type File struct {
	// Root is what torch.load would return. Tensors in it are descriptions;
	// their elements stay in the file until ReadStorage fetches them.
	Root Value

	path    string
	records map[*Storage]span
	order   []*Storage
	swap    bool // the file is big-endian
	source  io.ReaderAt
	closer  io.Closer
}

// span is where the bytes of a storage lie.
type span struct {
	offset int64
	size   int64
	crc    uint32
}

// Open opens the file at path and reads its tree. Elements of tensors are not
// read yet. Close it when they are no longer needed.
func Open(path string, opts Options) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("ptfile: %w", err)
	}
	stat, err := f.Stat()
	if err == nil && !stat.Mode().IsRegular() {
		err = problemf("this is not a regular file")
	}
	var file *File
	if err == nil {
		file, err = Read(f, stat.Size(), opts)
	}
	if err != nil {
		f.Close()
		return nil, withPath(err, path)
	}
	file.path, file.closer = path, f
	return file, nil
}

// Read reads the tree of a file of size bytes. The reader must stay usable as
// long as ReadStorage is called.
func Read(r io.ReaderAt, size int64, opts Options) (*File, error) {
	if err := checkStart(r, size); err != nil {
		return nil, err
	}
	d, err := directory(r, size)
	if err != nil {
		return nil, err
	}
	swap, err := d.bigEndian()
	if err != nil {
		return nil, err
	}
	text, err := d.content("data.pkl", maxPickle)
	if err != nil {
		return nil, err
	}
	root, storages, err := unpickle(text, opts)
	if err != nil {
		return nil, err
	}
	f := &File{Root: root, records: make(map[*Storage]span, len(storages)), order: storages, swap: swap, source: r}
	for _, s := range storages {
		rec, err := d.find("data/" + s.key)
		if err != nil {
			return nil, err
		}
		if rec.size != s.Bytes() {
			return nil, problemf("storage %q has %d elements of %s, which is %d bytes, but its record has %d", s.key, s.Numel, s.DType, s.Bytes(), rec.size)
		}
		f.records[s] = rec
	}
	return f, f.checkOverlap()
}

// checkOverlap makes sure that no two storages share bytes of the file, so that
// all of them together are never larger than the file.
func (f *File) checkOverlap() error {
	list := make([]span, 0, len(f.records))
	for _, r := range f.records {
		if r.size > 0 {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b span) int { return cmp.Compare(a.offset, b.offset) })
	for i := 1; i < len(list); i++ {
		if list[i].offset < list[i-1].offset+list[i-1].size {
			return problemf("two records overlap at byte %d of the file", list[i].offset)
		}
	}
	return nil
}

// Storages returns the storages of the file in the order in which the tree
// first names them. The slice is the caller's.
func (f *File) Storages() []*Storage { return slices.Clone(f.order) }

// ReadStorage reads the elements of a storage of this file, little-endian, into
// dst, whose length must be [Storage.Bytes]. Several goroutines may read at
// once.
//
// It is an error if the bytes do not have the checksum that the file notes.
// Files written with torch.serialization.set_crc32_options(False) have none.
func (f *File) ReadStorage(s *Storage, dst []byte) error {
	rec, ok := f.records[s]
	if !ok {
		return withPath(problemf("the storage is not one of this file"), f.path)
	}
	if int64(len(dst)) != rec.size {
		return withPath(problemf("storage %q has %d bytes, not the %d that were asked for", s.key, rec.size, len(dst)), f.path)
	}
	if err := readFull(f.source, dst, rec.offset); err != nil {
		return withPath(err, f.path)
	}
	if rec.crc != 0 && crc32.ChecksumIEEE(dst) != rec.crc {
		return withPath(problemf("the bytes of storage %q do not have the checksum that the file notes; it is damaged", s.key), f.path)
	}
	if !f.swap {
		return nil
	}
	word := elements[s.DType].word
	if s.Untyped {
		return withPath(problemf("storage %q was written by a big-endian machine without the type of its elements; in Python, load the file and save it again on a little-endian one", s.key), f.path)
	}
	if word > 1 {
		for i := 0; i+word <= len(dst); i += word {
			slices.Reverse(dst[i : i+word])
		}
	}
	return nil
}

// Close closes the file of Open. The tree stays.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	c := f.closer
	f.closer = nil
	if err := c.Close(); err != nil {
		return fmt.Errorf("ptfile: closing %s: %w", f.path, err)
	}
	return nil
}

// checkStart recognizes what is no zip archive by its first bytes.
func checkStart(r io.ReaderAt, size int64) error {
	head := make([]byte, min(size, 512))
	if err := readFull(r, head, 0); err != nil {
		return err
	}
	const fix = "; in Python, with PyTorch 1.6 or later: torch.save(torch.load(p, weights_only=True), p)"
	switch {
	case bytes.HasPrefix(head, []byte("PK")):
		return nil
	case bytes.Contains(head[:min(len(head), 32)], []byte("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19")):
		return problemf("this is a file of PyTorch before 1.6, or saved with _use_new_zipfile_serialization=False" + fix)
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return problemf("this is a tar file of PyTorch 0.1" + fix)
	case len(head) > 8 && head[8] == '{':
		return problemf("this is a safetensors file; load it with LoadSafetensors")
	case size == 0:
		return problemf("the file is empty")
	}
	return problemf("this is no file of torch.save: it does not begin as a zip archive")
}

// dir is the directory of an archive: the records below its one root folder.
type dir struct {
	records map[string]*zip.File
	source  io.ReaderAt
	size    int64 // of the whole file
}

func directory(r io.ReaderAt, size int64) (*dir, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, problemf("the zip archive cannot be read: %v; the file may be truncated", err)
	}
	root := ""
	for _, f := range archive.File {
		if folder, ok := strings.CutSuffix(f.Name, "/data.pkl"); ok && !strings.Contains(folder, "/") {
			root = folder + "/"
			break
		}
	}
	if root == "" {
		return nil, problemf("the zip archive has no data.pkl, so torch.save did not write it")
	}
	d := &dir{map[string]*zip.File{}, r, size}
	for _, f := range archive.File {
		name, ok := strings.CutPrefix(f.Name, root)
		if !ok {
			return nil, problemf("the zip archive has the record %q outside its folder %q", f.Name, root)
		}
		if d.records[name] != nil {
			return nil, problemf("the zip archive has the record %q twice", f.Name)
		}
		d.records[name] = f
		if name == "constants.pkl" || strings.HasPrefix(name, "code/") {
			return nil, problemf("this is a TorchScript file, which holds a program; load it with torch.LoadScript")
		}
	}
	return d, nil
}

// find returns where a record lies.
func (d *dir) find(name string) (span, error) {
	f := d.records[name]
	if f == nil {
		return span{}, problemf("the zip archive has no record %q", name)
	}
	if f.Method != zip.Store {
		return span{}, problemf("the record %q is compressed, which torch.save never does; unpack the archive and pack it again with zip -0", f.Name)
	}
	if f.CompressedSize64 != f.UncompressedSize64 || f.UncompressedSize64 > 1<<62 {
		return span{}, problemf("the record %q has %d bytes of which %d are stored", f.Name, f.UncompressedSize64, f.CompressedSize64)
	}
	offset, err := f.DataOffset()
	if err != nil {
		return span{}, problemf("the record %q cannot be read: %v", f.Name, err)
	}
	size := int64(f.UncompressedSize64)
	if offset > d.size || size > d.size-offset {
		return span{}, problemf("the record %q has %d bytes from byte %d on, past the end of the file; it may be truncated", f.Name, size, offset)
	}
	return span{offset, size, f.CRC32}, nil
}

// content reads a record of up to limit bytes.
func (d *dir) content(name string, limit int64) ([]byte, error) {
	rec, err := d.find(name)
	if err != nil {
		return nil, err
	}
	if rec.size > limit {
		return nil, problemf("the record %q has %d bytes, more than the %d allowed", name, rec.size, limit)
	}
	b := make([]byte, rec.size)
	if err := readFull(d.source, b, rec.offset); err != nil {
		return nil, err
	}
	if rec.crc != 0 && crc32.ChecksumIEEE(b) != rec.crc {
		return nil, problemf("the record %q does not have the checksum that the file notes; it is damaged", name)
	}
	return b, nil
}

// bigEndian reads the byte order; without a note it is little-endian.
func (d *dir) bigEndian() (bool, error) {
	if d.records["byteorder"] == nil {
		return false, nil
	}
	b, err := d.content("byteorder", 16)
	if err != nil {
		return false, err
	}
	switch string(b) {
	case "little":
		return false, nil
	case "big":
		return true, nil
	}
	return false, problemf("the byte order is %q, not little or big", b)
}

// readFull fills b from off; a short source is an error.
func readFull(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("ptfile: reading %d bytes at offset %d: %w", len(b), off, err)
}

// withPath puts the name of the file into an error of this package.
func withPath(err error, path string) error {
	var format *FormatError
	var global *UnknownGlobalError
	switch {
	case errors.As(err, &format):
		format.Path = path
	case errors.As(err, &global):
		global.Path = path
	}
	return err
}
