package data

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// testFolders are the names of the folder beside train that holds test images.
var testFolders = []string{"val", "valid", "validation", "test"}

// OpenImageFolder indexes the images below a folder. Each folder in root is a
// class, named as it is, and holds the images of the class at any depth; the
// classes and the images are in the order of their names, as in torchvision's
// ImageFolder. A folder that holds images and no folders has no labels.
//
// A class without images is an error, as are images beside the folders of the
// classes, which would be passed over. classes are those that the folders must
// have, for a test set; nil takes the folders as they are.
func OpenImageFolder(root string, classes []string) (*Files, error) {
	f := &Files{name: filepath.Base(filepath.Clean(root)), root: root, store: folderStore(root)}
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("data: cannot list folder: %w", err)
	}
	var loose []string
	for _, e := range entries {
		full := filepath.Join(root, e.Name())
		mode := followed(full, e)
		if mode.IsDir() {
			f.classes = append(f.classes, e.Name())
			continue
		}
		ok, err := isImage(full)
		if err != nil {
			return nil, err
		}
		if ok && mode.IsRegular() {
			loose = append(loose, e.Name())
		}
	}
	slices.Sort(f.classes)
	if len(loose) > 0 {
		if len(f.classes) > 0 {
			return nil, fmt.Errorf("data: %s holds images such as %s beside the folders of classes such as %s; put them into one of these, or take the folders away", root, loose[0], f.classes[0])
		}
		for _, name := range loose {
			if err := f.index.add("", name, -1); err != nil {
				return nil, err
			}
		}
		f.index.clip()
		return f, nil
	}
	if classes != nil && !slices.Equal(classes, f.classes) {
		return nil, fmt.Errorf("data: %s has the classes %s, but the training set has %s", root, strings.Join(head(f.classes), ", "), strings.Join(head(classes), ", "))
	}
	for label, class := range f.classes {
		before := f.index.len()
		if err := f.addClass(class, label); err != nil {
			return nil, err
		}
		if f.index.len() == before {
			return nil, fmt.Errorf("data: the folder %s holds no image; remove it if it is no class", filepath.Join(root, class))
		}
	}
	if f.index.len() == 0 {
		return nil, fmt.Errorf("data: %s holds no images", root)
	}
	f.index.clip()
	return f, nil
}

// head returns the first few of a list.
func head(names []string) []string {
	if len(names) > 5 {
		return append(slices.Clone(names[:5]), fmt.Sprintf("and %d more", len(names)-5))
	}
	return names
}

// followed returns the kind of an entry, of its target if it is a link.
func followed(full string, e fs.DirEntry) fs.FileMode {
	if e.Type()&fs.ModeSymlink != 0 {
		if info, err := os.Stat(full); err == nil {
			return info.Mode().Type()
		}
	}
	return e.Type()
}

// maxDepth is how deep folders may lie, which ends links that go in circles.
const maxDepth = 32

// addClass adds the images of one class: folder by folder in the order of
// their whole paths.
func (f *Files) addClass(class string, label int) error {
	folders := []string{class}
	for i := 0; i < len(folders); i++ { // grows
		if strings.Count(folders[i], "/") > maxDepth {
			return fmt.Errorf("data: %s lies deeper than %d folders; does a link lead in a circle?", f.store.join(folders[i]), maxDepth)
		}
		below, err := f.list(folders[i], func(string, string) error { return nil })
		if err != nil {
			return err
		}
		folders = append(folders, below...)
	}
	slices.Sort(folders)
	for _, folder := range folders {
		_, err := f.list(folder, func(folder, name string) error { return f.index.add(folder, name, label) })
		if err != nil {
			return err
		}
	}
	return nil
}

// list calls add for the images of a folder and returns the folders in it.
func (f *Files) list(folder string, add func(folder, name string) error) (below []string, err error) {
	entries, err := os.ReadDir(f.store.join(folder))
	if err != nil {
		return nil, fmt.Errorf("data: cannot list folder: %w", err)
	}
	for _, e := range entries {
		full := f.store.join(folder + "/" + e.Name())
		switch mode := followed(full, e); {
		case mode.IsDir():
			below = append(below, path.Join(folder, e.Name()))
		case mode.IsRegular():
			ok, err := isImage(full)
			if err != nil {
				return nil, err
			}
			if ok {
				if err := add(folder+"/", e.Name()); err != nil {
					return nil, err
				}
			}
		}
	}
	return below, nil
}

// openFolders opens a folder of images that recognise found.
func openFolders(root string) (train, test Source, err error) {
	root, split := imageRoot(root)
	if split == "" {
		f, err := OpenImageFolder(root, nil)
		if err != nil {
			return nil, nil, err
		}
		return f, nil, nil
	}
	a, err := OpenImageFolder(filepath.Join(root, "train"), nil)
	if err != nil {
		return nil, nil, err
	}
	b, err := OpenImageFolder(filepath.Join(root, split), a.classes)
	if err != nil {
		return nil, nil, err
	}
	a.name = filepath.Base(root)
	b.name = a.name + "-" + split
	return a, b, nil
}

// imageRoot returns the folder of the classes, or that in which train and a
// folder of test images lie, and the name of the latter. Folders around it that hold
// nothing else are passed.
func imageRoot(root string) (found, split string) {
	for range depthOfWrapping {
		entries, err := os.ReadDir(root)
		if err != nil {
			return root, ""
		}
		var folders []string
		for _, e := range entries {
			if followed(filepath.Join(root, e.Name()), e).IsDir() {
				folders = append(folders, e.Name())
			}
		}
		if slices.Contains(folders, "train") {
			for _, t := range testFolders {
				if slices.Contains(folders, t) {
					return root, t
				}
			}
		}
		if len(folders) != 1 || len(entries) > 1 || !hasFolders(filepath.Join(root, folders[0])) {
			return root, ""
		}
		root = filepath.Join(root, folders[0])
	}
	return root, ""
}

// depthOfWrapping is how many folders may lie around a data set.
const depthOfWrapping = 3

func hasFolders(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return followed(filepath.Join(dir, e.Name()), e).IsDir()
	})
}
