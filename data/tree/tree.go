// Package tree sees a folder, an archive and a single file alike: as files with
// slash-separated names.
//
// An archive is a .tar, .tar.gz (.tgz) or .zip, recognised by its content and
// not by its name. Files that end in .gz are unpacked on the way and lose that
// ending, in folders and in archives, so that train-images-idx3-ubyte.gz and
// train-images-idx3-ubyte are one.
package tree

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sslmem/data/format"
)

// A Tree is a folder, an archive or a file that was opened.
type Tree struct {
	Path string
	kind kind
}

type kind int

const (
	folder kind = iota
	single
	tarball
	tarGzip
	zipped
)

// A File is one file while it is visited.
type File struct {
	Name   string // slash-separated, relative to the tree, without ".gz"
	Path   string // for errors: where it lies, with "!" before the name in an archive
	Size   int64  // bytes that it takes where it lies, compressed or not
	Factor int64  // by how much Size may expand: 1 or [format.MaxDeflate]
	io.Reader
}

// Base returns the last element of the name.
func (f *File) Base() string { return path.Base(f.Name) }

// ReadAll returns the content. It is an error if it has more than most bytes.
func (f *File) ReadAll(most int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, &format.Error{File: f.Path, Offset: int64(len(b)), Msg: "cannot read on", Err: err}
	}
	if int64(len(b)) > most {
		return nil, format.Errorf(f.Path, most, "the file goes on after %d bytes, more than it may have", most)
	}
	return b, nil
}

// ErrStop ends a visit without an error.
var ErrStop = errors.New("tree: stop")

// Open looks at what lies at path.
func Open(path string) (*Tree, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("data: cannot open data set: %w", err)
	}
	if info.IsDir() {
		return &Tree{path, folder}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data: cannot open data set: %w", err)
	}
	defer f.Close()
	b := bufio.NewReaderSize(f, 1<<12)
	head, _ := b.Peek(512)
	switch {
	case isTar(head):
		return &Tree{path, tarball}, nil
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return &Tree{path, zipped}, nil
	case isGzip(head):
		if z, err := gzip.NewReader(b); err == nil {
			inner := make([]byte, 512)
			n, _ := io.ReadFull(z, inner)
			if isTar(inner[:n]) {
				return &Tree{path, tarGzip}, nil
			}
		}
	}
	return &Tree{path, single}, nil
}

func isGzip(head []byte) bool { return len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b }

// isTar looks for the mark of POSIX and GNU archives, or else for a checksum
// that fits, as in those of old.
func isTar(head []byte) bool {
	if len(head) < 512 {
		return false
	}
	if string(head[257:262]) == "ustar" {
		return true
	}
	h, err := tar.NewReader(bytes.NewReader(append(bytes.Clone(head[:512]), make([]byte, 1024)...))).Next()
	return err == nil && h.Name != ""
}

// IsFolder reports whether the tree is a folder.
func (t *Tree) IsFolder() bool { return t.kind == folder }

// IsFile reports whether the tree is one file.
func (t *Tree) IsFile() bool { return t.kind == single }

// IsZip reports whether the tree is a zip archive, which .npz files are too.
func (t *Tree) IsZip() bool { return t.kind == zipped }

// IsTar reports whether the tree is a tar archive that is not compressed.
func (t *Tree) IsTar() bool { return t.kind == tarball }

// depth is how deep a folder is searched: torchvision puts the files of MNIST
// into FOLDER/MNIST/raw.
const depth = 3

// manyFolders is the number of folders from which on they are classes of
// images and are not searched.
const manyFolders = 64

// Visit calls f for the files that want asks for by name, in the order of the
// archive, or of the names in a folder, of which the upper levels are searched. It
// ends at the first error; [ErrStop] ends it without one.
func (t *Tree) Visit(want func(name string) bool, f func(*File) error) error {
	err := t.visit(func(name string) bool { return want(strings.TrimSuffix(name, ".gz")) }, func(file *File) error {
		if !strings.HasSuffix(file.Name, ".gz") && t.kind != single {
			return f(file)
		}
		b := bufio.NewReaderSize(file.Reader, 1<<16)
		if head, _ := b.Peek(2); isGzip(head) {
			z, err := gzip.NewReader(b)
			if err != nil {
				return &format.Error{File: file.Path, Msg: "damaged gzip header", Err: err}
			}
			file.Reader, file.Factor = z, file.Factor*format.MaxDeflate
		} else {
			file.Reader = b
		}
		file.Name = strings.TrimSuffix(file.Name, ".gz")
		return f(file)
	})
	if errors.Is(err, ErrStop) {
		return nil
	}
	return err
}

