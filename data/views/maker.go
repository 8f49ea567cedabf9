package views

import (
	"fmt"
	"runtime"
	"slices"
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
	Views  []augment.Recipe // of each view of an image, with nothing open, see [Fit] and [Repeat]
	Seed   uint64           // of the views

	// Grouped lets the views of an image follow each other, [B, V, …], for which
	// all must be of one size. Otherwise the first views of all images come first,
	// [V, B, …].
	Grouped bool

	Batch   int // images of a batch; more are taken too, with room of their own
	Ahead   int // batches that are prepared before they are asked for, at least 1
	Workers int // goroutines that decode; 0 means as many as Go uses processors
}

// Repeat returns the recipes of n views that are drawn alike.
func Repeat(r augment.Recipe, n int) []augment.Recipe { return slices.Repeat([]augment.Recipe{r}, n) }

// A Batch is the views of some images.
type Batch struct {
	// Pixels holds normalised views [Size, Size, C] as Grouped says, of the images
	// of this batch only. Views of another size are as long as they are.
	Pixels []float32
	Index  []int // the images, as places in Images
	Epoch  int

	room []float32
}

// Start prepares n batches. choose says which images batch i holds, which may be none,
// and which epoch's views of them; it is called in the order 0 … n−1, and the
// slice may be used again at the next call. An error of an image or of the
// recipe is the error of its batch, and the last.
func (m Maker) Start(n int, choose func(i int) (index []int, epoch int)) *prefetch.Queue[*Batch] {
	c, _, _ := m.Images.Shape()
	l := m.layout(c)
	buffer := func() *Batch {
		return &Batch{room: make([]float32, m.Batch*l.perImage), Index: make([]int, m.Batch)}
	}
	begin := func(i int, b *Batch) int {
		index, epoch := choose(i)
		b.Index, b.Epoch = append(b.Index[:0], index...), epoch
		if n := len(index) * l.perImage; n > len(b.room) {
			b.room = make([]float32, n)
		}
		b.Pixels = b.room[:len(index)*l.perImage]
		return len(index)
	}
	ahead := max(m.Ahead, 1)
	if d, ok := m.Images.(*data.Dataset); ok {
		return prefetch.Start(n, ahead, buffer, func(i int, b *Batch) error {
			begin(i, b)
			return m.fromMemory(d, b, l)
		})
	}
	workers := m.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	return prefetch.StartEach(n, ahead, workers, buffer, begin, func(_, k int, b *Batch) error {
		return m.decode(b, k, c, l)
	})
}

// A layout says where the views of a batch lie.
type layout struct {
	grouped  bool
	size     []int // numbers of each view of an image
	before   []int // numbers of the views of an image that come before each
	perImage int   // numbers of all views of an image
}

func (m Maker) layout(c int) layout {
	l := layout{grouped: m.Grouped}
	for _, r := range m.Views {
		if m.Grouped && r.Size != m.Views[0].Size {
			panic(fmt.Errorf("views: the views of an image are %d and %d pixels large and cannot be grouped", m.Views[0].Size, r.Size))
		}
		l.before = append(l.before, l.perImage)
		l.size = append(l.size, c*r.Size*r.Size)
		l.perImage += l.size[len(l.size)-1]
	}
	return l
}

// first is where view v of the first of n images lies.
func (l layout) first(n, v int) int {
	if l.grouped {
		return l.before[v]
	}
	return n * l.before[v]
}

// view returns the place of view v of image k among n.
func (l layout) view(b []float32, n, k, v int) []float32 {
	every := l.size[v]
	if l.grouped {
		every = l.perImage
	}
	at := l.first(n, v) + k*every
	return b[at : at+l.size[v]]
}

// fromMemory makes all views of a batch, on all cores.
func (m Maker) fromMemory(d *data.Dataset, b *Batch, l layout) error {
	if len(b.Index) == 0 {
		return nil
	}
	to := fused.Layout{ChannelsLast: true}
	if l.grouped {
		to.Every = l.perImage
	}
	for v, r := range m.Views {
		key := augment.Key{Seed: m.Seed, Epoch: b.Epoch, View: v}
		if err := fused.Batch(b.Pixels[l.first(len(b.Index), v):], r, d, b.Index, key, to, m.Workers); err != nil {
			return err
		}
	}
	return nil
}

var pictures = sync.Pool{New: func() any { return new(picture.Image) }}

// decode decodes image k of a batch and makes all views of it.
func (m Maker) decode(b *Batch, k, c int, l layout) error {
	im := pictures.Get().(*picture.Image)
	defer pictures.Put(im)
	i := b.Index[k]
	if err := m.Images.Decode(i, im); err != nil {
		return err
	}
	if im.C != c {
		return fmt.Errorf("views: image %d has %d channels instead of %d", i, im.C, c)
	}
	for v, r := range m.Views {
		params := r.Draw(augment.Key{Seed: m.Seed, Epoch: b.Epoch, View: v}, i, im.H, im.W)
		to := l.view(b.Pixels, len(b.Index), k, v)
		if err := fused.Apply(to, r, im.Pixels, c, im.H, im.W, params, fused.Layout{ChannelsLast: true}); err != nil {
			return err
		}
	}
	return nil
}
