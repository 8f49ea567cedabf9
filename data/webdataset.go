package data

import (
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sslmem/data/format"
	"sslmem/data/tree"
)

// shardImages are the endings of images in the shards of a WebDataset.
var shardImages = []string{"jpg", "jpeg", "png", "webp", "bmp"}

// maxShards bounds the number of shards, all of which are kept open.
const maxShards = 4096

// openShards opens the shards of a WebDataset: .tar files of which the members
// that are alike up to the first dot of their names make a sample, NAME.jpg (or
// another image) with NAME.cls, its class as a number, if there are labels.
// Samples are in the order of the shards, and the shards in that of their names.
// Shards whose names begin with val, valid or test are the test set where others
// begin with train.
func openShards(t *tree.Tree) (train, test Source, err error) {
	paths := []string{t.Path}
	if t.IsFolder() {
		if paths, err = shardsIn(t.Path); err != nil {
			return nil, nil, err
		}
	}
	var first, second []string
	for _, p := range paths {
		b := filepath.Base(p)
		if strings.HasPrefix(b, "val") || strings.HasPrefix(b, "test") {
			second = append(second, p)
		} else {
			first = append(first, p)
		}
	}
	if len(first) == 0 {
		first, second = second, nil
	}
	name := strings.TrimSuffix(filepath.Base(filepath.Clean(t.Path)), ".tar")
	a, err := readShards(name, t.Path, first)
	if err != nil {
		return nil, nil, err
	}
	if second == nil {
		return a, nil, nil
	}
	b, err := readShards(name+"-test", t.Path, second)
	if err != nil {
		a.Close()
		return nil, nil, err
	}
	if len(b.classes) > len(a.classes) && a.classes != nil {
		a.Close()
		b.Close()
		return nil, nil, fmt.Errorf("data: %s: the test set has the class %d, but the training set has the classes 0 to %d", t.Path, len(b.classes)-1, len(a.classes)-1)
	}
	b.classes = a.classes
	return a, b, nil
}

// shardsIn returns the .tar files of a folder.
func shardsIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("data: cannot list folder: %w", err)
	}
	var paths []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".tar") && followed(filepath.Join(dir, e.Name()), e).IsRegular() {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	if len(paths) > maxShards {
		return nil, fmt.Errorf("data: %s holds %d shards, the limit is %d", dir, len(paths), maxShards)
	}
	return paths, nil
}

// readShards indexes shards one after the other.
func readShards(name, root string, paths []string) (f *Files, err error) {
	r := &ranges{paths: paths}
	f = &Files{name: name, root: root, store: r}
	defer func() {
		if err != nil {
			r.Close()
		}
	}()
	labelled, largest := false, -1
	for k, p := range paths {
		samples, err := readShard(p, r)
		if err != nil {
			return nil, err
		}
		for _, s := range samples {
			if f.index.len() == 0 {
				labelled = s.label >= 0
			}
			if (s.label >= 0) != labelled {
				return nil, format.Errorf(p, s.offset, "sample %s has %s, unlike those before it", s.key, map[bool]string{true: "a label", false: "no label"}[s.label >= 0])
			}
			folder := path.Dir(s.image) + "/"
			if folder == "./" {
				folder = ""
			}
			if len(paths) > 1 {
				folder = p + "!" + folder
			}
			if err := f.index.add(folder, path.Base(s.image), s.label); err != nil {
				return nil, err
			}
			largest = max(largest, s.label)
			r.file, r.offset, r.size = append(r.file, uint16(k)), append(r.offset, s.offset), append(r.size, uint32(s.size))
		}
	}
	if f.index.len() == 0 {
		return nil, fmt.Errorf("data: %s holds no samples with an image", root)
	}
	for i := range largest + 1 {
		f.classes = append(f.classes, strconv.Itoa(i))
	}
	f.index.clip()
	return f, nil
}

// A sample is the image of a sample and its class.
type sample struct {
	key, image   string
	offset, size int64
	label        int
}

// readShard lists the samples of one shard and leaves it open in r.
func readShard(p string, r *ranges) ([]sample, error) {
	t, err := tree.Open(p)
	if err != nil {
		return nil, err
	}
	if !t.IsTar() {
		return nil, format.Errorf(p, 0, "it is no tar archive, or a compressed one, in which nothing can be found again; unpack it with gunzip")
	}
	a, err := openArchive(t, func(string) (bool, error) { return true, nil })
	if err != nil {
		return nil, err
	}
	r.in, r.close = append(r.in, a.in), append(r.close, a.closer)
	var samples []sample
	for _, m := range a.members {
		dir, base := path.Split(m.name)
		stem, ending, _ := strings.Cut(base, ".")
		key := dir + stem
		if n := len(samples); n == 0 || samples[n-1].key != key {
			samples = append(samples, sample{key: key, label: -1, offset: m.offset})
		}
		s := &samples[len(samples)-1]
		switch ending = strings.ToLower(ending); {
		case slices.Contains(shardImages, ending):
			if s.image != "" {
				return nil, format.Errorf(p, m.offset, "sample %s has two images", key)
			}
			s.image, s.offset, s.size = m.name, m.offset, m.size
		case ending == "cls":
			if s.label, err = readClass(a.in, m); err != nil {
				return nil, &format.Error{File: p + "!" + m.name, Offset: m.offset, Msg: "wrong label", Err: err}
			}
		}
	}
	for _, s := range samples {
		if s.image == "" {
			return nil, format.Errorf(p, s.offset, "sample %s has no image (%s)", s.key, strings.Join(shardImages, ", "))
		}
	}
	return samples, nil
}

// readClass reads a class written as a number.
func readClass(r io.ReaderAt, m member) (int, error) {
	if m.size > 16 {
		return 0, fmt.Errorf("a class takes at most 16 bytes, not %d", m.size)
	}
	b := make([]byte, m.size)
	if n, err := r.ReadAt(b, m.offset); n < len(b) {
		return 0, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err == nil && (n < 0 || n >= maxClasses) {
		err = fmt.Errorf("class %d, but classes are 0 to %d", n, maxClasses-1)
	}
	return n, err
}
