package data

import (
	"embed"
	"fmt"
	"io/fs"
	"sync"
)

//go:embed fashionmnist/*.gz
var fashionFiles embed.FS

// fashionSource names the origin of the carried images.
const fashionSource = "Fashion-MNIST, Zalando Research, MIT licence, https://github.com/zalandoresearch/fashion-mnist"

// FashionMNIST returns the part of Fashion-MNIST that this module carries:
// 6,000 training and 1,000 test images, 600 and 100 of each of the ten
// classes, 28×28 pixels, one channel, no two of them equal. No file or network
// is needed.
//
// The images are real, as published by Zalando Research (Xiao, Rasul and
// Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine
// learning algorithms", arXiv 1708.07747) under the MIT licence. The folder
// fashionmnist holds the licence, and the place of every image in the official
// files; internal/carve is the program that made the choice.
//
// The files are decoded once. Every call returns new Dataset values that share
// their pixels, labels and class names, so these must not be modified; take a
// [Dataset.Subset] for that.
func FashionMNIST() (train, test *Dataset, err error) {
	parts, err := fashionParts()
	if err != nil {
		return nil, nil, err
	}
	return &parts[0], &parts[1], nil
}

// fashionParts decodes the carried files at its first call. It returns a copy
// of the two Dataset headers each time, as arrays are values.
var fashionParts = sync.OnceValues(func() (parts [2]Dataset, err error) {
	if parts[0], err = fashionPart("train", "fashion-mnist-6k"); err != nil {
		return parts, err
	}
	parts[1], err = fashionPart("t10k", "fashion-mnist-6k-test")
	return parts, err
})

// fashionPart decodes one half of the carried files.
func fashionPart(prefix, name string) (Dataset, error) {
	dims, pixels, err := embeddedIDX(prefix+"-images-idx3-ubyte.gz", 3)
	if err != nil {
		return Dataset{}, err
	}
	_, labels, err := embeddedIDX(prefix+"-labels-idx1-ubyte.gz", 1)
	if err != nil {
		return Dataset{}, err
	}
	d := Dataset{Name: name, Source: fashionSource, C: 1, H: dims[1], W: dims[2],
		Pixels: pixels, Labels: make([]int, len(labels)), Classes: fashionClasses()}
	for i, l := range labels {
		d.Labels[i] = int(l)
	}
	return d, d.Check()
}

// embeddedIDX reads one carried file with nd dimensions.
func embeddedIDX(name string, nd int) ([]int, []byte, error) {
	path := "fashionmnist/" + name
	f, err := fashionFiles.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("data: carried file: %w", err)
	}
	defer f.Close()
	info, err := fs.Stat(fashionFiles, path)
	if err != nil {
		return nil, nil, fmt.Errorf("data: carried file: %w", err)
	}
	return parseIDX("carried "+name, f, info.Size(), nd, nd)
}
