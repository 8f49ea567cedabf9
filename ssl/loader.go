package ssl

import (
	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/rng"
)

// plan says which images step number step of a training sees, and in which
// order. Only whole batches are used; which images are left over changes from
// epoch to epoch.
type plan struct {
	index []int // images to train on
	batch int   // images per step
	seed  uint64

	epoch int // of order
	order []int
}

func (p *plan) stepsPerEpoch() int { return len(p.index) / p.batch }

// images returns the images of a step, valid until the next call.
func (p *plan) images(step int) []int {
	epoch, within := step/p.stepsPerEpoch(), step%p.stepsPerEpoch()
	if p.order == nil || epoch != p.epoch {
		perm := rng.New(p.seed, rng.Word("order"), uint64(epoch)).Perm(len(p.index))
		p.epoch, p.order = epoch, perm
		for i, j := range perm {
			perm[i] = p.index[j]
		}
	}
	return p.order[within*p.batch : (within+1)*p.batch]
}

// hostBatch is one batch of views in host memory.
type hostBatch struct {
	pixels []float32 // [V·B, C, Size, Size]
	err    error
}

// prefetch is how many batches are prepared ahead.
const prefetch = 2

// A loader draws the views of the coming steps while the current one computes.
// It is pure Go: no thread of it ever enters libtorch, which would start a
// second pool of threads.
type loader struct {
	ready chan *hostBatch
	free  chan *hostBatch
	quit  chan struct{}
	done  chan struct{}
}

// startLoader prepares the steps first … last−1. Stop must be called.
func startLoader(d *data.Dataset, p plan, r augment.Recipe, views, first, last, workers int) *loader {
	l := &loader{
		ready: make(chan *hostBatch, prefetch),
		free:  make(chan *hostBatch, prefetch+1),
		quit:  make(chan struct{}),
		done:  make(chan struct{}),
	}
	perView := p.batch * d.C * r.Size * r.Size
	for range cap(l.free) {
		l.free <- &hostBatch{pixels: make([]float32, views*perView)}
	}
	seed := rng.Sub(p.seed, rng.Word("views"))
	go func() {
		defer close(l.done)
		for step := first; step < last; step++ {
			var b *hostBatch
			select {
			case b = <-l.free:
			case <-l.quit:
				return
			}
			images := p.images(step)
			for v := range views {
				key := augment.Key{Seed: seed, Epoch: p.epoch, View: v}
				if b.err = r.Batch(b.pixels[v*perView:(v+1)*perView], d, images, key, workers); b.err != nil {
					break
				}
			}
			select {
			case l.ready <- b:
			case <-l.quit:
				return
			}
		}
	}()
	return l
}

// next returns the views of the next step; give them back with recycle.
func (l *loader) next() *hostBatch { return <-l.ready }

func (l *loader) recycle(b *hostBatch) { l.free <- b }

// stop ends the loader's goroutine and waits for it.
func (l *loader) stop() {
	close(l.quit)
	<-l.done
}
