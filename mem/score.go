package mem

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"sync"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/views"
	"sslmem/torch"
)

// An Encoder maps images [N, C, H, W] to features [N, D] in the scope of the
// images. It is everything that scoring knows of a network, which must be in
// evaluation mode: features of an image may not depend on its batch.
type Encoder interface {
	Forward(x *torch.Tensor) *torch.Tensor
}

// Scorer measures alignment losses. Its zero value is not usable; fill Augment,
// Views, Distance and BatchSize at least.
type Scorer struct {
	// Augment draws the views: by the definition, as in training. What it
	// leaves open, size and normalisation, is taken from the data set; see
	// [augment.Recipe.Fit].
	Augment augment.Recipe
	// Views is K, the number of views of each point, at least 2. Both encoders
	// see the same ones (common random numbers), and those of a point depend
	// on Seed and its index only.
	Views int
	Seed  uint64
	// Distance is d, and Rule says of which pairs of views it is taken, all by
	// default.
	Distance Distance
	Rule     ViewRule
	// Mask hides random patches of each view from both encoders, which must be a
	// [PatchEncoder] then; the zero value hides none. Masked autoencoders are
	// trained with little else, and so scored by it. Hidden patches depend on Seed,
	// the index of the point and the number of the view only.
	Mask augment.Mask
	// BatchSize bounds the views per forward pass; the result does not depend
	// on it beyond float32 rounding.
	BatchSize int
	Device    torch.Device
	// Together runs f and g at the same time, each in a thread of its own.
	Together bool
	// Report, if set, is told after each batch how many points are done.
	Report func(done, total int)
}

// Check returns an error that names the first field with a value that cannot
// be used.
func (c Scorer) Check() error {
	rule, err := ParseViewRule(string(c.Rule))
	if err != nil {
		return err
	}
	least := 2
	if rule == RawAnchor {
		least = 1
	}
	switch {
	case c.Views < least:
		return fmt.Errorf("mem: scoring needs at least %d views of a point, not %d", least, c.Views)
	case rule == DisjointViews && c.Views%2 != 0:
		return fmt.Errorf("mem: disjoint pairs need an even number of views, not %d", c.Views)
	case c.BatchSize < 1:
		return fmt.Errorf("mem: the batch size of scoring is %d but must be at least 1", c.BatchSize)
	case c.masked() && rule == RawAnchor:
		return fmt.Errorf("mem: the raw image is compared with augmented views, not with masked ones; score without mask or with pairs of views")
	}
	if _, err := ParseDistance(string(c.Distance)); err != nil {
		return err
	}
	return c.Augment.CheckOpen()
}

// Pair returns the losses of the points index of d under f and g, in the order
// of index, with those of the halves of the views where there are at least
// four; seed is recorded as that of the pair. Images that are not in memory are
// decoded as they are needed, once for both encoders. f and g get the same views,
// float32 [n·K, C, Size, Size] on Device with the channels last, inside
// [torch.NoGrad]. Nothing that Pair computes is left in memory.
//
// The error says which of f and g failed and how, such as with features of
// another shape than [n·K, D], or with features that are NaN or infinite, whose
// image is named. When ctx ends, Pair ends early with ctx's error.
func (c Scorer) Pair(ctx context.Context, f, g Encoder, d data.Images, index []int, seed uint64) (PairLoss, error) {
	if err := c.Check(); err != nil {
		return PairLoss{Seed: seed}, err
	}
	p := c.newPairLoss(len(index), seed)
	var err error
	if c.Augment, err = views.Fit(c.Augment, d); err != nil {
		return p, fmt.Errorf("mem: %w", err)
	}
	if err := c.checkMask(f, g); err != nil {
		return p, err
	}
	sides := [2]side{{"f", f, p.F, p.FHalf}, {"g", g, p.G, p.GHalf}}
	err = c.stream(d).each(ctx, index, func(b viewBatch) error {
		var failed [2]error
		score := func(i int) { failed[i] = c.losses(b, index, sides[i]) }
		if c.Together {
			parallel(2, score)
		} else {
			score(0)
			score(1)
		}
		return cmp.Or(failed[:]...)
	})
	return p, err
}

// stream draws the views of d.
func (c Scorer) stream(d data.Images) stream {
	return stream{images: d, recipe: c.Augment, views: c.Views, raw: c.Rule == RawAnchor, seed: c.Seed, batch: c.BatchSize, report: c.Report}
}

// newPairLoss returns losses of n points to be filled in, with halves where there
// are enough views.
func (c Scorer) newPairLoss(n int, seed uint64) PairLoss {
	p := PairLoss{Seed: seed, F: make([]float64, n), G: make([]float64, n)}
	for h := range 2 {
		if c.Rule.half(c.Views) > 0 {
			p.FHalf[h], p.GHalf[h] = make([]float64, n), make([]float64, n)
		}
	}
	return p
}

// side is one encoder with the losses of all points, and of both halves of
// their views.
type side struct {
	name string
	e    Encoder
	loss []float64
	half [2][]float64
}

// losses fills in the losses of the points of a batch from their views.
func (c Scorer) losses(b viewBatch, index []int, of side) error {
	err := torch.Try(func() { c.mustLosses(b, index[b.from:b.to], of) })
	if err != nil {
		return fmt.Errorf("mem: scoring with encoder %s: %w", of.name, err)
	}
	if image, ok := unusable(of.loss, b, index); ok {
		return fmt.Errorf("mem: encoder %s gives image %d features that are NaN, infinite or huge, so that it has no loss; look at the encoder's weights and at the image", of.name, image)
	}
	return nil
}

// unusable returns the first image of a batch whose loss is none.
func unusable(loss []float64, b viewBatch, index []int) (image int, found bool) {
	for i := b.from; i < b.to; i++ {
		if !validLoss(loss[i]) {
			return index[i], true
		}
	}
	return 0, false
}

func (c Scorer) mustLosses(b viewBatch, index []int, of side) {
	values, dim := c.mustFeatures(b, index, of.e)
	drawn := c.Rule.drawn(c.Views)
	parallel(b.to-b.from, func(i int) {
		views := make([][]float64, drawn)
		for k := range views {
			row := i*drawn + k
			views[k] = values[row*dim : (row+1)*dim]
		}
		all, halves := c.Rule.loss(views, c.Distance)
		of.loss[b.from+i] = all
		for h, l := range halves {
			if of.half[h] != nil {
				of.half[h][b.from+i] = l
			}
		}
	})
}

// mustFeatures returns the features of the views of a batch, one row of dim numbers each.
func (c Scorer) mustFeatures(b viewBatch, index []int, e Encoder) (values []float64, dim int) {
	defer torch.LockThread()()
	s := torch.NewScope()
	defer s.Close()
	var features *torch.Tensor
	torch.NoGrad(func() {
		x := b.tensor(s, c.Device)
		if c.masked() {
			features = e.(PatchEncoder).ForwardPatches(x, c.visible(s, index))
		} else {
			features = e.Forward(x)
		}
	})
	if got := features.Shape(); len(got) != 2 || got[0] != b.shape[0] {
		panic(&torch.Error{Op: "features", Kind: torch.Value, Msg: fmt.Sprintf("the encoder gave features of shape %v for %d images; it must give one row each", got, b.shape[0])})
	}
	return torch.ToSlice[float64](features), features.Size(1)
}

// parallel runs fn for 0 … n−1 on all processors.
func parallel(n int, fn func(i int)) {
	workers := min(n, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				fn(i)
			}
		})
	}
	wg.Wait()
}
