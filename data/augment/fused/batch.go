package fused

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"sslmem/data"
	"sslmem/data/augment"
)

// A Layout says how views are written. The zero value is [N, C, H, W] without
// gaps.
type Layout struct {
	// ChannelsLast writes a view as [H, W, C].
	ChannelsLast bool
	// Every is the number of elements from the start of one view to the start of
	// the next, at least the size of a view; 0 means just that size.
	Every int
}

// Batch writes a view of each of the images idx of d to dst, as
// [augment.Recipe.Batch] does: the view of image i depends on r, k, i and the
// image only. dst holds len(idx) views of d.C·Size·Size elements in the given
// layout; elements between views are left alone.
//
// The work is divided among the given number of goroutines; 0 means as many as
// Go uses processors. Batch only reads d and idx, and returns when all views
// are written. It returns an error, and leaves dst as it was, if the recipe is
// impossible or does not fit the images, dst is too short or an index is not
// in d.
func Batch(dst []float32, r augment.Recipe, d *data.Dataset, idx []int, k augment.Key, l Layout, workers int) error {
	return batch(dst, r, d, idx, draws(&r, d, idx, k), l, workers, best)
}

// BatchBFloat16 is Batch with results rounded to bfloat16, whose bits dst takes.
func BatchBFloat16(dst []uint16, r augment.Recipe, d *data.Dataset, idx []int, k augment.Key, l Layout, workers int) error {
	return batch(dst, r, d, idx, draws(&r, d, idx, k), l, workers, best)
}

// Plain writes the images idx of d as they are, resized and normalised, as
// [augment.Recipe.Plain] does. Layout, workers and errors are those of Batch.
func Plain(dst []float32, r augment.Recipe, d *data.Dataset, idx []int, l Layout, workers int) error {
	return batch(dst, r, d, idx, func(p []augment.Params, from int) {
		for i := range p {
			p[i] = augment.Whole(d.H, d.W)
		}
	}, l, workers, best)
}

// Apply writes the view with parameters p of one image [c, h, w] to dst, as
// [augment.Recipe.Apply] does.
func Apply(dst []float32, r augment.Recipe, img []uint8, c, h, w int, p augment.Params, l Layout) error {
	return apply(dst, r, img, c, h, w, p, l, best)
}

func apply(dst []float32, r augment.Recipe, img []uint8, c, h, w int, p augment.Params, l Layout, level int) error {
	d, err := augment.One(img, c, h, w)
	if err != nil {
		return err
	}
	if err := r.CheckFor(c); err != nil {
		return err
	}
	if err := r.CheckParams(&p, h, w); err != nil {
		return err
	}
	return batch(dst, r, d, []int{0}, func(q []augment.Params, _ int) { q[0] = p }, l, 1, level)
}

// draws returns a function that draws parameters of the images from some place
// of idx on.
func draws(r *augment.Recipe, d *data.Dataset, idx []int, k augment.Key) func([]augment.Params, int) {
	return func(p []augment.Params, from int) { r.DrawAll(p, k, idx[from:from+len(p)], d.H, d.W) }
}

// batch checks everything and divides the work.
func batch[E float32 | uint16](dst []E, r augment.Recipe, d *data.Dataset, idx []int, params func([]augment.Params, int), l Layout, workers, level int) error {
	if err := r.CheckImages(d, idx); err != nil {
		return err
	}
	l, err := l.check(len(dst), len(idx), d.C, r.Size)
	if err != nil {
		return err
	}
	each(len(idx), viewsPerCall(d.C*r.Size*r.Size), workers, func(w *worker, lo, hi int) {
		w.prepare(&r, d, l)
		params(w.room(hi-lo), lo)
		call(w, dst[lo*l.Every:], d, idx[lo:hi], level)
	})
	return nil
}

// check returns l with Every filled in, or an error if n views do not fit into
// so many elements.
func (l Layout) check(elements, n, channels, side int) (Layout, error) {
	size := channels * side * side
	if l.Every == 0 {
		l.Every = size
	}
	if l.Every < size {
		return l, fmt.Errorf("augment: views of %d elements cannot start every %d elements", size, l.Every)
	}
	if want := (n-1)*l.Every + size; n > 0 && elements < want {
		return l, fmt.Errorf("augment: dst has %d elements, but %d views of shape %d×%d×%d, %d apart, need %d",
			elements, n, channels, side, side, l.Every, want)
	}
	return l, nil
}

// each has workers take parts lo … hi−1 of 0 … n−1, of chunk each, and returns
// when all are done.
func each(n, chunk, workers int, do func(w *worker, lo, hi int)) {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	workers = min(workers, (n+chunk-1)/chunk)
	var next atomic.Int64
	work := func() {
		w := pool.Get().(*worker)
		defer pool.Put(w)
		for {
			hi := int(next.Add(int64(chunk)))
			lo := hi - chunk
			if lo >= n {
				return
			}
			do(w, lo, min(hi, n))
		}
	}
	if workers <= 1 {
		work()
		return
	}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(work)
	}
	wg.Wait()
}

// viewsPerCall is the number of views that a worker takes at a time: few enough
// to divide a batch well, enough that the call costs nothing.
func viewsPerCall(size int) int { return max(1, min(16, 1<<16/size)) }
