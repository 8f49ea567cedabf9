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
	rate    float64 // if above 0, each image is drawn for a step with this probability
	images  []int   // of the step that was asked for last
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
	if l.Recipe.Privacy != nil {
		p.rate = sampleRate(l.Recipe.BatchSize, len(index))
	}
	return p
}

// step returns the images of a step, valid until the next call, and its epoch,
// counted from 0. Where each image is drawn by itself, as privacy needs it, there may be
// any number of them, also none, and one may come again in the same epoch: it then has
// other views, as every step counts as an epoch of its own.
func (p *plan) step(step int) (images []int, epoch int) {
	if p.rate > 0 {
		p.images = p.images[:0]
		r := rng.New(p.sampler.Seed, rng.Word("poisson"), uint64(step))
		for _, i := range p.index {
			if r.Float64() < p.rate {
				p.images = append(p.images, i)
			}
		}
		return p.images, step
	}
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
