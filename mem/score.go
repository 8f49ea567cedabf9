package mem

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"sync"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/rng"
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
	// Distance is d. Disjoint takes the K/2 disjoint pairs of views instead of
	// all K(K−1)/2; see [DisjointPairs].
	Distance Distance
	Disjoint bool
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
	switch {
	case c.Views < 2:
		return fmt.Errorf("mem: scoring needs at least 2 views of a point, not %d", c.Views)
	case c.Disjoint && c.Views%2 != 0:
		return fmt.Errorf("mem: disjoint pairs need an even number of views, not %d", c.Views)
	case c.BatchSize < 1:
		return fmt.Errorf("mem: the batch size of scoring is %d but must be at least 1", c.BatchSize)
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
// another shape than [n·K, D]. When ctx ends, Pair ends early with ctx's error.
// Features that are NaN give losses that are NaN, which [Scores.AddPair]
// refuses.
func (c Scorer) Pair(ctx context.Context, f, g Encoder, d data.Images, index []int, seed uint64) (PairLoss, error) {
	p := PairLoss{Seed: seed}
	if err := c.Check(); err != nil {
		return p, err
	}
	n := len(index)
	p.F, p.G = make([]float64, n), make([]float64, n)
	if halves := c.Views >= 4; halves {
		for h := range 2 {
			p.FHalf[h], p.GHalf[h] = make([]float64, n), make([]float64, n)
		}
	}
	recipe, err := views.Fit(c.Augment, d)
	if err != nil {
		return p, fmt.Errorf("mem: %w", err)
	}
	chunk := min(max(1, c.BatchSize/c.Views), max(1, n))
	m := views.Maker{
		Images: d, Views: views.Repeat(recipe, c.Views), Seed: rng.Sub(c.Seed, rng.Word("score")),
		Grouped: true, Batch: chunk, Ahead: 1,
	}
	source := m.Start((n+chunk-1)/chunk, func(i int) ([]int, int) {
		return index[i*chunk : min((i+1)*chunk, n)], 0
	})
	defer source.Stop()
	channels, _, _ := d.Shape()
	for from := 0; from < n; from += chunk {
		to := min(from+chunk, n)
		if err := ctx.Err(); err != nil {
			return p, err
		}
		batch, err := source.Next()
		if err != nil {
			return p, fmt.Errorf("mem: %w", err)
		}
		shape := []int{(to - from) * c.Views, recipe.Size, recipe.Size, channels}
		sides := [2]side{{"f", f, p.F, p.FHalf}, {"g", g, p.G, p.GHalf}}
		var failed [2]error
		score := func(i int) { failed[i] = c.losses(batch.Pixels, shape, sides[i], from, to) }
		if c.Together {
			parallel(2, score)
		} else {
			score(0)
			score(1)
		}
		if err := cmp.Or(failed[:]...); err != nil {
			return p, err
		}
		source.Recycle(batch)
		if c.Report != nil {
			c.Report(to, n)
		}
	}
	return p, ctx.Err()
}

// side is one encoder with the losses of all points, and of both halves of
// their views.
type side struct {
	name string
	e    Encoder
	loss []float64
	half [2][]float64
}

// losses fills in the losses at positions from … to−1 from the views of these
// points, the K views of a point following each other.
func (c Scorer) losses(pixels []float32, shape []int, of side, from, to int) error {
	err := torch.Try(func() { c.mustLosses(pixels, shape, of, from, to) })
	if err != nil {
		return fmt.Errorf("mem: scoring with encoder %s: %w", of.name, err)
	}
	return nil
}

func (c Scorer) mustLosses(pixels []float32, shape []int, of side, from, to int) {
	defer torch.LockThread()()
	s := torch.NewScope()
	defer s.Close()
	var features *torch.Tensor
	torch.NoGrad(func() {
		x := torch.FromSlice(s, pixels[:shape[0]*shape[1]*shape[2]*shape[3]], shape...)
		features = of.e.Forward(x.Permute([]int{0, 3, 1, 2}).ToDevice(c.Device))
	})
	if got := features.Shape(); len(got) != 2 || got[0] != shape[0] {
		panic(&torch.Error{Op: "features", Kind: torch.Value, Msg: fmt.Sprintf("the encoder gave features of shape %v for %d images; it must give one row each", got, shape[0])})
	}
	values, dim := torch.ToSlice[float64](features), features.Size(1)
	parallel(to-from, func(i int) {
		views := make([][]float64, c.Views)
		for k := range views {
			row := i*c.Views + k
			views[k] = values[row*dim : (row+1)*dim]
		}
		all, halves := c.align(views)
		of.loss[from+i] = all
		for h, l := range halves {
			if of.half[h] != nil {
				of.half[h][from+i] = l
			}
		}
	})
}

// align returns the loss of one point, and that of each half of its views.
func (c Scorer) align(views [][]float64) (all float64, half [2]float64) {
	estimate := AllPairs
	if c.Disjoint {
		estimate = DisjointPairs
	}
	all = estimate(views, c.Distance)
	k := len(views) / 2
	if c.Disjoint {
		k -= k % 2
	}
	if k >= 2 {
		half[0] = estimate(views[:k], c.Distance)
		half[1] = estimate(views[k:2*k], c.Distance)
	}
	return all, half
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
