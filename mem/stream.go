package mem

import (
	"context"
	"fmt"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/rng"
	"sslmem/data/views"
	"sslmem/torch"
)

// A stream draws the views of points batch by batch, so that what is in memory
// does not grow with the number of points.
type stream struct {
	images data.Images
	recipe augment.Recipe // may be open
	views  int            // of a point, augmented
	raw    bool           // the image as it is follows them
	seed   uint64
	batch  int // views in a forward pass, at most, but for those of one point
	report func(done, total int)
}

// scoreDomain is the name of the streams that views of scores come from.
var scoreDomain = rng.Word("score")

// A viewBatch is the views of the points at positions from … to−1, those of a
// point following each other.
type viewBatch struct {
	pixels   []float32
	shape    []int // [n·K, H, W, C]
	from, to int
}

// tensor returns the views in s on the device, [n·K, C, H, W] with the channels last.
func (b viewBatch) tensor(s *torch.Scope, device torch.Device) *torch.Tensor {
	n := 1
	for _, d := range b.shape {
		n *= d
	}
	return torch.FromSlice(s, b.pixels[:n], b.shape...).Permute([]int{0, 3, 1, 2}).ToDevice(device)
}

// each calls use for the points index of the images, in that order, until use
// fails or ctx ends.
func (v stream) each(ctx context.Context, index []int, use func(b viewBatch) error) error {
	recipe, err := views.Fit(v.recipe, v.images)
	if err != nil {
		return fmt.Errorf("mem: %w", err)
	}
	n := len(index)
	all := views.Repeat(recipe, v.views)
	if v.raw {
		all = append(all, raw(recipe))
	}
	chunk := min(max(1, v.batch/len(all)), max(1, n))
	m := views.Maker{
		Images: v.images, Views: all, Seed: rng.Sub(v.seed, scoreDomain),
		Grouped: true, Batch: chunk, Ahead: 1,
	}
	source := m.Start((n+chunk-1)/chunk, func(i int) ([]int, int) {
		return index[i*chunk : min((i+1)*chunk, n)], 0
	})
	defer source.Stop()
	channels, _, _ := v.images.Shape()
	for from := 0; from < n; from += chunk {
		if err := ctx.Err(); err != nil {
			return err
		}
		to := min(from+chunk, n)
		batch, err := source.Next()
		if err != nil {
			return fmt.Errorf("mem: %w", err)
		}
		shape := []int{(to - from) * len(all), recipe.Size, recipe.Size, channels}
		if err := use(viewBatch{batch.Pixels, shape, from, to}); err != nil {
			return err
		}
		source.Recycle(batch)
		if v.report != nil {
			v.report(to, n)
		}
	}
	return ctx.Err()
}
