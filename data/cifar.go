package data

import (
	"bufio"
	"strings"

	"sslmem/data/format"
	"sslmem/data/tree"
)

// cifarSide and cifarPixels are the sides and the bytes of an image of CIFAR.
const (
	cifarSide   = 32
	cifarPixels = 3 * cifarSide * cifarSide
)

// maxBatch bounds a file of CIFAR; the largest has 154 MB.
const maxBatch = 1 << 29

// cifar is one of the four forms in which CIFAR is published.
type cifar struct {
	name        string
	train, test []string // files
	meta        string   // file with the class names

	labelBytes int    // before each image of the binary form; the last is the class
	labels     string // key of the labels in the python form, "" for the binary one
	names      string // key of the class names
}

var cifarForms = map[string]cifar{
	"cifar10-binary": {name: "cifar10", labelBytes: 1, meta: "batches.meta.txt",
		train: []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
		test:  []string{"test_batch.bin"}},
	"cifar10-python": {name: "cifar10", labels: "labels", meta: "batches.meta", names: "label_names",
		train: []string{"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"},
		test:  []string{"test_batch"}},
	"cifar100-binary": {name: "cifar100", labelBytes: 2, meta: "fine_label_names.txt",
		train: []string{"train.bin"}, test: []string{"test.bin"}},
	"cifar100-python": {name: "cifar100", labels: "fine_labels", meta: "meta", names: "fine_label_names",
		train: []string{"train"}, test: []string{"test"}},
}

// batch is the content of one file.
type batch struct {
	path   string
	pixels []uint8
	labels []int
	at     func(i int) int64 // byte of label i, for errors
}

