package data

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sslmem/data/format"
	"sslmem/data/picture"
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
	if t.IsFolder() && exists(filepath.Join(t.Path, imagenetTrain)) {
		return "imagenet", nil
	}
	key := ""
	seen := map[string]bool{} // endings
	err := t.Visit(func(name string) bool {
		if key == "" {
			key = mark(name)
			seen[ending(name)] = true
		}
		return key != ""
	}, func(*tree.File) error { return tree.ErrStop })
	switch {
	case err != nil:
		return "", err
	case key != "":
		return key, nil
	case t.IsFolder() && hasImages(t.Path):
		return "images", nil
	case t.IsFolder() && hasShards(t.Path), t.IsTar() && seen["cls"]:
		return "shards", nil
	case t.IsZip() && seen["npy"]:
		return "npz", nil
	case !t.IsFolder() && (seen["tar"] || slices.ContainsFunc(imageEndings, func(e string) bool { return seen[e[1:]] })):
		return "images-archive", nil
	}
	return "", unknown(t)
}

func hasShards(dir string) bool {
	paths, err := shardsIn(dir)
	return err != nil || len(paths) > 0
}

// officialArchive returns the archive of a known data set that lies in a folder, or
// "".
func officialArchive(dir string) string {
	for _, e := range Catalogue() {
		for _, f := range e.Files {
			packed := strings.HasSuffix(f.Name, ".tar.gz") || strings.HasSuffix(f.Name, ".tgz") || strings.HasSuffix(f.Name, ".zip")
			if path := filepath.Join(dir, f.Name); packed && exists(path) {
				return path
			}
		}
	}
	return ""
}

func ending(name string) string { return strings.ToLower(strings.TrimPrefix(filepath.Ext(name), ".")) }

// hasImages reports whether there is an image anywhere below a folder.
func hasImages(root string) bool {
	found := false
	// What cannot be listed is left for the reader to complain of.
	_ = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if e.Type()&fs.ModeSymlink != 0 && followed(path, e).IsDir() {
			found = hasFolders(path) || holdsImages(path)
		}
		if ok, err := isImage(path); (ok || err != nil) && !e.IsDir() {
			found = true
		}
		if found {
			return fs.SkipAll
		}
		return nil
	})
	return found
}

// holdsImages reports whether a folder itself holds an image.
func holdsImages(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		ok, err := isImage(e.Name())
		return ok || err != nil
	})
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
		case picture.Known(head):
			return format.Errorf(f.Path, 0, "it is one image; give the folder that holds the images of the data set")
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
