package eval

import (
	"context"
	"fmt"

	"sslmem/data"
	"sslmem/data/views"
	"sslmem/torch"
)

// EachFeatures is [Features] that hands on one batch after the other and keeps none, so
// that memory does not grow with the number of images. use gets the images of a batch,
// as places in the data set, and what the encoder gives for them, [n, …] with n rows of
// any shape, on the device of the options; it lives until use returns. The order is
// that of the images asked for.
//
// An error of use ends EachFeatures and is returned as it is.
func EachFeatures(ctx context.Context, e Encoder, images data.Images, o FeatureOptions, use func(index []int, y *torch.Tensor) error) error {
	if err := o.Check(); err != nil {
		return err
	}
	index, err := resolve(images, o.Index)
	if err != nil {
		return err
	}
	evaluating(e, func() {
		err = eachBatch(ctx, e, images, index, o, func(from int, y *torch.Tensor) error {
			return use(index[from:from+y.Size(0)], y)
		})
	})
	return err
}

// eachBatch calls use with what the encoder gives for the images from a place in index on.
func eachBatch(ctx context.Context, e Encoder, images data.Images, index []int, o FeatureOptions, use func(from int, y *torch.Tensor) error) error {
	defer torch.LockThread()()
	n, recipe := len(index), Plain(o.Augment)
	m := views.Maker{Images: images, Views: views.Repeat(recipe, 1), Batch: min(o.BatchSize, n)}
	source := m.Start((n+m.Batch-1)/m.Batch, func(i int) ([]int, int) {
		return index[i*m.Batch : min((i+1)*m.Batch, n)], 0
	})
	defer source.Stop()
	channels, _, _ := images.Shape()
	for from := 0; from < n; {
		if err := ctx.Err(); err != nil {
			return err
		}
		batch, err := source.Next()
		if err != nil {
			return fmt.Errorf("eval: %w", err)
		}
		b := len(batch.Index)
		var failed error
		err = torch.Try(func() {
			torch.NoGrad(func() {
				in := torch.NewScope()
				defer in.Close()
				y := e.Forward(stage(in, batch.Pixels, b, recipe.Size, channels, o.Device))
				mustBeRows(y, b)
				failed = use(from, in.Use(y))
			})
		})
		if err != nil {
			return fmt.Errorf("eval: features of images: %w", err)
		}
		if failed != nil {
			return failed
		}
		source.Recycle(batch)
		from += b
		if o.Report != nil {
			o.Report(from, n)
		}
	}
	return ctx.Err()
}
