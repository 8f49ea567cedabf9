package data

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"sslmem/data/tree"
)

// marks are names of files by which a data set is known.
var marks = map[string]string{
	"data_batch_1.bin": "cifar10-binary", "test_batch.bin": "cifar10-binary",
	"data_batch_1": "cifar10-python", "test_batch": "cifar10-python",
	"fine_label_names.txt": "cifar100-binary", "train.bin": "cifar100-binary",
	"train": "cifar100-python", "meta": "cifar100-python",
	"train_X.bin": "stl10", "unlabeled_X.bin": "stl10", "test_X.bin": "stl10",
	svhnFile("train"): "svhn", svhnFile("test"): "svhn", svhnFile("extra"): "svhn",
	trainImages: "mnist", trainLabels: "mnist", testImages: "mnist", testLabels: "mnist",
}

// mark returns the format that a file of this name belongs to, or "".
func mark(name string) string {
	b := strings.Replace(base(name), ".idx", "-idx", 1)
	if key := marks[b]; key != "" {
		return key
	}
	if strings.HasPrefix(b, "emnist-") && strings.HasSuffix(b, "-ubyte") {
		return "emnist"
	}
	return ""
}

// recognise returns the key in forms of what lies in t.
func recognise(t *tree.Tree) (string, error) {
	if t.IsFile() {
		return recogniseFile(t)
	}
	if t.IsFolder() {
		for _, name := range []string{trainImages, trainLabels, testImages, testLabels} {
			if _, err := findFile(t.Path, name); err == nil {
				return "folder", nil
			}
		}
	}
	key, arrays := "", false
	err := t.Visit(func(name string) bool {
		if key == "" {
			key = mark(name)
			arrays = arrays || t.IsZip() && strings.HasSuffix(name, ".npy")
		}
		return key != ""
	}, func(*tree.File) error { return tree.ErrStop })
	switch {
	case err != nil:
		return "", err
	case key != "":
		return key, nil
	case arrays:
		return "npz", nil
	}
	return "", unknown(t)
}

// recogniseFile looks at the content of one file.
func recogniseFile(t *tree.Tree) (key string, err error) {
	err = t.Visit(func(string) bool { return true }, func(f *tree.File) error {
		b := bufio.NewReaderSize(io.LimitReader(f, 512), 512)
		head, _ := b.Peek(128)
		switch {
		case bytes.HasPrefix(head, []byte("\x93NUMPY")):
			key = "npy"
		case len(head) == 128 && (string(head[126:]) == "IM" || string(head[126:]) == "MI"):
			key = "svhn-file"
		default:
			key = "idx" // whose reader says best what is wrong with a file
		}
		return nil
	})
	return key, err
}

func unknown(t *tree.Tree) error {
	return fmt.Errorf("data: %s holds none of the data sets that are known, nor images, nor %s or %s.gz of an MNIST-like data set (to use one file of images alone, give its path); see sslmem data list",
		filepath.Clean(t.Path), trainImages, trainImages)
}
