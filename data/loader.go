package data

import (
	"fmt"
	"runtime"

	"sslmem/data/picture"
	"sslmem/data/prefetch"
)

// A Batch is the decoded images of one step.
type Batch struct {
	Step   int
	Index  []int           // places in the Source
	Labels []int           // classes, −1 for none
	Images []picture.Image // as large as each is, or of one size if the Loader has one
}

// A Loader decodes the batches of a [Sampler] ahead of a training, on all cores.
// At most Ahead+1 batches are in memory, whose pixels are used again and again.
//
//	l := data.Loader{Source: s.Train, Sampler: sampler, Size: 224, Ahead: 2}
//	q := l.Start(first, last)
//	defer q.Stop()
//	for range last - first {
//		b, err := q.Next()
//		…
//		q.Recycle(b)
//	}
//
// To go on later, start with the step that was not taken yet: what comes is what
// would have come.
type Loader struct {
	Source  Source
	Sampler Sampler
	Size    int // side of the images, as [Load] makes them; 0 leaves them as they are
	Ahead   int // batches that are prepared before they are asked for, at least 1
}

// Start prepares the steps first … last−1, whose images are decoded one by one: no
// core waits for the last image of a batch. An image that cannot be decoded ends
// the sequence with an error that names it.
func (l *Loader) Start(first, last int) (*prefetch.Queue[*Batch], error) {
	sampler := l.Sampler
	if err := sampler.Check(); err != nil {
		return nil, err
	}
	if n := l.Source.Len(); sampler.N != n {
		return nil, fmt.Errorf("data: the sampler draws from %d images, but the source has %d", sampler.N, n)
	}
	buffer := func() *Batch {
		n := sampler.Batch
		return &Batch{Index: make([]int, n), Labels: make([]int, n), Images: make([]picture.Image, n)}
	}
	begin := func(i int, b *Batch) int {
		b.Step = first + i
		sampler.Images(b.Step, b.Index)
		return len(b.Index)
	}
	return prefetch.StartEach(last-first, max(l.Ahead, 1), runtime.GOMAXPROCS(0), buffer, begin, func(_, k int, b *Batch) error {
		b.Labels[k] = l.Source.Label(b.Index[k])
		return decodeSized(l.Source, b.Index[k], l.Size, &b.Images[k])
	}), nil
}
