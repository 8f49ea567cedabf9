package mem

import (
	"context"
	"fmt"
	"slices"

	"sslmem/data"
	"sslmem/data/views"
	"sslmem/torch"
)

// ViewSimilarities say how alike an encoder finds the views of each of N points: what
// membership is inferred from.
type ViewSimilarities struct {
	// Cosine holds the cosines between all pairs of K views, from the highest to the
	// lowest, [N, K(K−1)/2].
	Cosine [][]float64
	// Loss holds the alignment losses, [N], by the distance and rule of the scorer.
	Loss []float64
}

// Len returns N.
func (v ViewSimilarities) Len() int { return len(v.Cosine) }

// Similarities returns how alike the views of the points index of d are for e, with
// the views that [Scorer.Pair] scores them by, of which there must be two at least.
// Errors are those of Pair.
func (c Scorer) Similarities(ctx context.Context, e Encoder, d data.Images, index []int) (ViewSimilarities, error) {
	var v ViewSimilarities
	if err := c.Check(); err != nil {
		return v, err
	}
	if c.Views < 2 {
		return v, fmt.Errorf("mem: the similarity of views needs at least 2 of a point, not %d", c.Views)
	}
	var err error
	if c.Augment, err = views.Fit(c.Augment, d); err != nil {
		return v, fmt.Errorf("mem: %w", err)
	}
	if err := c.checkMask(e, e); err != nil {
		return v, err
	}
	v.Cosine, v.Loss = make([][]float64, len(index)), make([]float64, len(index))
	err = c.stream(d).each(ctx, index, func(b viewBatch) error {
		err := torch.Try(func() { c.mustSimilarities(b, index[b.from:b.to], e, v) })
		if err != nil {
			return fmt.Errorf("mem: similarities of views: %w", err)
		}
		if image, ok := unusable(v.Loss, b, index); ok {
			return fmt.Errorf("mem: the encoder gives image %d features that are NaN, infinite or huge; look at its weights and at the image", image)
		}
		return nil
	})
	return v, err
}

func (c Scorer) mustSimilarities(b viewBatch, index []int, e Encoder, v ViewSimilarities) {
	values, dim := c.mustFeatures(b, index, e)
	drawn := c.Rule.drawn(c.Views)
	parallel(b.to-b.from, func(i int) {
		views := make([][]float64, drawn)
		for k := range views {
			row := i*drawn + k
			views[k] = values[row*dim : (row+1)*dim]
		}
		v.Loss[b.from+i], _ = c.Rule.loss(views, c.Distance)
		v.Cosine[b.from+i] = cosines(views[:c.Views])
	})
}

// cosines returns those between all pairs of views, from the highest to the lowest.
func cosines(views [][]float64) []float64 {
	out := make([]float64, 0, len(views)*(len(views)-1)/2)
	for i, a := range views {
		for _, b := range views[:i] {
			out = append(out, 1-Cosine.Between(a, b))
		}
	}
	slices.Sort(out)
	slices.Reverse(out)
	return out
}
