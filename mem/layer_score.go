package mem

import (
	"cmp"
	"context"
	"fmt"

	"sslmem/data"
	"sslmem/torch"
)

// LayerOptions say which layers are measured and how.
type LayerOptions struct {
	// Layers are names of layers that both encoders have, and [FeaturesLayer];
	// their order does not matter. Nil means all.
	Layers []string
	Maps   Maps // [FlatMaps] by default
}

// LayerLosses holds what one pair of encoders gives, layer by layer.
type LayerLosses struct {
	Layers []string   // in the order in which they are computed
	Losses []PairLoss // of each layer
}

// Layers is [Scorer.Pair] for the outputs of layers in place of the features:
// the losses of the points index of d at each layer under f and g, whose losses
// at [FeaturesLayer] are those that Pair gives.
//
// The images pass once. In memory are a batch of views, the outputs of the
// layers of one encoder for it (of both with Together), and the losses, which
// are six numbers for each layer and point: nothing grows with the size of a
// layer times the number of points. Choose BatchSize by the outputs, which may
// be hundreds of times as large as the features.
//
// The error says which of f and g failed and how. When ctx ends, Layers ends
// early with ctx's error.
func (c Scorer) Layers(ctx context.Context, f, g LayerEncoder, d data.Images, index []int, o LayerOptions, seed uint64) (LayerLosses, error) {
	var l LayerLosses
	if err := c.Check(); err != nil {
		return l, err
	}
	if o.Maps == "" {
		o.Maps = FlatMaps
	}
	if _, err := ParseMaps(string(o.Maps)); err != nil {
		return l, err
	}
	if c.masked() {
		return l, fmt.Errorf("mem: layers are scored without a mask, because what a layer gives for other patches cannot be compared; leave the mask out")
	}
	names, err := resolveLayers(o.Layers, f, g)
	if err != nil {
		return l, err
	}
	l = LayerLosses{Layers: names}
	for range names {
		l.Losses = append(l.Losses, c.newPairLoss(len(index), seed))
	}
	err = c.stream(d).each(ctx, index, func(b viewBatch) error {
		var failed [2]error
		score := func(i int) {
			name, e := [2]string{"f", "g"}[i], [2]LayerEncoder{f, g}[i]
			err := torch.Try(func() { c.mustLayerLosses(b, e, o.Maps, l, i) })
			if err != nil {
				failed[i] = fmt.Errorf("mem: scoring the layers of encoder %s: %w", name, err)
				return
			}
			for layer, p := range l.Losses {
				if image, ok := unusable([2][]float64{p.F, p.G}[i], b, index); ok {
					failed[i] = fmt.Errorf("mem: layer %s of encoder %s gives values for image %d that are NaN, infinite or huge, so that it has no loss; look at the encoder's weights and at the image", l.Layers[layer], name, image)
					return
				}
			}
		}
		if c.Together {
			parallel(2, score)
		} else {
			score(0)
			score(1)
		}
		return cmp.Or(failed[:]...)
	})
	return l, err
}

// mustLayerLosses fills in the losses of the points of a batch at all layers
// under e, which is f for side 0 and g for side 1.
func (c Scorer) mustLayerLosses(b viewBatch, e LayerEncoder, maps Maps, l LayerLosses, side int) {
	defer torch.LockThread()()
	s := torch.NewScope()
	defer s.Close()
	forwardLayers(e, b.tensor(s, c.Device), l.Layers, func(layer int, y *torch.Tensor) {
		p := l.Losses[layer]
		loss, halves := p.F, p.FHalf
		if side == 1 {
			loss, halves = p.G, p.GHalf
		}
		inner := torch.NewScope()
		defer inner.Close()
		distances, pairs := c.viewDistances(maps.vectors(inner.Use(y))), c.Rule.pairs(c.Views)
		for i := range b.to - b.from {
			all, half := c.fold(distances[i*pairs : (i+1)*pairs])
			loss[b.from+i] = all
			for h := range half {
				if halves[h] != nil {
					halves[h][b.from+i] = half[h]
				}
			}
		}
	})
}
