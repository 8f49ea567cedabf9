package ssl

import (
	"sslmem/data"
	"sslmem/data/prefetch"
	"sslmem/data/rng"
	"sslmem/data/views"
)

// plan says which images a step of a training sees: those of index that a
// [data.Sampler] draws. Only whole batches are used; which images are left over
// changes from epoch to epoch.
type plan struct {
	index   []int  // images to train on
	views   uint64 // seed of their views
	sampler data.Sampler
	images  []int // of the step that was asked for last
}

func newPlan(index []int, batch int, seed uint64, ranks Ranks) plan {
	return plan{
		index:   index,
		views:   ViewSeed(seed),
		sampler: data.Sampler{N: len(index), Batch: batch, Seed: seed, Rank: ranks.Rank(), World: ranks.World()},
		images:  make([]int, batch),
	}
}

// plan is that of the loop for its images.
func (l *Loop) plan(index []int) plan {
	p := newPlan(index, l.Recipe.BatchSize, l.Seeds.order(l.Seed), l.ranks())
	p.views = ViewSeed(l.Seeds.views(l.Seed))
	return p
}

// step returns the images of a step, valid until the next call, and its epoch,
// counted from 0.
func (p *plan) step(step int) (images []int, epoch int) {
	p.sampler.Images(step, p.images)
	for i, at := range p.images {
		p.images[i] = p.index[at]
	}
	return p.images, p.sampler.Epoch(step)
}

// ahead is how many batches are prepared before they are asked for.
const ahead = 2

// ViewSeed returns the seed of the views that a training with the given seed draws.
func ViewSeed(seed uint64) uint64 { return rng.Sub(seed, rng.Word("views")) }

// startLoader draws the views of the steps first … last−1 while earlier steps
// compute, and decodes the images if they are not in memory. No thread of it
// ever enters libtorch, which would start a second pool of threads.
func startLoader(images data.Images, p plan, r Recipe, first, last int) *prefetch.Queue[*views.Batch] {
	m := views.Maker{
		Images: images, Views: r.Views(), Seed: p.views,
		Batch: p.sampler.Batch, Ahead: ahead,
	}
	return m.Start(last-first, func(i int) ([]int, int) { return p.step(first + i) })
}
