package data

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"slices"
	"strings"

	"sslmem/data/format"
	"sslmem/data/tree"
)

// A member is a file in an archive while it is indexed.
type member struct {
	name   string
	offset int64 // in the archive, of the content
	size   int64
	zip    *zip.File
}

// maxUnpacked bounds what a .tar.gz of images may take in memory.
const maxUnpacked = 2 << 30

// An archive is an open file of members.
type archive struct {
	path    string
	members []member
	in      io.ReaderAt
	closer  io.Closer
}

// openArchive lists the members of a .tar, .tar.gz or .zip that want asks for.
// Of a .tar.gz they are unpacked into memory. A .tar within a .tar, as in
// ImageNet's archive of training images, is a folder of its name.
func openArchive(t *tree.Tree, want func(name string) (bool, error)) (*archive, error) {
	file, err := os.Open(t.Path)
	if err != nil {
		return nil, fmt.Errorf("data: cannot open archive: %w", err)
	}
	a := &archive{path: t.Path, in: file, closer: file}
	info, err := file.Stat()
	if err == nil {
		switch {
		case t.IsZip():
			err = a.listZip(info.Size(), want)
		case t.IsTar():
			err = a.listTar("", 0, info.Size(), want)
		default:
			err = a.unpack(file, want)
		}
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return a, nil
}

func (a *archive) add(m member, want func(string) (bool, error)) error {
	ok, err := want(m.name)
	if err != nil || !ok {
		return err
	}
	if m.size > maxFile {
		return format.Errorf(a.path+"!"+m.name, 0, "a file of %d bytes, the limit is %d", m.size, maxFile)
	}
	a.members = append(a.members, m)
	return nil
}

func cleanName(name string) string { return path.Clean(strings.TrimPrefix(name, "./")) }

// listTar lists the archive that lies in n bytes from offset on.
func (a *archive) listTar(prefix string, offset, n int64, want func(string) (bool, error)) error {
	section := io.NewSectionReader(a.in, offset, n)
	for r := tar.NewReader(section); ; {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		at, _ := section.Seek(0, io.SeekCurrent) // a section can always tell
		if err != nil {
			return &format.Error{File: a.path, Offset: offset + at, Msg: "damaged archive", Err: err}
		}
		m := member{name: prefix + cleanName(h.Name), offset: offset + at, size: h.Size}
		switch {
		case h.Typeflag != tar.TypeReg || strings.HasPrefix(path.Base(m.name), "._"):
			continue
		case h.PAXRecords["GNU.sparse.major"] != "":
			return format.Errorf(a.path, m.offset, "%s is a sparse file, which cannot be read in place; unpack the archive", m.name)
		case m.offset+m.size > offset+n:
			return format.Errorf(a.path, offset+n, "the archive is truncated within %s", m.name)
		case strings.HasSuffix(m.name, ".tar") && prefix == "":
			err = a.listTar(strings.TrimSuffix(m.name, ".tar")+"/", m.offset, m.size, want)
		default:
			err = a.add(m, want)
		}
		if err != nil {
			return err
		}
	}
}

func (a *archive) listZip(size int64, want func(string) (bool, error)) error {
	z, err := zip.NewReader(a.in, size)
	if err != nil {
		return &format.Error{File: a.path, Msg: "damaged zip archive", Err: err}
	}
	for _, f := range z.File {
		if f.UncompressedSize64 > math.MaxInt64 {
			return format.Errorf(a.path, 0, "%s announces %d bytes", f.Name, f.UncompressedSize64)
		}
		if f.Mode().IsRegular() {
			if err := a.add(member{name: cleanName(f.Name), size: int64(f.UncompressedSize64), zip: f}, want); err != nil {
				return err
			}
		}
	}
	return nil
}

// unpack reads a .tar.gz into memory.
func (a *archive) unpack(file *os.File, want func(string) (bool, error)) error {
	defer file.Close()
	fail := func(err error) error {
		return &format.Error{File: a.path, Msg: "damaged archive", Err: err}
	}
	z, err := gzip.NewReader(file)
	if err != nil {
		return fail(err)
	}
	var content []byte
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fail(err)
		}
		m := member{name: cleanName(h.Name), offset: int64(len(content)), size: h.Size}
		before := len(a.members)
		if h.Typeflag != tar.TypeReg || strings.HasPrefix(path.Base(m.name), "._") {
			continue
		}
		if err := a.add(m, want); err != nil {
			return err
		}
		if len(a.members) == before {
			continue
		}
		if m.offset+m.size > maxUnpacked {
			return fmt.Errorf("data: the images of %s take more than %d GB of memory; unpack the archive and give the folder", a.path, maxUnpacked>>30)
		}
		grown := slices.Grow(content, int(min(m.size, 1<<20)))
		for left := m.size; left > 0; { // memory follows what is there
			n := min(left, 1<<20)
			grown = slices.Grow(grown, int(n))
			piece := grown[len(grown) : len(grown)+int(n)]
			if _, err := io.ReadFull(r, piece); err != nil {
				return fail(err)
			}
			grown, left = grown[:len(grown)+int(n)], left-n
		}
		content = grown
	}
	if _, err := io.Copy(io.Discard, z); err != nil { // the checksum
		return fail(err)
	}
	a.in, a.closer = bytesAt(content), nil
	return nil
}

