package mem

import (
	"context"
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

// transformer returns a small ViT for the carried images, with patches of 7 pixels.
func transformer(t *testing.T, pool models.Pool, seed uint64) *models.ViT {
	t.Helper()
	e := models.NewViT(models.ViTOptions{Dim: 8, Depth: 2, Heads: 2, PatchSize: 7, ImageSize: 28, InChannels: 1, Pool: pool}, torch.NewGenerator(seed, torch.CPU))
	t.Cleanup(func() { nn.Free(e) })
	nn.SetTraining(e, false)
	return e
}

// masking hides 12 of 16 patches and does nothing else.
func masking(t *testing.T) Scorer {
	t.Helper()
	set, err := augment.LookupSet("masking")
	if err != nil {
		t.Fatal(err)
	}
	c := scorer(t)
	c.Augment, c.Mask = set.Views[0], augment.Mask{Patch: 7, Ratio: set.Mask.Ratio}
	return c
}

// The views of an image differ in what they show alone: they are the network's
// output for those patches, encoded one by one.
func TestMaskedViews(t *testing.T) {
	torchtest.NoLeak(t)
	for _, pool := range []models.Pool{models.TokenPool, models.AvgPool} {
		c, d, index := masking(t), fashion(t), somePoints()[:4]
		f, g := transformer(t, pool, 1), transformer(t, pool, 2)
		var want PairLoss
		for _, i := range index {
			for side, e := range []*models.ViT{f, g} {
				views := make([][]float64, c.Views)
				for k := range views {
					order := make([]int, 16)
					c.Mask.Draw(order, augment.Key{Seed: rng.Sub(c.Seed, rng.Word("score")), View: k}, i)
					slices.Sort(order[:4])
					views[k] = patchFeatures(t, c, e, i, order[:4])
				}
				all, first, second := AllPairs(views, L2), AllPairs(views[:2], L2), AllPairs(views[2:4], L2)
				if side == 0 {
					want.F, want.FHalf[0], want.FHalf[1] = append(want.F, all), append(want.FHalf[0], first), append(want.FHalf[1], second)
				} else {
					want.G, want.GHalf[0], want.GHalf[1] = append(want.G, all), append(want.GHalf[0], first), append(want.GHalf[1], second)
				}
			}
		}
		got := pair(t, c, f, g, d, index)
		columnsClose(t, got, want, rounding)
		if slices.Min(got.F) <= 0 {
			t.Errorf("losses %v", got.F)
		}
		c.BatchSize, c.Together = 1, true
		columnsClose(t, pair(t, c, f, g, d, index), want, rounding)
	}
}

func patchFeatures(t *testing.T, c Scorer, e *models.ViT, image int, patches []int) []float64 {
	t.Helper()
	recipe := c.Augment.Fit(fashion(t))
	pixels := make([]float32, 28*28)
	if err := recipe.Apply(pixels, fashion(t).Image(image), 1, 28, 28, augment.Whole(28, 28)); err != nil {
		t.Fatal(err)
	}
	s := torch.NewScope()
	defer s.Close()
	keep := make([]int64, len(patches))
	for i, p := range patches {
		keep[i] = int64(p)
	}
	var out []float64
	torch.NoGrad(func() {
		tokens := e.Encode(e.Embed(torch.FromSlice(s, pixels, 1, 1, 28, 28)), torch.FromSlice(s, keep, 1, len(keep)))
		if e.Options.Pool == models.TokenPool {
			out = torch.ToSlice[float64](tokens.Select(1, 0))
		} else {
			out = torch.ToSlice[float64](tokens.Narrow(1, 1, len(keep)).MeanDim([]int{1}, false))
		}
	})
	return out
}

func TestMasksThatDoNotFit(t *testing.T) {
	torchtest.NoLeak(t)
	vit, conv := transformer(t, models.TokenPool, 1), encoder(t, 1, 1)
	for want, test := range map[string]struct {
		f, g   Encoder
		change func(c *Scorer)
	}{
		"encoder g cannot look at some patches": {vit, conv, func(*Scorer) {}},
		"patches of 7 pixels":                   {vit, vit, func(c *Scorer) { c.Mask.Patch = 4 }},
		"cannot be divided":                     {vit, vit, func(c *Scorer) { c.Mask.Patch = 5 }},
		"leaves one":                            {vit, vit, func(c *Scorer) { c.Mask.Ratio = .99 }},
		"the raw image is compared":             {vit, vit, func(c *Scorer) { c.Rule = RawAnchor }},
	} {
		c := masking(t)
		test.change(&c)
		if _, err := c.Pair(context.Background(), test.f, test.g, fashion(t), somePoints(), 5); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if _, err := masking(t).Layers(context.Background(), vit, vit, fashion(t), somePoints(), LayerOptions{}, 5); err == nil || !strings.Contains(err.Error(), "without a mask") {
		t.Errorf("error %v of layers under a mask", err)
	}
}
