package data

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The four file names of MNIST and of every data set made in its likeness,
// with or without ".gz".
const (
	trainImages = "train-images-idx3-ubyte"
	trainLabels = "train-labels-idx1-ubyte"
	testImages  = "t10k-images-idx3-ubyte"
	testLabels  = "t10k-labels-idx1-ubyte"
)

// labelsBeside returns the existing labels file that belongs to an images
// file, or "".
func labelsBeside(path string) string {
	dir, base := filepath.Split(path)
	name := strings.NewReplacer("images", "labels", "idx3", "idx1").Replace(strings.TrimSuffix(base, ".gz"))
	if name == strings.TrimSuffix(base, ".gz") {
		return ""
	}
	found, err := findFile(dir, name)
	if err != nil {
		return ""
	}
	return found
}

// OpenFolder reads the four files train-images-idx3-ubyte,
// train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte,
// each of them plain or with ".gz", from a folder. This is how MNIST,
// Fashion-MNIST and Kuzushiji-MNIST are published; Fashion-MNIST is recognised
// by its labels and gets its class names.
func OpenFolder(dir string) (train, test *Dataset, err error) {
	var paths [4]string
	var missing []error
	for i, name := range []string{trainImages, trainLabels, testImages, testLabels} {
		paths[i], err = findFile(dir, name)
		if err != nil {
			missing = append(missing, err)
		}
	}
	if len(missing) > 0 {
		return nil, nil, fmt.Errorf("data: %s is no folder of an MNIST-like data set (to use one file of images alone, give its path): %w", dir, errors.Join(missing...))
	}
	var files [4]*idxFile
	for i, path := range paths {
		minDims, maxDims := idxDims(i)
		if files[i], err = readIDX(path, minDims, maxDims); err != nil {
			return nil, nil, err
		}
	}
	name := filepath.Base(filepath.Clean(dir))
	return joinIDX(name, files)
}

// idxDims returns the least and the most dimensions of one of the four files:
// images, labels, images, labels.
func idxDims(i int) (minDims, maxDims int) {
	if i%2 == 0 {
		return 3, 4
	}
	return 1, 1
}

// joinIDX makes a training and a test set of the four files of a data set.
func joinIDX(name string, files [4]*idxFile) (train, test *Dataset, err error) {
	if train, err = fromIDX(files[0], files[1]); err != nil {
		return nil, nil, err
	}
	if test, err = fromIDX(files[2], files[3]); err != nil {
		return nil, nil, err
	}
	if train.C != test.C || train.H != test.H || train.W != test.W {
		return nil, nil, &FormatError{File: files[2].path, Offset: 8, Msg: fmt.Sprintf(
			"test images of shape %d×%d×%d, but the training images have %d×%d×%d", test.C, test.H, test.W, train.C, train.H, train.W)}
	}
	for i, l := range test.Labels {
		if l >= len(train.Classes) {
			return nil, nil, &FormatError{File: files[3].path, Offset: int64(8 + i), Msg: fmt.Sprintf(
				"label %d, but the training set has the %d classes 0 to %d", l, len(train.Classes), len(train.Classes)-1)}
		}
	}
	if isFashion(train.Labels) {
		name, train.Classes = "fashion-mnist", fashionClasses()
	}
	train.Name, test.Name = name, name+"-test"
	test.Classes = train.Classes
	return train, test, nil
}

// findFile returns the path of name or name.gz in dir.
func findFile(dir, name string) (string, error) {
	for _, ending := range []string{"", ".gz"} {
		path := filepath.Join(dir, name+ending)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s or %s.gz is missing", name, name)
}

// fashionLabels is the SHA-256 of the official training labels of
// Fashion-MNIST, one byte a label.
const fashionLabels = "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7"

// isFashion reports whether these are the training labels of Fashion-MNIST.
func isFashion(labels []int) bool {
	b := make([]byte, len(labels))
	for i, l := range labels {
		b[i] = byte(l)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]) == fashionLabels
}

// fashionClasses returns the class names in the order of the labels, as the
// authors of Fashion-MNIST publish them.
func fashionClasses() []string {
	return []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
		"Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"}
}