// read reads the files of one form from a tree. All batches must be there, and
// those of the training set must be equally long, as a file that was cut
// between two images would pass otherwise.
func (c cifar) read(t *tree.Tree) (train, test *Dataset, err error) {
	batches := map[string]*batch{}
	var classes []string
	wanted := map[string]bool{c.meta: true}
	for _, list := range [][]string{c.train, c.test} {
		for _, name := range list {
			wanted[name] = true
		}
	}
	err = t.Visit(func(name string) bool { return wanted[base(name)] }, func(f *tree.File) error {
		if batches[f.Base()] != nil || f.Base() == c.meta && classes != nil {
			return format.Errorf(f.Path, 0, "there is a second file of that name in %s; give the folder of one data set", t.Path)
		}
		var err error
		switch {
		case f.Base() == c.meta && c.labels == "":
			classes, err = readLines(f)
		case f.Base() == c.meta:
			classes, err = c.readNames(f)
		case c.labels == "":
			batches[f.Base()], err = c.readBinary(f)
		default:
			batches[f.Base()], err = c.readPython(f)
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if classes == nil {
		return nil, nil, missingPart(t, c.meta)
	}
	if train, err = c.join(t, c.name, c.train, batches, classes); err != nil {
		return nil, nil, err
	}
	test, err = c.join(t, c.name+"-test", c.test, batches, classes)
	return train, test, err
}

func base(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// readBinary reads a file of records: label bytes, then a red, a green and a
// blue plane.
func (c cifar) readBinary(f *tree.File) (*batch, error) {
	record := c.labelBytes + cifarPixels
	content, err := f.ReadAll(maxBatch)
	if err != nil {
		return nil, err
	}
	if len(content) == 0 || len(content)%record != 0 {
		return nil, format.Errorf(f.Path, int64(len(content)/record*record), "the file ends within a record of %d bytes: it is truncated or no file of %s", record, c.name)
	}
	n := len(content) / record
	b := &batch{path: f.Path, pixels: content[:0], labels: make([]int, n),
		at: func(i int) int64 { return int64(i*record + c.labelBytes - 1) }}
	for i := range n { // in place: pixels move down over the labels
		r := content[i*record : (i+1)*record]
		b.labels[i] = int(r[c.labelBytes-1])
		b.pixels = append(b.pixels, r[c.labelBytes:]...)
	}
	return b, nil
}

// readPython reads a pickled dict with data, uint8 [N, 3072], and labels.
func (c cifar) readPython(f *tree.File) (*batch, error) {
	d, err := readDict(f)
	if err != nil {
		return nil, err
	}
	a, _ := d.Items["data"].(*format.Array)
	list, _ := d.Items[c.labels].(*format.List)
	switch {
	case a == nil || list == nil:
		return nil, format.Errorf(f.Path, 0, "the pickle has no array %q or no list %q", "data", c.labels)
	case !a.Uint8() || a.Fortran || len(a.Shape) != 2 || a.Shape[1] != cifarPixels || a.Shape[0] == 0:
		return nil, format.Errorf(f.Path, 0, "the images are %v instead of uint8 [N %d], row after row", a, cifarPixels)
	case len(list.Items) != a.Shape[0]:
		return nil, format.Errorf(f.Path, 0, "%d labels for %d images", len(list.Items), a.Shape[0])
	}
	b := &batch{path: f.Path, pixels: a.Data, labels: make([]int, a.Shape[0]), at: func(int) int64 { return 0 }}
	for i, v := range list.Items {
		n, ok := v.(int64)
		if !ok {
			return nil, format.Errorf(f.Path, 0, "label %d is %T and no whole number", i, v)
		}
		b.labels[i] = int(n)
	}
	return b, nil
}

func readDict(f *tree.File) (*format.Dict, error) {
	content, err := f.ReadAll(maxBatch)
	if err != nil {
		return nil, err
	}
	v, err := format.ReadPickle(f.Path, content)
	if err != nil {
		return nil, err
	}
	d, ok := v.(*format.Dict)
	if !ok {
		return nil, format.Errorf(f.Path, 0, "the pickle holds %T instead of a dict", v)
	}
	return d, nil
}

func (c cifar) readNames(f *tree.File) ([]string, error) {
	d, err := readDict(f)
	if err != nil {
		return nil, err
	}
	list, _ := d.Items[c.names].(*format.List)
	if list == nil {
		return nil, format.Errorf(f.Path, 0, "the pickle has no list %q", c.names)
	}
	names := []string{}
	for i, v := range list.Items {
		s, ok := v.(string)
		if !ok {
			return nil, format.Errorf(f.Path, 0, "name %d is %T and no text", i, v)
		}
		names = append(names, s)
	}
	return names, nil
}

// maxText bounds small files of text.
const maxText = 1 << 22

// readLines reads a file of lines; empty ones are left out.
func readLines(f *tree.File) ([]string, error) {
	content, err := f.ReadAll(maxText)
	if err != nil {
		return nil, err
	}
	lines := []string{}
	for s := bufio.NewScanner(strings.NewReader(string(content))); s.Scan(); {
		if line := strings.TrimSpace(s.Text()); line != "" {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// join makes a Dataset of some batches, in order.
func (c cifar) join(t *tree.Tree, name string, files []string, batches map[string]*batch, classes []string) (*Dataset, error) {
	d := &Dataset{Name: name, Source: t.Path, C: 3, H: cifarSide, W: cifarSide, Classes: classes}
	for i, file := range files {
		b := batches[file]
		if b == nil {
			return nil, missingPart(t, file)
		}
		if first := batches[files[0]]; len(b.labels) != len(first.labels) {
			return nil, format.Errorf(b.path, int64(len(b.pixels)), "%d images, but %s has %d: one of them is truncated", len(b.labels), first.path, len(first.labels))
		}
		for j, l := range b.labels {
			if l < 0 || l >= len(classes) {
				return nil, format.Errorf(b.path, b.at(j), "image %d has label %d, but there are %d classes", j, l, len(classes))
			}
		}
		if i == 0 && len(files) == 1 {
			d.Pixels, d.Labels = b.pixels, b.labels
			break
		}
		d.Pixels, d.Labels = append(d.Pixels, b.pixels...), append(d.Labels, b.labels...)
		batches[file].pixels = nil
	}
	return d, d.Check()
}
