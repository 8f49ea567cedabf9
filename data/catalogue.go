package data

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Entry describes a public data set: what it is, where it is published and how
// to know its files.
type Entry struct {
	Name    string // what "sslmem data" and [OpenSet] call it
	Title   string
	Train   int // official number of training images
	Test    int // official number of test images
	Shape   string
	Classes int
	Licence string // as its authors state it
	Page    string // address of its page
	Files   []File
	Manual  string // what to do where files cannot be fetched, "" if they can
}

// File is an official file of a data set.
type File struct {
	Name string // path below the folder of the data set
	URLs []string
	MD5  string // as published; "" if none is
	Size int64  // bytes, 0 if not known
	// Optional files are fetched only when they are asked for by name.
	Optional bool
}

// Catalogue returns the data sets that are known, by name. MD5 sums are those
// of the pages of the data sets and of torchvision 0.29.
func Catalogue() []Entry {
	c := []Entry{cifar10(), cifar100(), emnist(), fashion70k(), imagenet(), kmnist(), mnist(), stl10(), svhn()}
	c = append(c, imagenette()...)
	slices.SortFunc(c, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return c
}

// Lookup returns the entry of a name; case and the marks - and _ do not matter.
func Lookup(name string) (Entry, bool) {
	plain := func(s string) string {
		return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s))
	}
	for _, e := range Catalogue() {
		if plain(e.Name) == plain(name) {
			return e, true
		}
	}
	return Entry{}, false
}

