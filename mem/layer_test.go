package mem

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"sslmem/data/augment"
	"sslmem/data/rng"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

func layersOf(t *testing.T, c Scorer, f, g LayerEncoder, index []int, o LayerOptions) LayerLosses {
	t.Helper()
	l, err := c.Layers(context.Background(), f, g, fashion(t), index, o, 5)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// The losses at the features are those of the images' scores, with the halves
// of the views, in every estimate.
func TestLayerOfFeaturesIsPair(t *testing.T) {
	torchtest.NoLeak(t)
	f, g := encoder(t, 1, 1), encoder(t, 1, 2)
	for name, change := range map[string]func(c *Scorer){
		"default":            func(*Scorer) {},
		"two views":          func(c *Scorer) { c.Views = 2 },
		"disjoint":           func(c *Scorer) { c.Views, c.Rule = 4, DisjointViews },
		"disjoint, odd half": func(c *Scorer) { c.Views, c.Rule = 6, DisjointViews },
		"anchor":             func(c *Scorer) { c.Rule = RawAnchor },
		"anchor, one view":   func(c *Scorer) { c.Views, c.Rule, c.Distance = 1, RawAnchor, Cosine },
		"angular":            func(c *Scorer) { c.Distance = Angular },
		"raw, six views":     func(c *Scorer) { c.Distance, c.Views = L2Raw, 6 },
	} {
		t.Run(name, func(t *testing.T) {
			c := scorer(t)
			change(&c)
			l := layersOf(t, c, f, g, somePoints(), LayerOptions{Layers: []string{FeaturesLayer, "conv2.0"}})
			if want := []string{"conv2.0", FeaturesLayer}; !slices.Equal(l.Layers, want) {
				t.Fatalf("layers %v, want %v", l.Layers, want)
			}
			want := pair(t, c, f, g, fashion(t), somePoints())
			columnsClose(t, l.Losses[1], want, 1e-12)
			if got := len(l.Losses[0].columns()); l.Losses[0].Seed != 5 || got != 6 {
				t.Errorf("seed %d, %d columns", l.Losses[0].Seed, got)
			}
		})
	}
}

// distances between hand-made views, zeros among them, are Between's.
func TestViewDistances(t *testing.T) {
	torchtest.NoLeak(t)
	views := [][]float64{{3, 4}, {0, 0}, {0, 0}, {-6, -8}, {1e-9, 1}}
	s := torch.NewScope()
	defer s.Close()
	y := torch.FromSlice(s, slices.Concat(views...), len(views), 2)
	for _, d := range Distances() {
		c := Scorer{Views: len(views), Distance: d}
		got := c.viewDistances(y)
		at := 0
		for apart := 1; apart < len(views); apart++ {
			for i := 0; i+apart < len(views); i++ {
				if want := d.Between(views[i], views[i+apart]); math.Abs(got[at]-want) > 1e-12 {
					t.Errorf("%s of views %d and %d is %v, want %v", d, i, i+apart, got[at], want)
				}
				at++
			}
		}
		if len(got) != at || at != c.Rule.pairs(c.Views) {
			t.Errorf("%d distances, want %d", len(got), at)
		}
	}
}

// Batch size, threads, exchange of f and g and the order of the points change
// nothing at any layer, and equal encoders have equal losses.
func TestLayersInvariance(t *testing.T) {
	torchtest.NoLeak(t)
	f, g := encoder(t, 1, 1), encoder(t, 1, 2)
	c, index := scorer(t), somePoints()
	want := layersOf(t, c, f, g, index, LayerOptions{})
	if len(want.Layers) != len(f.Layers())+1 {
		t.Fatalf("%d layers, want all %d and the features", len(want.Layers), len(f.Layers()))
	}
	check := func(t *testing.T, got LayerLosses, turn func(PairLoss) PairLoss, tolerance float64) {
		t.Helper()
		for i, p := range got.Losses {
			columnsClose(t, p, turn(want.Losses[i]), tolerance)
		}
	}
	same := func(p PairLoss) PairLoss { return p }
	swap := func(p PairLoss) PairLoss { return PairLoss{F: p.G, G: p.F, FHalf: p.GHalf, GHalf: p.FHalf} }
	t.Run("swapped", func(t *testing.T) { check(t, layersOf(t, c, g, f, index, LayerOptions{}), swap, 0) })
	t.Run("together", func(t *testing.T) {
		c := c
		c.Together = true
		check(t, layersOf(t, c, f, g, index, LayerOptions{}), same, 0)
	})
	t.Run("batch size", func(t *testing.T) {
		for _, c.BatchSize = range []int{1, 15, 1000} {
			check(t, layersOf(t, c, f, g, index, LayerOptions{}), same, rounding)
		}
	})
	t.Run("order", func(t *testing.T) {
		order := rng.New(1).Perm(len(index))
		check(t, layersOf(t, c, f, g, pick(index, order), LayerOptions{}), func(p PairLoss) PairLoss {
			q := PairLoss{F: pick(p.F, order), G: pick(p.G, order)}
			for h := range 2 {
				q.FHalf[h], q.GHalf[h] = pick(p.FHalf[h], order), pick(p.GHalf[h], order)
			}
			return q
		}, rounding)
	})
	t.Run("equal", func(t *testing.T) {
		for i, p := range layersOf(t, c, f, f, index, LayerOptions{}).Losses {
			if !slices.Equal(p.F, p.G) || slices.Min(p.F) <= 0 {
				t.Errorf("%s: losses %v and %v, want equal ones above 0", want.Layers[i], p.F, p.G)
			}
		}
	})
}

// However many points there are, what is alive is a batch.
func TestLayersMemoryIsBounded(t *testing.T) {
	torchtest.NoLeak(t)
	e := &counting{Backbone: encoder(t, 1, 1)}
	c := scorer(t)
	c.BatchSize = 10 // two points
	most := func(points int) int {
		e.most = 0
		index := make([]int, points)
		for i := range index {
			index[i] = i
		}
		layersOf(t, c, e, e, index, LayerOptions{})
		return e.most
	}
	few := most(4)
	if many := most(40); many != few {
		t.Errorf("%d tensors alive with 4 points, %d with 40", few, many)
	}
	if e.rows != 10 {
		t.Errorf("batches of %d views, want 10", e.rows)
	}
}

// counting notes how many tensors live when it is called.
type counting struct {
	models.Backbone
	most, rows int
}

func (e *counting) ForwardLayers(x *torch.Tensor, names ...string) (*torch.Tensor, map[string]*torch.Tensor) {
	e.most, e.rows = max(e.most, torch.Live()), x.Size(0)
	return e.Backbone.ForwardLayers(x, names...)
}

// Where a transformer has its layers, and color images.
func TestLayersOfTransformers(t *testing.T) {
	torchtest.NoLeak(t)
	var nets [2]models.Backbone
	for i := range nets {
		o := models.ViTSize("tiny")
		o.Dim, o.Heads, o.Depth, o.PatchSize, o.ImageSize = 12, 3, 2, 5, 20
		nets[i] = models.NewViT(o, torch.NewGenerator(uint64(i), torch.CPU))
		defer nn.Free(nets[i])
		nn.SetTraining(nets[i], false)
	}
	c, d := scorer(t), colourful()
	var err error
	if c.Augment, err = augment.Lookup("simclr-cifar"); err != nil {
		t.Fatal(err)
	}
	index := []int{11, 2, 0}
	l, err := c.Layers(context.Background(), nets[0], nets[1], d, index, LayerOptions{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	s := NewLayerScores(l.Layers, [NumSets][]int{Candidate: index}, nil)
	if err := s.AddPair(l); err != nil {
		t.Fatal(err)
	}
	table, err := s.Table(Candidate, 2)
	if err != nil {
		t.Fatal(err)
	}
	from := map[string]string{}
	for _, r := range table.Rows {
		from[r.Layer] = r.Baseline
	}
	for layer, want := range map[string]string{
		"patch_embed": "", "blocks.0.norm1": "patch_embed", "blocks.0.attn": "", "blocks.0.sum": "",
		"blocks.0.mlp.fc1": "blocks.0.norm2", "blocks.0.mlp": "blocks.0.sum", "blocks.0": "",
		"blocks.1.attn": "blocks.0", "blocks.1.mlp": "blocks.1.sum", "blocks.1": "blocks.0", "norm": "blocks.1", FeaturesLayer: "norm",
	} {
		if got, ok := from[layer]; !ok || got != want {
			t.Errorf("Δ of %s is counted from %q, want %q", layer, got, want)
		}
	}
}

func TestUnusableLayers(t *testing.T) {
	torchtest.NoLeak(t)
	e := encoder(t, 1, 1)
	other, err := models.New(models.Config{Model: "resnet18", Width: 2, InChannels: 1}, torch.NewGenerator(1, torch.CPU))
	if err != nil {
		t.Fatal(err)
	}
	defer nn.Free(other)
	for want, layers := range map[string][]string{
		`no layer "conv1.9"`:                  {"conv1.9"},
		`did you mean "conv1.0"`:              {"conv10"},
		`"conv1.0" is named twice`:            {"conv1.0", "conv1.0"},
		"the list of layers is empty":         {},
		`layer "flat" gave shape []`:          {"flat"},
		`gave nothing for layer "nothing"`:    {"nothing"},
		`layer "short" gave shape [1 4 28 28`: {"short"},
	} {
		_, err := scorer(t).Layers(context.Background(), odd{e}, odd{e}, fashion(t), somePoints(), LayerOptions{Layers: layers}, 5)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if _, err := scorer(t).Layers(context.Background(), e, other, fashion(t), somePoints(), LayerOptions{}, 5); err == nil || !strings.Contains(err.Error(), "an encoder has no layer") {
		t.Errorf("encoders of two architectures gave %v", err)
	}
	if _, err := scorer(t).Layers(context.Background(), e, e, fashion(t), somePoints(), LayerOptions{Maps: "median"}, 5); err == nil || !strings.Contains(err.Error(), "use one of flat, mean") {
		t.Errorf("unknown maps gave %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := scorer(t).Layers(ctx, e, e, fashion(t), somePoints(), LayerOptions{}, 5); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

// odd is an encoder with layers that no layer should be like.
type odd struct{ models.Backbone }

func (o odd) Layers() []string { return append(o.Backbone.Layers(), "flat", "nothing", "short") }

func (o odd) ForwardLayers(x *torch.Tensor, names ...string) (*torch.Tensor, map[string]*torch.Tensor) {
	inner := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "flat" || n == "nothing" || n == "short" })
	features, layers := o.Backbone.ForwardLayers(x, append(inner, "conv1.0")...)
	for _, name := range names {
		switch name {
		case "flat":
			layers[name] = layers["conv1.0"].Sum()
		case "short":
			layers[name] = layers["conv1.0"].Narrow(0, 0, 1)
		}
	}
	return features, layers
}
