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
	if size < 0 || size > maxSide {
		return nil, fmt.Errorf("data: images of %d pixels a side, but sides are 1 to %d", size, maxSide)
	}
	n := s.Len()
	if n == 0 {
		return nil, fmt.Errorf("data: a data set without images")
	}
	var first picture.Image
	if err := decodeSized(s, 0, size, &first); err != nil {
		return nil, err
	}
	d := &Dataset{C: first.C, H: first.H, W: first.W, Classes: s.ClassNames()}
	d.Name, d.Source = titleOf(s)
	if int64(n)*int64(len(first.Pixels)) > maxLoad {
		return nil, fmt.Errorf("data: %d images of %d×%d×%d take %.0f GB, more than the %.0f GB that are read into memory; choose a smaller size", n, d.C, d.H, d.W, float64(n)*float64(len(first.Pixels))/1e9, maxLoad/1e9)
	}
	d.Pixels = make([]uint8, n*len(first.Pixels))
	if d.Classes != nil {
		d.Labels = make([]int, n)
		for i := range d.Labels {
			d.Labels[i] = s.Label(i)
		}
	}
	err := eachImage(n, func(i int, im *picture.Image) error {
		if err := decodeSized(s, i, size, im); err != nil {
			return err
		}
		if im.C != d.C || im.H != d.H || im.W != d.W {
			return fmt.Errorf("data: image %d%s has %d×%d×%d pixels, but the first has %d×%d×%d: %w", i, nameOf(s, i), im.C, im.H, im.W, d.C, d.H, d.W, ErrSizes)
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
