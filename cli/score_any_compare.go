package cli

import (
	"context"
	"fmt"
	"math"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/encoders"
	"sslmem/eval"
	"sslmem/mem"
	"sslmem/torch"
)

// batchTolerance is how far features of an image may differ with its batch, relative
// to the largest: rounding is a hundred times less, batch norm in training mode a
// hundred times more.
const batchTolerance = 1e-3

// compare tries both encoders on some images, and warns if they differ in what they are.
func (p *anyPair) compare(ctx context.Context) ([]mem.Warning, error) {
	var features [2]int
	index := mem.NewScores(members(p.sets), nil).Index
	for i, e := range []*encoders.Encoder{p.f, p.g} {
		n, err := tryEncoder(ctx, e, p.images, p.views.Augment, p.device, index[:min(3, len(index))])
		if err != nil {
			return nil, fmt.Errorf("%s: encoder %s: %w", [2]string{"f", "g"}[i], e.Path, err)
		}
		features[i] = n
	}
	if encoders.SameArchitecture(p.f, p.g) && features[0] == features[1] {
		return nil, nil
	}
	what := fmt.Sprintf("f is %v and g %v", p.f, p.g)
	if p.f.Format == encoders.TorchScript && p.g.Format == encoders.TorchScript {
		what = "f and g are TorchScript with other weights than each other"
	}
	if features[0] != features[1] {
		what += fmt.Sprintf(", and they give %d and %d features", features[0], features[1])
	}
	return []mem.Warning{{Name: "different_encoders", Text: what + ". What m shows of them is also that they are different networks; the score is defined for two that differ in their training images only."}}, nil
}

// tryEncoder returns the number of features of an encoder. It is an error if it does not
// work on the images, or if the features of an image depend on the others of its batch.
func tryEncoder(ctx context.Context, e *encoders.Encoder, images data.Images, views augment.Recipe, device torch.Device, index []int) (int, error) {
	s := torch.NewScope()
	defer s.Close()
	var found [2][]float64
	var dim int
	for i, batch := range []int{len(index), 1} {
		set, err := eval.Features(ctx, s, e.Network, images, eval.FeatureOptions{Augment: views, BatchSize: batch, Device: device, Index: index})
		if err != nil {
			return 0, err
		}
		found[i], dim = torch.ToSlice[float64](set.X), set.X.Size(1)
	}
	var far, large float64
	for i, v := range found[0] {
		far, large = max(far, math.Abs(v-found[1][i])), max(large, math.Abs(v))
	}
	if far > batchTolerance*large {
		return 0, fmt.Errorf("features of an image depend on the others of its batch (they differ by %.2g of %.2g), as those of batch norm in training mode do; export the module after model.eval()", far, large)
	}
	return dim, nil
}
