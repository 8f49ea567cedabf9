package data

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sslmem/data/format"
	"sslmem/data/tree"
)

// maxClasses bounds a label, so that a wrong one does not make a class each for
// millions of names.
const maxClasses = 1 << 20

// npzNames are the names under which .npz files hold images and labels.
var npzNames = map[string][]string{
	"train":       {"x_train", "train_images", "images", "x", "X", "data", "arr_0"},
	"trainLabels": {"y_train", "train_labels", "labels", "y", "targets", "arr_1"},
	"test":        {"x_test", "test_images"},
	"testLabels":  {"y_test", "test_labels"},
}

// openNPZ reads images and labels from a .npz file. Of the names in it, the
// first of npzNames that is there is used.
func openNPZ(t *tree.Tree) (train, test *Dataset, err error) {
	var all []string
	arrays := map[string]*format.Array{}
	rank := map[string]int{}
	err = t.Visit(func(name string) bool { return strings.HasSuffix(name, ".npy") }, func(f *tree.File) error {
		name := strings.TrimSuffix(f.Base(), ".npy")
		all = append(all, name)
		for role, names := range npzNames {
			k := slices.Index(names, name)
			if k < 0 || arrays[role] != nil && rank[role] < k {
				continue
			}
			a, err := format.ReadNPY(f.Path, f, f.Size, f.Factor)
			if err != nil {
				return err
			}
			a.Name = f.Path
			arrays[role], rank[role] = a, k
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	name := strings.TrimSuffix(filepath.Base(t.Path), ".npz")
	if arrays["train"] == nil {
		return nil, nil, fmt.Errorf("data: %s has the arrays %s, but none is called %s", t.Path, strings.Join(all, ", "), strings.Join(npzNames["train"], ", "))
	}
	if train, err = fromArrays(arrays["train"], arrays["trainLabels"]); err != nil {
		return nil, nil, err
	}
	train.Name, train.Source = name, t.Path
	if arrays["test"] != nil {
		if test, err = fromArrays(arrays["test"], arrays["testLabels"]); err != nil {
			return nil, nil, err
		}
		test.Name, test.Source = name+"-test", t.Path
		if err := shareClasses(train, test); err != nil {
			return nil, nil, err
		}
	}
	return train, test, nil
}

// openNPY reads a .npy file of images, and that of the labels if there is one
// whose name has "labels" in the place of "images".
func openNPY(t *tree.Tree) (*Dataset, error) {
	images, err := readNPYFile(t.Path)
	if err != nil {
		return nil, err
	}
	var labels *format.Array
	if beside := labelsBeside(t.Path); beside != "" {
		if labels, err = readNPYFile(beside); err != nil {
			return nil, err
		}
	}
	d, err := fromArrays(images, labels)
	if err != nil {
		return nil, err
	}
	d.Name, d.Source = strings.TrimSuffix(baseName(t.Path), ".npy"), t.Path
	return d, nil
}

func readNPYFile(path string) (a *format.Array, err error) {
	t, err := tree.Open(path)
	if err != nil {
		return nil, err
	}
	err = t.Visit(func(string) bool { return true }, func(f *tree.File) error {
		a, err = format.ReadNPY(f.Path, f, f.Size, f.Factor)
		return err
	})
	if err != nil {
		return nil, err
	}
	a.Name = path
	return a, nil
}

// fromArrays makes a Dataset of images, uint8 of shape [N, H, W], [N, H, W, C]
// or [N, C, H, W] with C of 1 or 3, and labels of N whole numbers, or nil. The
// names of the arrays are those of their files.
func fromArrays(images, labels *format.Array) (*Dataset, error) {
	s := images.Shape
	d := &Dataset{C: 1}
	channels := func(n int) bool { return n == 1 || n == 3 }
	last := false
	switch {
	case len(s) == 3:
		d.H, d.W = s[1], s[2]
	case len(s) == 4 && channels(s[3]):
		d.H, d.W, d.C, last = s[1], s[2], s[3], true
	case len(s) == 4 && channels(s[1]):
		d.C, d.H, d.W = s[1], s[2], s[3]
	default:
		return nil, format.Errorf(images.Name, 0, "an array %v is no set of images: those have shape [N H W], [N H W C] or [N C H W] with 1 or 3 channels", images)
	}
	switch {
	case !images.Uint8():
		return nil, format.Errorf(images.Name, 0, "images of %v, but they must be uint8 from 0 to 255; save (255*x).round().astype('uint8') for floats from 0 to 1", images)
	case images.Len() == 0 || d.H > maxSide || d.W > maxSide:
		return nil, format.Errorf(images.Name, 0, "images of %v: there must be some, with sides of at most %d", images, maxSide)
	}
	d.Pixels = images.RowMajor()
	if last && d.C == 3 {
		d.Pixels = toPlanes(d.Pixels, d.H*d.W)
	}
	if labels == nil {
		return d, d.Check()
	}
	if labels.Len() != d.Len() {
		return nil, format.Errorf(labels.Name, 0, "%d labels for %d images", labels.Len(), d.Len())
	}
	var err error
	if d.Labels, err = labels.Ints(); err != nil {
		return nil, &format.Error{File: labels.Name, Msg: "wrong labels", Err: err}
	}
	for i, l := range d.Labels {
		if l < 0 || l >= maxClasses {
			return nil, format.Errorf(labels.Name, 0, "image %d has label %d, but labels are 0 to %d", i, l, maxClasses-1)
		}
	}
	d.Classes = numbered(d.Labels)
	return d, d.Check()
}

// toPlanes turns images of area pixels of three bytes into images of three planes.
func toPlanes(pixels []uint8, area int) []uint8 {
	out := make([]uint8, len(pixels))
	for at := 0; at < len(pixels); at += 3 * area {
		in, planes := pixels[at:at+3*area], out[at:at+3*area]
		for i := range area {
			planes[i], planes[area+i], planes[2*area+i] = in[3*i], in[3*i+1], in[3*i+2]
		}
	}
	return out
}

// numbered returns the names "0", "1", … of the classes up to the largest label.
func numbered(labels []int) []string {
	names := make([]string, slices.Max(labels)+1)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return names
}

// shareClasses gives both halves of a data set the class names of the larger.
func shareClasses(train, test *Dataset) error {
	if train.C != test.C || train.H != test.H || train.W != test.W {
		return fmt.Errorf("data: %s has training images of %d×%d×%d, but test images of %d×%d×%d", train.Source, train.C, train.H, train.W, test.C, test.H, test.W)
	}
	if test.Labels == nil || train.Labels == nil {
		return nil
	}
	if len(test.Classes) > len(train.Classes) {
		return fmt.Errorf("data: %s has the label %d in its test images, but training images have the labels 0 to %d", test.Source, len(test.Classes)-1, len(train.Classes)-1)
	}
	test.Classes = train.Classes
	return nil
}
