package data

import (
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sslmem/data/tree"
)

// openImageArchive opens an archive that holds a folder of images, by the rules
// of OpenImageFolder.
func openImageArchive(t *tree.Tree) (train, test Source, err error) {
	a, err := openArchive(t, isImage)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil && a.closer != nil {
			a.closer.Close()
		}
	}()
	if len(a.members) == 0 {
		return nil, nil, fmt.Errorf("data: %s holds no images", t.Path)
	}
	parts := splitParts(commonFolder(a.members), a.members)
	name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(t.Path), filepath.Ext(t.Path)), ".tar")
	first, err := a.arrange(name, parts[0], nil)
	if err != nil {
		return nil, nil, err
	}
	if len(parts) == 1 {
		return first, nil, nil
	}
	second, err := a.arrange(name+"-"+parts[1].name, parts[1], first.classes)
	if err != nil {
		return nil, nil, err
	}
	if s, ok := second.store.(*ranges); ok {
		s.close = nil // the first part closes the archive
	} else {
		second.store.(*zipStore).closer = io.NopCloser(nil)
	}
	return first, second, nil
}

// imagenetTrain is the official archive of ImageNet's training images: an archive
// for each class.
const imagenetTrain = "ILSVRC2012_img_train.tar"

// openImageNet opens the official archive of training images in a folder. That of
// the test images holds no labels and is left alone.
func openImageNet(t *tree.Tree) (train, test Source, err error) {
	inner, err := tree.Open(filepath.Join(t.Path, imagenetTrain))
	if err != nil {
		return nil, nil, err
	}
	return openImageArchive(inner)
}

// commonFolder returns the folder that all members lie in, with "/" at the end.
func commonFolder(members []member) string {
	common := members[0].name
	for _, m := range members {
		for !strings.HasPrefix(m.name, common) {
			common = common[:len(common)-1]
		}
	}
	return common[:strings.LastIndexByte(common, '/')+1]
}

// A part is the members below one folder.
type part struct {
	name, root string
	members    []member
}

// splitParts divides members into those of train and those of a folder of test
// images beside it; all others of such an archive are an error of arrange.
func splitParts(root string, members []member) []part {
	for _, test := range testFolders {
		var parts [2]part
		parts[0], parts[1] = part{name: "train", root: root + "train/"}, part{name: test, root: root + test + "/"}
		for _, m := range members {
			for i := range parts {
				if strings.HasPrefix(m.name, parts[i].root) {
					parts[i].members = append(parts[i].members, m)
				}
			}
		}
		if len(parts[0].members) > 0 && len(parts[1].members) > 0 {
			return parts[:]
		}
	}
	// A folder with images in it is a class, unless it is the only one.
	if !slices.ContainsFunc(members, func(m member) bool { return strings.Contains(m.name[len(root):], "/") }) && root != "" {
		parent := root[:strings.LastIndexByte(strings.TrimSuffix(root, "/"), '/')+1]
		if parent != "" {
			return []part{{root: parent, members: members}}
		}
	}
	return []part{{root: root, members: members}}
}

// arrange orders members as a folder would be.
func (a *archive) arrange(name string, p part, classes []string) (*Files, error) {
	type place struct {
		class, folder, base string
		member
	}
	places := make([]place, len(p.members))
	for i, m := range p.members {
		rest := m.name[len(p.root):]
		class, _, inClass := strings.Cut(rest, "/")
		if !inClass {
			class = ""
		}
		places[i] = place{class, path.Dir(rest), path.Base(rest), m}
	}
	slices.SortStableFunc(places, func(a, b place) int {
		for _, c := range []int{strings.Compare(a.class, b.class), strings.Compare(a.folder, b.folder), strings.Compare(a.base, b.base)} {
			if c != 0 {
				return c
			}
		}
		return 0
	})
	var found []string
	members, folders, labels := make([]member, len(places)), make([]string, len(places)), make([]int, len(places))
	for i, q := range places {
		if n := len(found); n == 0 || found[n-1] != q.class {
			found = append(found, q.class)
		}
		members[i], folders[i], labels[i] = q.member, p.root, len(found)-1
		if q.folder != "." {
			folders[i] += q.folder + "/"
		}
	}
	switch {
	case len(found) == 1 && found[0] == "":
		found = nil
		for i := range labels {
			labels[i] = -1
		}
	case found[0] == "":
		return nil, fmt.Errorf("data: %s holds images such as %s beside the folders of classes such as %s", a.path, places[0].name, found[1])
	case classes != nil && !slices.Equal(classes, found):
		return nil, fmt.Errorf("data: %s has the classes %s in %s, but the training set has %s", a.path, strings.Join(head(found), ", "), p.root, strings.Join(head(classes), ", "))
	}
	return a.files(name, members, folders, labels, found)
}