// bytesAt reads from memory.
type bytesAt []byte

func (b bytesAt) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= int64(len(b)) {
		return 0, io.EOF
	}
	n := copy(p, b[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// zipStore reads members of a zip archive.
type zipStore struct {
	path    string
	members []*zip.File
	closer  io.Closer
}

func (z *zipStore) join(path string) string { return z.path + "!" + path }
func (z *zipStore) Close() error            { return z.closer.Close() }

func (z *zipStore) read(i int, path string, buf []byte) ([]byte, error) {
	m := z.members[i]
	fail := func(at int, err error) error {
		return &format.Error{File: z.join(path), Offset: int64(at), Msg: "cannot unpack", Err: err}
	}
	r, err := m.Open()
	if err != nil {
		return nil, fail(0, err)
	}
	defer r.Close()
	n := int64(m.UncompressedSize64)
	if most := int64(m.CompressedSize64) * format.MaxDeflate; n > most {
		return nil, format.Errorf(z.join(path), 0, "%d bytes are announced, but %d cannot unpack to more than %d", n, m.CompressedSize64, most)
	}
	if int64(cap(buf)) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if k, err := io.ReadFull(r, buf); err != nil {
		return nil, fail(k, err)
	}
	var extra [1]byte // the end checks the checksum
	if k, err := r.Read(extra[:]); k != 0 || !errors.Is(err, io.EOF) {
		return nil, fail(int(n), errors.Join(errors.New("damaged end"), err))
	}
	return buf, nil
}

// files makes Files of some members, in the order in which they are given.
func (a *archive) files(name string, members []member, folder []string, label []int, classes []string) (*Files, error) {
	f := &Files{name: name, root: a.path, classes: classes}
	for i, m := range members {
		if err := f.index.add(folder[i], path.Base(m.name), label[i]); err != nil {
			return nil, err
		}
	}
	f.index.clip()
	if len(members) > 0 && members[0].zip != nil {
		z := &zipStore{path: a.path, closer: a.closer}
		for _, m := range members {
			z.members = append(z.members, m.zip)
		}
		f.store = z
		return f, nil
	}
	r := &ranges{paths: []string{a.path}, in: []io.ReaderAt{a.in}}
	if a.closer != nil {
		r.close = []io.Closer{a.closer}
	}
	for _, m := range members {
		r.file, r.offset, r.size = append(r.file, 0), append(r.offset, m.offset), append(r.size, uint32(m.size))
	}
	f.store = r
	return f, nil
}