func (t *Tree) visit(want func(string) bool, f func(*File) error) error {
	switch t.kind {
	case folder:
		return t.visitFolder("", depth, want, f)
	case single:
		if name := filepath.Base(t.Path); want(name) {
			return t.open(t.Path, name, f)
		}
		return nil
	case zipped:
		return t.visitZip(want, f)
	}
	file, err := os.Open(t.Path)
	if err != nil {
		return fmt.Errorf("data: cannot open archive: %w", err)
	}
	defer file.Close()
	counted := &counter{r: bufio.NewReaderSize(file, 1<<18)}
	var r io.Reader = counted
	factor := int64(1)
	if t.kind == tarGzip {
		z, err := gzip.NewReader(counted)
		if err != nil {
			return &format.Error{File: t.Path, Msg: "damaged gzip header", Err: err}
		}
		r, factor = z, format.MaxDeflate
	}
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("data: cannot open archive: %w", err)
	}
	return t.visitTar(r, counted, info.Size(), factor, want, f)
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// drain reads to the end of the file, where the checksum of a packed archive
// stands.
func (t *Tree) drain(rest io.Reader) error {
	if t.kind != tarGzip {
		return nil
	}
	_, err := io.Copy(io.Discard, rest)
	return err
}

func (t *Tree) visitTar(rest io.Reader, at *counter, size, factor int64, want func(string) bool, f func(*File) error) error {
	r := tar.NewReader(rest)
	for {
		h, err := r.Next()
		if err == io.EOF {
			err = t.drain(rest)
			if err == nil {
				return nil
			}
		}
		if err != nil {
			return &format.Error{File: t.Path, Offset: at.n, Msg: "damaged archive", Err: err}
		}
		name := path.Clean(strings.TrimPrefix(h.Name, "./"))
		if h.Typeflag != tar.TypeReg || strings.HasPrefix(path.Base(name), "._") || !want(name) {
			continue
		}
		if h.Size > size*factor {
			return format.Errorf(t.Path, at.n, "%s has %d bytes, which an archive of %d bytes cannot hold", name, h.Size, size)
		}
		if err := f(&File{Name: name, Path: t.Path + "!" + name, Size: h.Size, Factor: 1, Reader: r}); err != nil {
			return err
		}
	}
}

func (t *Tree) visitZip(want func(string) bool, f func(*File) error) error {
	z, err := zip.OpenReader(t.Path)
	if err != nil {
		return &format.Error{File: t.Path, Msg: "damaged zip archive", Err: err}
	}
	defer z.Close()
	for _, m := range z.File {
		name := path.Clean(m.Name)
		if m.Mode().IsDir() || !want(name) {
			continue
		}
		r, err := m.Open()
		if err != nil {
			return &format.Error{File: t.Path + "!" + name, Msg: "cannot unpack", Err: err}
		}
		err = f(&File{Name: name, Path: t.Path + "!" + name, Size: int64(m.CompressedSize64), Factor: format.MaxDeflate, Reader: r})
		r.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *Tree) visitFolder(dir string, levels int, want func(string) bool, f func(*File) error) error {
	entries, err := os.ReadDir(filepath.Join(t.Path, filepath.FromSlash(dir)))
	if err != nil {
		return fmt.Errorf("data: cannot list folder: %w", err)
	}
	var folders []string
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		full := filepath.Join(t.Path, filepath.FromSlash(name))
		mode := e.Type()
		if mode&fs.ModeSymlink != 0 {
			if info, err := os.Stat(full); err == nil {
				mode = info.Mode()
			}
		}
		switch {
		case mode.IsDir():
			folders = append(folders, name)
		case mode.IsRegular() && want(name):
			if twice(entries, e.Name()) {
				continue
			}
			if err := t.open(full, name, f); err != nil {
				return err
			}
		}
	}
	if levels <= 1 || len(folders) >= manyFolders {
		return nil
	}
	for _, name := range folders {
		if err := t.visitFolder(name, levels-1, want, f); err != nil {
			return err
		}
	}
	return nil
}

// twice reports whether name is the packed form of a file that lies beside it.
func twice(entries []fs.DirEntry, name string) bool {
	plain, packed := strings.CutSuffix(name, ".gz")
	return packed && slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == plain })
}

func (t *Tree) open(full, name string, f func(*File) error) error {
	file, err := os.Open(full)
	if err != nil {
		return fmt.Errorf("data: cannot open file: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("data: cannot open file: %w", err)
	}
	return f(&File{Name: name, Path: full, Size: info.Size(), Factor: 1, Reader: file})
}
