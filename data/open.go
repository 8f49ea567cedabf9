package data

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sslmem/data/tree"
)

// Carried is the name of the data set that the program carries, see
// [FashionMNIST].
const Carried = "fashion-mnist"

// Set is a data set that was opened.
type Set struct {
	Name   string   // short, e.g. "cifar10"
	Format string   // what it was recognised as, e.g. "CIFAR-10, binary"
	Path   string   // where it lies; "" if the program carries it
	Part   string   // the part that was asked for, "" for the usual one
	Parts  []string // all parts that may be asked for

	Train Source
	Test  Source // nil if there is none
}

// OpenSet opens a data set and recognises its format from the names and the
// content of its files. ref is
//
//   - "fashion-mnist", the carried images,
//   - the name of a data set of the [Catalogue] that lies in [Home], or
//   - a path: of a folder, an archive (.tar, .tar.gz, .zip) or a file.
//
// A part follows after "#": "stl10#unlabeled", "svhn#extra", "emnist#letters".
// Images that are decoded already come as a *[Dataset], those of folders and
// archives of image files as *[Files], which should be closed by [Set.Close].
func OpenSet(ref string) (*Set, error) {
	path, name, part := Locate(ref)
	if path == Carried {
		return openCarried(part)
	}
	if name != "" && !exists(path) {
		return nil, fmt.Errorf("data: %s is not on this machine: it was looked for in %s; get it with: sslmem data get %s: %w", name, path, name, fs.ErrNotExist)
	}
	t, err := tree.Open(path)
	if err != nil {
		return nil, err
	}
	s, err := openTree(t, part)
	if err == nil && name != "" && s.Name == name+"-train" {
		s.Name = name
	}
	return s, err
}

// Locate returns the path that a ref of [OpenSet] stands for, the name in the
// [Catalogue] if it was found by that, and the part. There need be nothing at the
// path, and for the carried images it is their name.
func Locate(ref string) (path, name, part string) {
	path = ref
	if i := strings.LastIndexByte(ref, '#'); i >= 0 && !exists(ref) {
		path, part = ref[:i], ref[i+1:]
	}
	if path != Carried && !exists(path) {
		if e, ok := Lookup(path); ok {
			return filepath.Join(Home(), e.Name), e.Name, part
		}
	}
	return path, "", part
}

func openCarried(part string) (*Set, error) {
	if part != "" {
		return nil, fmt.Errorf("data: the carried %s has no parts, but %q was asked for", Carried, part)
	}
	train, test, err := FashionMNIST()
	if err != nil {
		return nil, err
	}
	return &Set{Name: Carried, Format: "Fashion-MNIST, the part that the program carries", Train: train, Test: test}, nil
}

