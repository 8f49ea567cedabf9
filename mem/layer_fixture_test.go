package mem

import (
	"context"
	"maps"
	"slices"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

const (
	layersFile    = "testdata/layers.safetensors"
	layerPoints   = 5
	layerViews    = 4
	layerRounding = 1e-6 // of outputs that are stored as float32
)

// A player gives, batch after batch, the rows of layers that are known.
type player struct {
	layers map[string]*torch.Tensor // [n·K, …]
	next   int
}

func (p *player) Layers() []string {
	names := slices.Sorted(maps.Keys(p.layers))
	return slices.DeleteFunc(names, func(n string) bool { return n == FeaturesLayer })
}

func (p *player) ForwardLayers(x *torch.Tensor, names ...string) (*torch.Tensor, map[string]*torch.Tensor) {
	n := x.Size(0)
	rows := func(y *torch.Tensor) *torch.Tensor { return x.Scope().Use(y).Narrow(0, p.next, n) }
	got := map[string]*torch.Tensor{}
	for _, name := range names {
		got[name] = rows(p.layers[name])
	}
	features := rows(p.layers[FeaturesLayer])
	p.next += n
	return features, got
}

// The losses at every layer of a convolutional network and of a transformer, in
// all distances, are those that PyTorch computes of what forward hooks see.
func TestLayersAgainstPyTorch(t *testing.T) {
	fixture := torchtest.Fixture(t, layersFile)
	torchtest.NoLeak(t)
	index := somePoints()[:layerPoints]
	for _, name := range []string{"conv", "tokens"} {
		want := torchtest.Group(fixture, name)
		check := func(c Scorer, maps Maps, prefixF, prefixG string) {
			f, g := &player{layers: torchtest.Part(want, "f:")}, &player{layers: torchtest.Part(want, "g:")}
			l, err := c.Layers(context.Background(), f, g, fashion(t), index, LayerOptions{Maps: maps}, 5)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(l.Layers); n < 6 || l.Layers[n-1] != FeaturesLayer {
				t.Errorf("%s: layers %v, want all with the features last", name, l.Layers)
			}
			for i, layer := range l.Layers {
				torchtest.Close(t, l.Losses[i].F, torch.ToSlice[float64](want[prefixF+layer]), nil, layerRounding, layerRounding)
				torchtest.Close(t, l.Losses[i].G, torch.ToSlice[float64](want[prefixG+layer]), nil, layerRounding, layerRounding)
			}
		}
		c := scorer(t)
		c.Views, c.BatchSize = layerViews, 8
		for _, c.Distance = range Distances() {
			check(c, FlatMaps, "loss.f."+string(c.Distance)+".", "loss.g."+string(c.Distance)+".")
		}
		c.Distance = L2
		check(c, MeanMaps, "mean.f.", "mean.g.")
	}
}

func TestLayersFixtureIsPyTorchs(t *testing.T) {
	torchtest.Remake(t, "testdata/make_layers.py", layersFile, layerRounding, layerRounding)
}
