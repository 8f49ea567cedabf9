package data

import (
	"fmt"
	"strconv"
	"strings"

	"sslmem/data/format"
	"sslmem/data/tree"
)

// STL-10 has images of 96×96 pixels, each a red, a green and a blue plane,
// column after column.
const (
	stlSide   = 96
	stlPixels = 3 * stlSide * stlSide
	stlFolds  = 10
)

// stlFiles are the files of STL-10 that were asked for.
type stlFiles struct {
	pixels, labels map[string][]uint8 // by part
	path           map[string]string  // of the labels
	classes        []string
	folds          [][]int
}

// readSTL reads the named parts ("train", "test", "unlabeled"), class names
// and folds from a tree.
func readSTL(t *tree.Tree, parts ...string) (*stlFiles, error) {
	s := &stlFiles{map[string][]uint8{}, map[string][]uint8{}, map[string]string{}, nil, nil}
	images, labels := map[string]string{}, map[string]string{}
	for _, p := range parts {
		images[p+"_X.bin"], labels[p+"_y.bin"] = p, p
	}
	want := func(name string) bool {
		b := base(name)
		return images[b] != "" || labels[b] != "" || b == "class_names.txt" || b == "fold_indices.txt"
	}
	err := t.Visit(want, func(f *tree.File) (err error) {
		switch b := f.Base(); {
		case b == "class_names.txt":
			s.classes, err = readLines(f)
		case b == "fold_indices.txt":
			s.folds, err = readFolds(f)
		case labels[b] != "":
			s.path[labels[b]] = f.Path
			s.labels[labels[b]], err = f.ReadAll(maxBytes)
		default:
			s.pixels[images[b]], err = readColumns(f)
		}
		return err
	})
	return s, err
}

// readColumns reads images and turns their columns into rows.
func readColumns(f *tree.File) ([]uint8, error) {
	b, err := f.ReadAll(maxBytes)
	if err != nil {
		return nil, err
	}
	if err := checkSTL(f.Path, int64(len(b))); err != nil {
		return nil, err
	}
	transposePlanes(b, stlSide, stlSide)
	return b, nil
}

// checkSTL returns an error if a file of so many bytes does not hold whole images.
func checkSTL(path string, size int64) error {
	if size == 0 || size%stlPixels != 0 {
		return format.Errorf(path, size/stlPixels*stlPixels, "the file ends within an image of %d bytes: it is truncated or no file of STL-10", stlPixels)
	}
	return nil
}

// readFolds reads a line of indices for each fold.
func readFolds(f *tree.File) ([][]int, error) {
	lines, err := readLines(f)
	if err != nil {
		return nil, err
	}
	if len(lines) != stlFolds {
		return nil, format.Errorf(f.Path, 0, "%d folds instead of %d", len(lines), stlFolds)
	}
	folds := make([][]int, stlFolds)
	for i, line := range lines {
		for _, field := range strings.Fields(line) {
			n, err := strconv.Atoi(field)
			if err != nil {
				return nil, &format.Error{File: f.Path, Msg: fmt.Sprintf("fold %d", i), Err: err}
			}
			folds[i] = append(folds[i], n)
		}
	}
	return folds, nil
}

// dataset makes a Dataset of a part with labels, whose values run from 1.
func (s *stlFiles) dataset(t *tree.Tree, part string) (*Dataset, error) {
	d := &Dataset{Name: "stl10-" + part, Source: t.Path, C: 3, H: stlSide, W: stlSide, Pixels: s.pixels[part]}
	raw, ok := s.labels[part]
	switch {
	case d.Pixels == nil:
		return nil, missingPart(t, part+"_X.bin")
	case part == "unlabeled":
		return d, d.Check()
	case !ok:
		return nil, missingPart(t, part+"_y.bin")
	case s.classes == nil:
		return nil, missingPart(t, "class_names.txt")
	case len(raw) != d.Len():
		return nil, format.Errorf(s.path[part], int64(min(len(raw), d.Len())), "%d labels for %d images", len(raw), d.Len())
	}
	d.Classes, d.Labels = s.classes, make([]int, len(raw))
	for i, l := range raw {
		if l < 1 || int(l) > len(s.classes) {
			return nil, format.Errorf(s.path[part], int64(i), "label %d instead of 1 to %d", l, len(s.classes))
		}
		d.Labels[i] = int(l) - 1
	}
	return d, d.Check()
}

// openSTL opens STL-10: the 5,000 training images, one fold of 1,000 of them,
// the 100,000 without labels, or the training images and those after them.
func openSTL(t *tree.Tree, part string) (train, test Source, err error) {
	if part == "unlabeled" {
		r, err := openUnlabeled(t)
		if err != nil {
			return nil, nil, err
		}
		if r != nil {
			_, test, err := readSTLParts(t, "test")
			if err != nil {
				r.Close()
				return nil, nil, err
			}
			return r, test, nil
		}
	}
	a, b, err := readSTLParts(t, part)
	if err != nil {
		return nil, nil, err
	}
	return a, b, nil
}

// readSTLParts reads a part into memory, and the test images; of part "test",
// these alone.
func readSTLParts(t *tree.Tree, part string) (train, test *Dataset, err error) {
	need := []string{"train", "test"}
	fold := -1
	switch {
	case part == "unlabeled" || part == "test":
		need[0] = part
	case part == "train+unlabeled":
		need = append(need, "unlabeled")
	case part != "":
		fold = int(part[len(part)-1] - '0')
	}
	s, err := readSTL(t, need...)
	if err != nil {
		return nil, nil, err
	}
	if train, err = s.dataset(t, need[0]); err != nil {
		return nil, nil, err
	}
	if test, err = s.dataset(t, "test"); err != nil {
		return nil, nil, err
	}
	switch {
	case fold >= 0:
		if s.folds == nil {
			return nil, nil, missingPart(t, "fold_indices.txt")
		}
		for _, i := range s.folds[fold] {
			if i < 0 || i >= train.Len() {
				return nil, nil, fmt.Errorf("data: fold_indices.txt in %s: fold %d has image %d, but there are %d", t.Path, fold, i, train.Len())
			}
		}
		train = train.Subset(s.folds[fold])
		train.Name = "stl10-" + part
	case part == "train+unlabeled":
		more, err := s.dataset(t, "unlabeled")
		if err != nil {
			return nil, nil, err
		}
		train.Name = "stl10-" + part
		train.Pixels = append(train.Pixels, more.Pixels...)
		for range more.Len() {
			train.Labels = append(train.Labels, -1)
		}
	}
	return train, test, nil
}