// exists reports whether there is something at path.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Close closes the files of s.
func (s *Set) Close() error {
	var errs []error
	for _, src := range []Source{s.Train, s.Test} {
		if c, ok := src.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// Open reads a data set into memory; ref is that of [OpenSet], and test is nil
// where there is none. Images must be of one size: for a folder of others use
// OpenSet and [Load].
//
// For one IDX or .npy file, the labels are read from the file beside it whose
// name has "labels" for "images" and "idx1" for "idx3" if there is one.
func Open(ref string) (train, test *Dataset, err error) {
	return OpenSized(ref, 0)
}

// OpenSized is Open with images of size×size pixels, as [Load] makes them; 0
// leaves them as they are.
func OpenSized(ref string, size int) (train, test *Dataset, err error) {
	s, err := OpenSet(ref)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if train, err = Load(s.Train, size); err != nil {
		return nil, nil, err
	}
	if s.Test != nil {
		test, err = Load(s.Test, size)
	}
	return train, test, err
}

// A form is a format that OpenSet recognises.
type form struct {
	title string
	parts []string
	open  func(t *tree.Tree, part string) (train, test Source, err error)
}

// forms are all formats, by the key that recognise returns.
var forms = map[string]form{
	"cifar10-binary":  {title: "CIFAR-10, binary", open: openCIFAR("cifar10-binary")},
	"cifar10-python":  {title: "CIFAR-10, python", open: openCIFAR("cifar10-python")},
	"cifar100-binary": {title: "CIFAR-100, binary", open: openCIFAR("cifar100-binary")},
	"cifar100-python": {title: "CIFAR-100, python", open: openCIFAR("cifar100-python")},
	"svhn":            {title: "SVHN, cropped digits", parts: []string{"extra", "train+extra"}, open: openSVHN},
	"svhn-file":       {title: "SVHN, one file", open: inMemory(openSVHNFile)},
	"stl10": {title: "STL-10, binary",
		parts: []string{"unlabeled", "train+unlabeled", "fold0", "fold1", "fold2", "fold3", "fold4", "fold5", "fold6", "fold7", "fold8", "fold9"},
		open:  openSTL},
	"mnist":  {title: "IDX, as MNIST", open: inMemory(func(t *tree.Tree, _ string) (*Dataset, *Dataset, error) { return openMNIST(t) })},
	"folder": {title: "IDX, as MNIST", open: inMemory(func(t *tree.Tree, _ string) (*Dataset, *Dataset, error) { return OpenFolder(t.Path) })},
	"emnist": {title: "EMNIST, IDX", parts: []string{"balanced", "byclass", "bymerge", "digits", "letters", "mnist"}, open: inMemory(openEMNIST)},
	"idx": {title: "IDX, one file", open: inMemory(func(t *tree.Tree, _ string) (*Dataset, *Dataset, error) {
		d, err := ReadIDX(t.Path, labelsBeside(t.Path))
		return d, nil, err
	})},
	"images":         {title: "folder of images", open: func(t *tree.Tree, _ string) (Source, Source, error) { return openFolders(t.Path) }},
	"images-archive": {title: "archive of images", open: func(t *tree.Tree, _ string) (Source, Source, error) { return openImageArchive(t) }},
	"imagenet":       {title: "ImageNet, archive of training images", open: func(t *tree.Tree, _ string) (Source, Source, error) { return openImageNet(t) }},
	"shards":         {title: "WebDataset", open: func(t *tree.Tree, _ string) (Source, Source, error) { return openShards(t) }},
	"npz":            {title: "NumPy .npz", open: inMemory(func(t *tree.Tree, _ string) (*Dataset, *Dataset, error) { return openNPZ(t) })},
	"npy": {title: "NumPy .npy", open: inMemory(func(t *tree.Tree, _ string) (*Dataset, *Dataset, error) {
		d, err := openNPY(t)
		return d, nil, err
	})},
}

// inMemory makes an open function of a form from one that returns Datasets.
func inMemory(open func(*tree.Tree, string) (train, test *Dataset, err error)) func(*tree.Tree, string) (Source, Source, error) {
	return func(t *tree.Tree, part string) (Source, Source, error) {
		train, test, err := open(t, part)
		if err != nil {
			return nil, nil, err
		}
		if test == nil {
			return train, nil, nil
		}
		return train, test, nil
	}
}

func openCIFAR(key string) func(*tree.Tree, string) (Source, Source, error) {
	return inMemory(func(t *tree.Tree, _ string) (*Dataset, *Dataset, error) { return cifarForms[key].read(t) })
}

// openTree recognises and opens what lies in t. A folder with the official archive
// of a data set stands for it.
func openTree(t *tree.Tree, part string) (*Set, error) {
	if t.IsFolder() {
		if path := officialArchive(t.Path); path != "" {
			inner, err := tree.Open(path)
			if err != nil {
				return nil, err
			}
			t = inner
		}
	}
	key, err := recognise(t)
	if err != nil {
		return nil, err
	}
	f := forms[key]
	s := &Set{Format: f.title, Path: t.Path, Part: part, Parts: f.parts}
	if part != "" && !slices.Contains(f.parts, part) {
		if len(f.parts) == 0 {
			return nil, fmt.Errorf("data: %s (%s) has no parts, but %q was asked for", t.Path, f.title, part)
		}
		return nil, fmt.Errorf("data: %s (%s) has no part %q; it has %s", t.Path, f.title, part, strings.Join(f.parts, ", "))
	}
	if s.Train, s.Test, err = f.open(t, part); err != nil {
		return nil, err
	}
	s.Name, _ = titleOf(s.Train)
	return s, nil
}
