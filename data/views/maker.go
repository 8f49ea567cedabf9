package views

import (
	"fmt"
	"runtime"
	"sync"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/augment/fused"
	"sslmem/data/picture"
	"sslmem/data/prefetch"
)

// A Maker makes batches of views.
type Maker struct {
	Images data.Images
	Recipe augment.Recipe // with nothing open, see [Fit]
	Seed   uint64         // of the views

	PerImage int // views of each image, at least 1
	// Grouped lets the views of an image follow each other, [B, V, …]. Otherwise
	// the first views of all images come first, [V, B, …].
	Grouped bool

	Batch   int // images of a batch, at most
	Ahead   int // batches that are prepared before they are asked for, at least 1
	Workers int // goroutines that decode; 0 means as many as Go uses processors
}

// A Batch is the views of some images.
type Batch struct {
	// Pixels holds normalised views [Size, Size, C] as Grouped says, of the images
	// of this batch only.
	Pixels []float32
	Index  []int // the images, as places in Images
	Epoch  int

	room []float32
}

// Start prepares n batches. choose says which images batch i holds, at most
// Batch, and which epoch's views of them; it is called in the order 0 … n−1, and the
// slice may be used again at the next call. An error of an image or of the
// recipe is the error of its batch, and the last.
func (m Maker) Start(n int, choose func(i int) (index []int, epoch int)) *prefetch.Queue[*Batch] {
	c, _, _ := m.Images.Shape()
	size := c * m.Recipe.Size * m.Recipe.Size
	buffer := func() *Batch {
		return &Batch{room: make([]float32, m.Batch*m.PerImage*size), Index: make([]int, m.Batch)}
	}
	begin := func(i int, b *Batch) int {
		index, epoch := choose(i)
		b.Index, b.Epoch = append(b.Index[:0], index...), epoch
		b.Pixels = b.room[:len(index)*m.PerImage*size]
		return len(index)
	}
	ahead := max(m.Ahead, 1)
	if d, ok := m.Images.(*data.Dataset); ok {
		return prefetch.Start(n, ahead, buffer, func(i int, b *Batch) error {
			begin(i, b)
			return m.fromMemory(d, b, size)
		})
	}
	workers := m.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	return prefetch.StartEach(n, ahead, workers, buffer, begin, func(_, k int, b *Batch) error {
		return m.decode(b, k, c, size)
	})
}

// fromMemory makes all views of a batch, on all cores.
func (m Maker) fromMemory(d *data.Dataset, b *Batch, size int) error {
	layout := fused.Layout{ChannelsLast: true}
	if m.Grouped {
		layout.Every = m.PerImage * size
	}
	for v := range m.PerImage {
		key := augment.Key{Seed: m.Seed, Epoch: b.Epoch, View: v}
		if err := fused.Batch(b.Pixels[m.at(b, 0, v)*size:], m.Recipe, d, b.Index, key, layout, m.Workers); err != nil {
			return err
		}
	}
	return nil
}

// at returns the place of view v of image k among the views of b.
func (m Maker) at(b *Batch, k, v int) int {
	if m.Grouped {
		return k*m.PerImage + v
	}
	return v*len(b.Index) + k
}

var pictures = sync.Pool{New: func() any { return new(picture.Image) }}

// decode decodes image k of a batch and makes all views of it.
func (m Maker) decode(b *Batch, k, c, size int) error {
	im := pictures.Get().(*picture.Image)
	defer pictures.Put(im)
	i := b.Index[k]
	if err := m.Images.Decode(i, im); err != nil {
		return err
	}
	if im.C != c {
		return fmt.Errorf("views: image %d has %d channels instead of %d", i, im.C, c)
	}
	for v := range m.PerImage {
		params := m.Recipe.Draw(augment.Key{Seed: m.Seed, Epoch: b.Epoch, View: v}, i, im.H, im.W)
		at := m.at(b, k, v) * size
		if err := fused.Apply(b.Pixels[at:at+size], m.Recipe, im.Pixels, c, im.H, im.W, params, fused.Layout{ChannelsLast: true}); err != nil {
			return err
		}
	}
	return nil
}
