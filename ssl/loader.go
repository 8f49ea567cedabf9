package ssl

import (
	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/augment/fused"
	"sslmem/data/prefetch"
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

// ahead is how many batches are prepared before they are asked for.
const ahead = 2

// startLoader draws the views of the steps first … last−1, [V·B, Size, Size, C]
// each, while earlier steps compute. No thread of it ever enters libtorch, which
// would start a second pool of threads.
func startLoader(d *data.Dataset, p plan, r augment.Recipe, views, first, last int) *prefetch.Queue[[]float32] {
	perView := p.batch * d.C * r.Size * r.Size
	seed := rng.Sub(p.seed, rng.Word("views"))
	buffer := func() []float32 { return make([]float32, views*perView) }
	return prefetch.Start(last-first, ahead, buffer, func(i int, pixels []float32) error {
		images := p.images(first + i)
		for v := range views {
			key := augment.Key{Seed: seed, Epoch: p.epoch, View: v}
			if err := fused.Batch(pixels[v*perView:(v+1)*perView], r, d, images, key, fused.Layout{ChannelsLast: true}, 0); err != nil {
				return err
			}
		}
		return nil
	})
}
