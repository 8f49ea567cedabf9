package data

import (
	"fmt"
	"strings"

	"sslmem/data/format"
	"sslmem/data/tree"
)

// svhnFile is the name of the file of one part of SVHN.
func svhnFile(part string) string { return part + "_32x32.mat" }

// openSVHN reads the training and the test set from a tree; the extra images,
// of which there are seven times as many, in the place of the training set or
// after it.
func openSVHN(t *tree.Tree, part string) (train, test Source, err error) {
	need := []string{"train", "test"}
	switch part {
	case "extra":
		need[0] = "extra"
	case "train+extra":
		need = append(need, "extra")
	}
	parts := map[string]*Dataset{}
	err = t.Visit(func(name string) bool {
		for _, p := range need {
			if base(name) == svhnFile(p) {
				return true
			}
		}
		return false
	}, func(f *tree.File) error {
		d, err := readSVHN(f)
		name, _, _ := strings.Cut(f.Base(), "_")
		parts[name] = d
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	for _, p := range need {
		d := parts[p]
		if d == nil {
			return nil, nil, missingPart(t, svhnFile(p))
		}
		d.Name, d.Source = "svhn-"+p, t.Path
	}
	first := parts[need[0]]
	if len(need) > 2 {
		first.Name = "svhn-" + part
		first.Pixels = append(first.Pixels, parts["extra"].Pixels...)
		first.Labels = append(first.Labels, parts["extra"].Labels...)
	}
	return first, parts["test"], nil
}

// openSVHNFile reads one file of SVHN alone.
func openSVHNFile(t *tree.Tree, _ string) (train, test *Dataset, err error) {
	err = t.Visit(func(string) bool { return true }, func(f *tree.File) error {
		train, err = readSVHN(f)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	train.Name, train.Source = "svhn", t.Path
	return train, nil, nil
}

// readSVHN reads a file with X, uint8 [32, 32, 3, N], and y, the digits from 1
// to 10, of which 10 stands for 0.
func readSVHN(f *tree.File) (*Dataset, error) {
	vars, err := format.ReadMAT(f.Path, f, f.Size*f.Factor)
	if err != nil {
		return nil, err
	}
	x, y := vars["X"], vars["y"]
	switch {
	case x == nil || y == nil:
		return nil, format.Errorf(f.Path, 0, "the file has no variables X and y")
	case !x.Uint8() || len(x.Shape) != 4 && len(x.Shape) != 3 || x.Shape[2] != 3 || x.Len() == 0:
		return nil, format.Errorf(f.Path, 0, "X is %v instead of uint8 [H W 3 N]", x)
	}
	d := &Dataset{C: 3, H: x.Shape[0], W: x.Shape[1], Pixels: x.Data, Classes: strings.Split("0123456789", "")}
	if d.H > maxSide || d.W > maxSide {
		return nil, format.Errorf(f.Path, 0, "images of %d×%d pixels, sides of %d are the limit", d.H, d.W, maxSide)
	}
	if y.Len() != d.Len() {
		return nil, format.Errorf(f.Path, 0, "%d labels for %d images", y.Len(), d.Len())
	}
	if d.Labels, err = y.Ints(); err != nil {
		return nil, &format.Error{File: f.Path, Msg: "wrong labels", Err: err}
	}
	for i, l := range d.Labels {
		if l < 0 || l > 10 {
			return nil, format.Errorf(f.Path, 0, "image %d has label %d instead of 1 to 10", i, l)
		}
		d.Labels[i] = l % 10
	}
	transposePlanes(d.Pixels, d.W, d.H)
	return d, d.Check()
}

// transposePlanes turns images of rows × cols, one plane after the other, into
// images of cols × rows.
func transposePlanes(pixels []uint8, rows, cols int) {
	plane := make([]uint8, rows*cols)
	for ; len(pixels) > 0; pixels = pixels[len(plane):] {
		copy(plane, pixels)
		for r := range rows {
			for c := range cols {
				pixels[c*rows+r] = plane[r*cols+c]
			}
		}
	}
}

// missingPart says that a file of a data set is not there.
func missingPart(t *tree.Tree, file string) error {
	return fmt.Errorf("data: %s is missing in %s", file, t.Path)
}
