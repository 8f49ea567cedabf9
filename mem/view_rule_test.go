package mem

import (
	"math"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// rawFeatures returns those of an image that nothing is done to but normalising.
func rawFeatures(t *testing.T, c Scorer, e Encoder, d *data.Dataset, index int) []float64 {
	t.Helper()
	recipe := c.Augment.Fit(d)
	whole := augment.Recipe{Size: recipe.Size, Mean: recipe.Mean, Std: recipe.Std}
	pixels := make([]float32, d.C*recipe.Size*recipe.Size)
	if err := whole.Apply(pixels, d.Image(index), d.C, d.H, d.W, augment.Whole(d.H, d.W)); err != nil {
		t.Fatal(err)
	}
	s := torch.NewScope()
	defer s.Close()
	var out []float64
	torch.NoGrad(func() {
		out = torch.ToSlice[float64](e.Forward(torch.FromSlice(s, pixels, 1, d.C, recipe.Size, recipe.Size)))
	})
	return out
}

// The raw image is compared with the very views that pairs are made of.
func TestRawAnchorByItsFormula(t *testing.T) {
	torchtest.NoLeak(t)
	coloured, err := augment.Lookup("simclr-cifar")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(c *Scorer){
		"five views": func(*Scorer) {},
		"two views":  func(c *Scorer) { c.Views = 2 },
		"one view":   func(c *Scorer) { c.Views = 1 },
		"colours":    func(c *Scorer) { c.Augment, c.Distance = coloured, Angular },
		"batches":    func(c *Scorer) { c.BatchSize = 7 },
	} {
		t.Run(name, func(t *testing.T) {
			c, d, index := scorer(t), fashion(t), somePoints()[:4]
			c.Rule = RawAnchor
			change(&c)
			if c.Augment.Name == coloured.Name {
				d, index = colourful(), []int{11, 2, 0}
			}
			f, g := encoder(t, d.C, 1), encoder(t, d.C, 2)
			var want PairLoss
			for _, i := range index {
				for _, side := range []struct {
					e    Encoder
					loss *[]float64
					half *[2][]float64
				}{{f, &want.F, &want.FHalf}, {g, &want.G, &want.GHalf}} {
					anchor, views := rawFeatures(t, c, side.e, d, i), features(t, c, side.e, d, i)
					mean := func(views [][]float64) (sum float64) {
						for _, v := range views {
							sum += c.Distance.Between(anchor, v) / float64(len(views))
						}
						return sum
					}
					*side.loss = append(*side.loss, mean(views))
					if half := c.Views / 2; half > 0 {
						side.half[0] = append(side.half[0], mean(views[:half]))
						side.half[1] = append(side.half[1], mean(views[half:2*half]))
					}
				}
			}
			columnsClose(t, pair(t, c, f, g, d, index), want, rounding)
		})
	}
}

// An image that augmentations leave alone is its own view.
func TestRawAnchorOfUnchangedImages(t *testing.T) {
	c := scorer(t)
	c.Augment = raw(c.Augment)
	c.Rule = RawAnchor
	if p := pair(t, c, flat, flat, fashion(t), somePoints()); slices.Max(p.F) != 0 || slices.Max(p.GHalf[1]) != 0 {
		t.Errorf("losses %v", p.F)
	}
}

func TestAnchored(t *testing.T) {
	if got := Anchored([]float64{1, 0}, [][]float64{{0, 2}, {-3, 0}}, L2); math.Abs(got-(math.Sqrt2+2)/2) > 1e-15 {
		t.Errorf("loss %v", got)
	}
}

func TestParseViewRule(t *testing.T) {
	for _, rule := range ViewRules() {
		if got, err := ParseViewRule(string(rule)); got != rule || err != nil {
			t.Errorf("%s: %v, %v", rule, got, err)
		}
	}
	if got, err := ParseViewRule(""); got != AllViewPairs || err != nil {
		t.Errorf("the default is %v, %v", got, err)
	}
	if _, err := ParseViewRule("pairs"); err == nil || !strings.Contains(err.Error(), "all, disjoint, anchor") {
		t.Errorf("error %v", err)
	}
}
