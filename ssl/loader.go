package ssl

import (
	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/prefetch"
	"sslmem/data/rng"
	"sslmem/data/views"
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

// ahead is how many batches are prepared before they are asked for.
const ahead = 2

// startLoader draws the views of the steps first … last−1, [V·B, Size, Size, C]
// each, while earlier steps compute, and decodes the images if they are not in
// memory. No thread of it ever enters libtorch, which would start a second pool
// of threads.
func startLoader(images data.Images, p plan, r augment.Recipe, perImage, first, last int) *prefetch.Queue[*views.Batch] {
	m := views.Maker{
		Images: images, Recipe: r, Seed: rng.Sub(p.seed, rng.Word("views")),
		PerImage: perImage, Batch: p.batch, Ahead: ahead,
	}
	return m.Start(last-first, func(i int) ([]int, int) {
		index := p.images(first + i)
		return index, p.epoch
	})
}
