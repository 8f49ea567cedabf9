package data

import (
	"path/filepath"
	"strings"

	"sslmem/data/format"
	"sslmem/data/tree"
)

// emnistSplits are the six parts of EMNIST, with the characters of their
// classes in the order of the labels.
var emnistSplits = map[string]string{
	"byclass":  digits + upper + lower,
	"bymerge":  digits + upper + "abdefghnqrt",
	"balanced": digits + upper + "abdefghnqrt",
	"letters":  lower, // after a class "N/A": labels start at 1
	"digits":   digits,
	"mnist":    digits,
}

const (
	digits = "0123456789"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lower  = "abcdefghijklmnopqrstuvwxyz"
)

// emnistClasses returns the class names of a part of EMNIST.
func emnistClasses(split string) []string {
	names := strings.Split(emnistSplits[split], "")
	if split == "letters" {
		names = append([]string{"N/A"}, names...)
	}
	return names
}

// openMNIST reads the four files of MNIST and its kin from anywhere in a tree.
func openMNIST(t *tree.Tree) (train, test *Dataset, err error) {
	files, err := idxFiles(t, [4]string{trainImages, trainLabels, testImages, testLabels})
	if err != nil {
		return nil, nil, err
	}
	name := "mnist-like"
	for _, known := range []string{"kmnist", "fashion", "mnist"} {
		if strings.Contains(strings.ToLower(t.Path), known) {
			name = known
			break
		}
	}
	train, test, err = joinIDX(name, files)
	if err == nil && name == "kmnist" && len(train.Classes) == 10 {
		train.Classes = []string{"o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"}
		test.Classes = train.Classes
	}
	return train, test, err
}

// openEMNIST reads one part of EMNIST. Its images are published with rows and
// columns exchanged and stay so, as in torchvision.
func openEMNIST(t *tree.Tree, split string) (train, test *Dataset, err error) {
	if split == "" {
		split = "balanced"
	}
	var names [4]string
	for i, end := range []string{"-train-images-idx3-ubyte", "-train-labels-idx1-ubyte", "-test-images-idx3-ubyte", "-test-labels-idx1-ubyte"} {
		names[i] = "emnist-" + split + end
	}
	files, err := idxFiles(t, names)
	if err != nil {
		return nil, nil, err
	}
	if train, test, err = joinIDX("emnist-"+split, files); err != nil {
		return nil, nil, err
	}
	classes := emnistClasses(split)
	if len(train.Classes) > len(classes) {
		return nil, nil, format.Errorf(files[1].path, 8, "label %d, but this part of EMNIST has %d classes", len(train.Classes)-1, len(classes))
	}
	train.Classes, test.Classes = classes, classes
	return train, test, nil
}

// idxFiles reads images, labels, images and labels from a tree.
func idxFiles(t *tree.Tree, names [4]string) (files [4]*idxFile, err error) {
	at := func(name string) int {
		for i, n := range names {
			if b := base(name); b == n || b == strings.Replace(n, "-idx", ".idx", 1) {
				return i
			}
		}
		return -1
	}
	err = t.Visit(func(name string) bool { return at(name) >= 0 }, func(f *tree.File) error {
		i := at(f.Name)
		minDims, maxDims := idxDims(i)
		if files[i] != nil {
			return format.Errorf(f.Path, 0, "there is a second %s in %s; give the folder of one data set", names[i], t.Path)
		}
		dims, payload, err := parseIDX(f.Path, f, f.Size*f.Factor, minDims, maxDims)
		files[i] = &idxFile{f.Path, dims, payload}
		return err
	})
	if err != nil {
		return files, err
	}
	for i, f := range files {
		if f == nil {
			return files, missingPart(t, filepath.Base(names[i]))
		}
	}
	return files, nil
}
