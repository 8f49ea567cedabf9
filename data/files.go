package data

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"sslmem/data/format"
	"sslmem/data/picture"
)

// Files is a [Source] of image files, in a folder or in archives, of which only
// an index is in memory. See package picture for how they are decoded.
type Files struct {
	// Orient turns pictures as the camera noted. torchvision does not, and so it
	// is false by default. It must not be changed while images are decoded.
	Orient bool

	name    string
	root    string
	classes []string
	index   index
	store   store
}

// A store reads the content of files; it may be used by many goroutines.
type store interface {
	// read reads file i, of the given path, into buf or into more memory.
	read(i int, path string, buf []byte) ([]byte, error)
	// join returns the path for messages.
	join(path string) string
	io.Closer
}

// maxFile bounds the bytes of one image file.
const maxFile = 1 << 28

// Len returns the number of files.
func (f *Files) Len() int { return f.index.len() }

// Label returns the class of image i, −1 if it has none.
func (f *Files) Label(i int) int { return int(f.index.label[i]) }

// ClassNames returns the names of the classes, nil if there are no labels.
func (f *Files) ClassNames() []string { return f.classes }

// Path returns where image i lies; the name in an archive stands after "!".
func (f *Files) Path(i int) string { return f.store.join(f.index.path(i)) }

// Title returns the name of the data set and the place it was opened at.
func (f *Files) Title() (name, source string) { return f.name, f.root }

// Close closes the archives, after which nothing can be decoded.
func (f *Files) Close() error { return f.store.Close() }

// buffers holds memory for the content of files.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// Decode decodes image i to red, green and blue. A *[FormatError] names the file.
func (f *Files) Decode(i int, into *picture.Image) error {
	if i < 0 || i >= f.Len() {
		return outOfRange(i, f.Len())
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	path := f.index.path(i)
	content, err := f.store.read(i, path, *buf)
	if err != nil {
		return err
	}
	*buf = content
	return picture.Decode(f.store.join(path), content, f.Orient, into)
}

// folderStore reads files below a folder.
type folderStore string

func (root folderStore) join(path string) string {
	return filepath.Join(string(root), filepath.FromSlash(path))
}

func (root folderStore) Close() error { return nil }

func (root folderStore) read(_ int, path string, buf []byte) ([]byte, error) {
	f, err := os.Open(root.join(path))
	if err != nil {
		return nil, fmt.Errorf("data: cannot open image: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("data: cannot open image: %w", err)
	}
	return readRange(f, root.join(path), 0, info.Size(), buf)
}

// readRange reads n bytes from offset on.
func readRange(r io.ReaderAt, path string, offset, n int64, buf []byte) ([]byte, error) {
	if n > maxFile {
		return nil, format.Errorf(path, 0, "an image file of %d bytes, the limit is %d", n, maxFile)
	}
	if int64(cap(buf)) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if m, err := r.ReadAt(buf, offset); int64(m) < n {
		return nil, &format.Error{File: path, Offset: int64(m), Msg: "cannot read the image", Err: err}
	}
	return buf, nil
}

// ranges reads files that lie in larger ones, as they do in tar archives.
type ranges struct {
	paths  []string // of the archives
	in     []io.ReaderAt
	close  []io.Closer
	file   []uint16 // of each image: the archive
	offset []int64
	size   []uint32
}

func (r *ranges) join(path string) string {
	if len(r.paths) == 1 {
		return r.paths[0] + "!" + path
	}
	return path // which begins with that of the archive
}

func (r *ranges) read(i int, path string, buf []byte) ([]byte, error) {
	return readRange(r.in[r.file[i]], r.join(path), r.offset[i], int64(r.size[i]), buf)
}

func (r *ranges) Close() error {
	for _, c := range r.close {
		if err := c.Close(); err != nil {
			return err
		}
	}
	return nil
}

// imageEndings are the endings by which torchvision knows images.
var imageEndings = []string{".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}

// isImage reports whether a file is an image by its name. Those of formats that
// cannot be decoded are an error and not passed over.
func isImage(path string) (bool, error) {
	name := strings.ToLower(path)
	for _, e := range imageEndings {
		if strings.HasSuffix(name, e) {
			switch e {
			case ".ppm", ".pgm", ".tif", ".tiff":
				return false, fmt.Errorf("data: %s: images that end in %s cannot be read; convert them to PNG", path, e)
			}
			return true, nil
		}
	}
	return false, nil
}
