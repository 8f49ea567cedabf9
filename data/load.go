package data

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"sslmem/data/picture"
)

// Load decodes all images of s into memory, by as many goroutines as there are
// cores. With size 0 all images must have one size; otherwise the shorter side
// is resized to size, as torchvision's Resize does to PIL's images, and the
// middle of size×size pixels is cut out. A Dataset that has the size already is
// returned itself.
//
// The result is the same for any number of cores. The error of the first image
// that cannot be decoded ends it.
func Load(s Source, size int) (*Dataset, error) {
	if d, ok := s.(*Dataset); ok && (size == 0 || d.H == size && d.W == size) {
		return d, nil
	}
	first, err := decodeFirst(s, size)
	if err != nil {
		return nil, err
	}
	n := s.Len()
	d := &Dataset{C: first.C, H: first.H, W: first.W, Labels: Labels(s), Classes: s.ClassNames()}
	d.Name, d.Source = titleOf(s)
	if int64(n)*int64(len(first.Pixels)) > maxLoad {
		return nil, fmt.Errorf("data: %d images of %d×%d×%d take %.0f GB, more than the %.0f GB that are read into memory; choose a smaller size", n, d.C, d.H, d.W, float64(n)*float64(len(first.Pixels))/1e9, maxLoad/1e9)
	}
	d.Pixels = make([]uint8, n*len(first.Pixels))
	err = eachImage(n, func(i int, im *picture.Image) error {
		if err := decodeSized(s, i, size, im); err != nil {
			return err
		}
		if err := checkShape(s, i, im, d.C, d.H, d.W); err != nil {
			return err
		}
		copy(d.Image(i), im.Pixels)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return d, d.Check()
}

// ErrSizes is wrapped by the error of [Load] for images of different sizes.
var ErrSizes = errors.New("give the size that all shall have")

// maxLoad bounds what Load reads into memory, in bytes.
const maxLoad = 64e9

// nameOf returns the file of an image for messages, if the source knows it.
func nameOf(s Source, i int) string {
	if f, ok := s.(interface{ Path(i int) string }); ok {
		return " (" + f.Path(i) + ")"
	}
	return ""
}

// decodeSized decodes image i and brings it to size×size pixels unless that is 0.
func decodeSized(s Source, i, size int, into *picture.Image) error {
	if err := s.Decode(i, into); err != nil || size == 0 {
		return err
	}
	return picture.ResizeCrop(into, size)
}

// decodeFirst decodes the first image of s, which shows the shape of all.
func decodeFirst(s Source, size int) (first picture.Image, err error) {
	switch {
	case size < 0 || size > maxSide:
		return first, fmt.Errorf("data: images of %d pixels a side, but sides are 1 to %d", size, maxSide)
	case s.Len() == 0:
		return first, fmt.Errorf("data: a data set without images")
	}
	err = decodeSized(s, 0, size, &first)
	return first, err
}

// checkShape returns an error if image i does not have the shape of the first;
// with h 0 only the channels count.
func checkShape(s Source, i int, im *picture.Image, c, h, w int) error {
	if im.C != c || h != 0 && (im.H != h || im.W != w) {
		return fmt.Errorf("data: image %d%s has %d×%d×%d pixels, but the first has %d×%d×%d: %w", i, nameOf(s, i), im.C, im.H, im.W, c, h, w, ErrSizes)
	}
	return nil
}

// eachImage calls f for 0 … n−1 from all cores, each with an image of its own.
// It returns the error of the lowest i among those that were met.
func eachImage(n int, f func(i int, im *picture.Image) error) error {
	var (
		next   atomic.Int64
		failed atomic.Bool
		mu     sync.Mutex
		worst  = n
		err    error
		wg     sync.WaitGroup
	)
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			var im picture.Image
			for !failed.Load() {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if e := f(i, &im); e != nil {
					failed.Store(true)
					mu.Lock()
					if i < worst {
						worst, err = i, e
					}
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return err
}
