// Command carve makes the small part of Fashion-MNIST that this module
// carries, from the four official files.
//
//	go run ./data/internal/carve FOLDER [OUT]
//
// FOLDER holds train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz and the
// two t10k files, as published at https://github.com/zalandoresearch/fashion-mnist
// or in Debian's package dataset-fashion-mnist (there they lie in
// /usr/share/datasets/fashion-mnist). OUT is data/fashionmnist if not given.
//
// It takes 600 training and 100 test images of each of the ten classes, those
// that a permutation with a fixed seed puts first, and keeps them in the order
// of the official files. An image that equals one already taken is passed over:
// a copy of a point in another split would hide its memorization. It refuses
// files whose SHA-256 is not that of the official content. Beside the four
// small files it writes indices.json, the places of the images in the official
// files, counted from 0. Two runs with one Go release write the same bytes.
package main

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"sslmem/data"
	"sslmem/data/atomicfile"
	"sslmem/data/rng"
)

// seed chooses the images. Nothing recommends this value over another.
const seed = 1

// part is one half of the data set.
type part struct {
	prefix   string // of the file names
	perClass int
	pixels   string // SHA-256 of the official pixels
}

var parts = []part{
	{"train", 600, "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012"},
	{"t10k", 100, "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a"},
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "carve:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return errors.New("usage: go run ./data/internal/carve FOLDER [OUT]")
	}
	out := filepath.Join("data", "fashionmnist")
	if len(args) == 2 {
		out = args[1]
	}
	train, test, err := data.OpenFolder(args[0])
	if err != nil {
		return err
	}
	indices := map[string][]int{}
	seen := map[string]bool{} // pixels taken so far, of both parts
	for i, d := range []*data.Dataset{train, test} {
		p := parts[i]
		sum := sha256.Sum256(d.Pixels)
		if got := hex.EncodeToString(sum[:]); got != p.pixels {
			return fmt.Errorf("the %s images in %s are not the official ones: SHA-256 %s, want %s", p.prefix, args[0], got, p.pixels)
		}
		idx := choose(d, p.perClass, rng.Sub(seed, uint64(i)), seen)
		indices[p.prefix] = idx
		if err := writePart(out, p.prefix, d.Subset(idx)); err != nil {
			return err
		}
	}
	return atomicfile.Write(filepath.Join(out, "indices.json"), func(w io.Writer) error {
		return json.NewEncoder(w).Encode(indices)
	})
}

// choose returns the indices, ascending, of perClass images of each class,
// none of them in seen, and adds them to seen.
func choose(d *data.Dataset, perClass int, seed uint64, seen map[string]bool) []int {
	taken := make([]int, len(d.Classes))
	var idx []int
	for _, i := range rng.New(seed).Perm(d.Len()) {
		pixels := string(d.Image(i))
		if l := d.Labels[i]; taken[l] < perClass && !seen[pixels] {
			seen[pixels] = true
			taken[l]++
			idx = append(idx, i)
		}
	}
	slices.Sort(idx)
	return idx
}

// writePart writes the images and labels files of one half.
func writePart(out, prefix string, d *data.Dataset) error {
	labels := make([]byte, d.Len())
	for i, l := range d.Labels {
		labels[i] = byte(l)
	}
	images := filepath.Join(out, prefix+"-images-idx3-ubyte.gz")
	if err := writeIDX(images, []int{d.Len(), d.H, d.W}, d.Pixels); err != nil {
		return err
	}
	return writeIDX(filepath.Join(out, prefix+"-labels-idx1-ubyte.gz"), []int{d.Len()}, labels)
}

// writeIDX writes unsigned bytes as gzip'ed IDX, without name or time in the
// gzip header, so that equal content gives equal files.
func writeIDX(path string, dims []int, payload []byte) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
		if err != nil {
			return err
		}
		header := []byte{0, 0, 8, byte(len(dims))}
		for _, n := range dims {
			header = binary.BigEndian.AppendUint32(header, uint32(n))
		}
		if _, err := z.Write(header); err != nil {
			return err
		}
		if _, err := z.Write(payload); err != nil {
			return err
		}
		return z.Close()
	})
}