// Home returns the folder in which data sets are kept, each in one of its name:
// $SSLMEM_DATA, or else sslmem/data in $XDG_DATA_HOME or ~/.local/share.
func Home() string {
	if dir := os.Getenv("SSLMEM_DATA"); dir != "" {
		return dir
	}
	base := os.Getenv("XDG_DATA_HOME")
	if home, err := os.UserHomeDir(); err == nil && base == "" {
		base = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(base, "sslmem", "data")
}

func cifar10() Entry {
	return Entry{Name: "cifar10", Title: "CIFAR-10", Train: 50000, Test: 10000, Shape: "3×32×32", Classes: 10,
		Licence: "none stated", Page: "https://www.cs.toronto.edu/~kriz/cifar.html",
		Files: []File{
			{Name: "cifar-10-binary.tar.gz", URLs: []string{"https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"}, MD5: "c32a1d4ab5d03f1284b67883e8d87530", Size: 170052171},
			{Name: "cifar-10-python.tar.gz", URLs: []string{"https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"}, MD5: "c58f30108f718f92721af3b95e74349a", Size: 170498071, Optional: true},
		}}
}

func cifar100() Entry {
	return Entry{Name: "cifar100", Title: "CIFAR-100", Train: 50000, Test: 10000, Shape: "3×32×32", Classes: 100,
		Licence: "none stated", Page: "https://www.cs.toronto.edu/~kriz/cifar.html",
		Files: []File{
			{Name: "cifar-100-binary.tar.gz", URLs: []string{"https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"}, MD5: "03b5dce01913d631647c71ecec9e9cb8", Size: 168513733},
			{Name: "cifar-100-python.tar.gz", URLs: []string{"https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"}, MD5: "eb9058c3a382ffc7106e4002c42a8d85", Size: 169001437, Optional: true},
		}}
}

// four returns the four files of MNIST and its kin, below each of the mirrors.
func four(mirrors []string, md5 [4]string) []File {
	var files []File
	for i, stem := range []string{trainImages, trainLabels, testImages, testLabels} {
		f := File{Name: stem + ".gz", MD5: md5[i]}
		for _, m := range mirrors {
			f.URLs = append(f.URLs, m+f.Name)
		}
		files = append(files, f)
	}
	return files
}

func mnist() Entry {
	return Entry{Name: "mnist", Title: "MNIST", Train: 60000, Test: 10000, Shape: "1×28×28", Classes: 10,
		Licence: "CC BY-SA 3.0", Page: "http://yann.lecun.com/exdb/mnist/",
		Files: four([]string{"https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"}, [4]string{
			"f68b3c2dcbeaaa9fbdd348bbdeb94873", "d53e105ee54ea40749a09fcbcd1e9432",
			"9fb629c4189551a2d022fa330f9573f3", "ec29112dd5afa0611ce80d1b7f02629c"})}
}

func fashion70k() Entry {
	return Entry{Name: "fashion-mnist-70k", Title: "Fashion-MNIST, all of it", Train: 60000, Test: 10000, Shape: "1×28×28", Classes: 10,
		Licence: "MIT", Page: "https://github.com/zalandoresearch/fashion-mnist",
		Files: four([]string{"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"}, [4]string{
			"8d4fb7e6c68d591d4c3dfef9ec88bf0d", "25c81989df183df01b3e8a0aad5dffbe",
			"bef4ecab320f06d8554ea6380940ec79", "bb300cfdad3c16e7a12a480ee83cd310"})}
}

func kmnist() Entry {
	return Entry{Name: "kmnist", Title: "Kuzushiji-MNIST", Train: 60000, Test: 10000, Shape: "1×28×28", Classes: 10,
		Licence: "CC BY-SA 4.0", Page: "https://github.com/rois-codh/kmnist",
		Files: four([]string{"http://codh.rois.ac.jp/kmnist/dataset/kmnist/"}, [4]string{
			"bdb82020997e1d708af4cf47b453dcf7", "e144d726b3acfaa3e44228e80efcd344",
			"5c965bf0a639b31b8f53240b1b52f4d7", "7320c461ea6c1c855c0b718fb2a4b134"})}
}

func emnist() Entry {
	return Entry{Name: "emnist", Title: "EMNIST, six parts; balanced is the usual one", Train: 112800, Test: 18800, Shape: "1×28×28", Classes: 47,
		Licence: "public domain (NIST)", Page: "https://www.nist.gov/itl/products-and-services/emnist-dataset",
		Files: []File{{Name: "gzip.zip", URLs: []string{"https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"}, MD5: "58c8d27c78d21e728a6bc7b3cc06412e"}}}
}

func svhn() Entry {
	file := func(part, md5 string, optional bool) File {
		return File{Name: svhnFile(part), URLs: []string{"http://ufldl.stanford.edu/housenumbers/" + svhnFile(part)}, MD5: md5, Optional: optional}
	}
	return Entry{Name: "svhn", Title: "SVHN, cropped digits", Train: 73257, Test: 26032, Shape: "3×32×32", Classes: 10,
		Licence: "for non-commercial use only", Page: "http://ufldl.stanford.edu/housenumbers/",
		Files: []File{
			file("train", "e26dedcc434d2e4c54c9b2d4a06d8373", false),
			file("test", "eb5a983be6a315427106f1b164d9cef3", false),
			file("extra", "a93ce644f1a588dc4d68dda5feec44a7", true),
		}}
}

func stl10() Entry {
	return Entry{Name: "stl10", Title: "STL-10", Train: 5000, Test: 8000, Shape: "3×96×96", Classes: 10,
		Licence: "none stated; images from ImageNet", Page: "https://cs.stanford.edu/~acoates/stl10/",
		Files: []File{{Name: "stl10_binary.tar.gz", URLs: []string{"http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"},
			MD5: "91f7769df0f17e558f3565bffb0c7dfb", Size: 2640397119}}}
}

func imagenette() []Entry {
	var out []Entry
	for _, v := range []struct{ name, file, md5, shape string }{
		{"imagenette", "imagenette2.tgz", "fe2fc210e6bb7c5664d602c3cd71e612", "3×H×W"},
		{"imagenette-160", "imagenette2-160.tgz", "e793b78cc4c9e9a4ccc0c1155377a412", "3×H×W, shorter side 160"},
		{"imagenette-320", "imagenette2-320.tgz", "3df6f0d01a2c9592104656642f5e78a3", "3×H×W, shorter side 320"},
	} {
		out = append(out, Entry{Name: v.name, Title: "Imagenette, ten classes of ImageNet", Train: 9469, Test: 3925, Shape: v.shape, Classes: 10,
			Licence: "Apache 2.0; images from ImageNet", Page: "https://github.com/fastai/imagenette",
			Files: []File{{Name: v.file, URLs: []string{"https://s3.amazonaws.com/fast-ai-imageclas/" + v.file}, MD5: v.md5}}})
	}
	return out
}

func imagenet() Entry {
	return Entry{Name: "imagenet", Title: "ImageNet (ILSVRC 2012)", Train: 1281167, Test: 50000, Shape: "3×H×W", Classes: 1000,
		Licence: "for non-commercial research and education, by agreement", Page: "https://image-net.org/challenges/LSVRC/2012/",
		Files: []File{
			{Name: "ILSVRC2012_img_train.tar", MD5: "1d675b47d978889d74fa0da5fadfb00e"},
			{Name: "ILSVRC2012_img_val.tar", MD5: "29b22e2961454d5413ddabcf34fc5622"},
		},
		Manual: "sign the agreement at https://image-net.org, and fetch the two archives there; the training images are read from theirs as they are, or from train/WNID/*.JPEG and val/WNID/*.JPEG where both are unpacked"}
}
