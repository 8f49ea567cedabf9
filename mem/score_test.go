package mem

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/rng"
	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// Losses are of order .1 to 1; two orders of summation in float32 change them
// by less.
const rounding = 1e-6

// Scoring in batches gives the alignment loss of the definition, from views
// that are drawn one by one and encoded image by image: of all views, and of
// either half of them.
func TestPairByTheDefinition(t *testing.T) {
	torchtest.NoLeak(t)
	coloured, err := augment.Lookup("simclr-cifar")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(c *Scorer){
		"default":             func(*Scorer) {},
		"two views":           func(c *Scorer) { c.Views = 2 },
		"three views":         func(c *Scorer) { c.Views = 3 },
		"disjoint":            func(c *Scorer) { c.Views, c.Rule = 4, DisjointViews },
		"disjoint, odd half":  func(c *Scorer) { c.Views, c.Rule = 6, DisjointViews },
		"cosine":              func(c *Scorer) { c.Distance = Cosine },
		"raw features":        func(c *Scorer) { c.Distance = L2Raw },
		"colours":             func(c *Scorer) { c.Augment = coloured },
		"more than one batch": func(c *Scorer) { c.BatchSize = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			c, d, index := scorer(t), fashion(t), somePoints()[:4]
			change(&c)
			if c.Augment.Name == coloured.Name {
				d, index = colourful(), []int{11, 2, 0}
			}
			f, g := encoder(t, d.C, 1), encoder(t, d.C, 2)
			columnsClose(t, pair(t, c, f, g, d, index), definition(t, c, f, g, d, index), rounding)
		})
	}
}

// definition is Pair by the formulas.
func definition(t *testing.T, c Scorer, f, g Encoder, d *data.Dataset, index []int) PairLoss {
	t.Helper()
	estimate, half := AllPairs, c.Views/2
	if c.Rule == DisjointViews {
		estimate, half = DisjointPairs, c.Views/4*2
	}
	var want PairLoss
	for _, i := range index {
		vf, vg := features(t, c, f, d, i), features(t, c, g, d, i)
		want.F = append(want.F, estimate(vf, c.Distance))
		want.G = append(want.G, estimate(vg, c.Distance))
		if c.Views < 4 {
			continue
		}
		for h := range 2 {
			from, to := h*half, (h+1)*half
			want.FHalf[h] = append(want.FHalf[h], estimate(vf[from:to], c.Distance))
			want.GHalf[h] = append(want.GHalf[h], estimate(vg[from:to], c.Distance))
		}
	}
	return want
}

func TestEqualEncodersGiveZero(t *testing.T) {
	d, e := fashion(t), encoder(t, 1, 1)
	for _, together := range []bool{false, true} {
		c := scorer(t)
		c.Together = together
		p := pair(t, c, e, e, d, somePoints())
		s := NewScores([NumSets][]int{External: somePoints()}, nil)
		if err := s.AddPair(p); err != nil {
			t.Fatal(err)
		}
		for _, n := range Normalisations() {
			for i, m := range s.M(n) {
				if m != 0 {
					t.Errorf("together %v, %s: m of point %d is %v, want 0", together, n, i, m)
				}
			}
		}
		if p.Seed != 5 || slices.Min(p.F) <= 0 {
			t.Errorf("seed %d and losses %v, want 5 and losses above 0", p.Seed, p.F)
		}
	}
}

// What f and g are called, in which threads they run, and in which order the
// points come, changes nothing.
func TestInvariance(t *testing.T) {
	torchtest.NoLeak(t)
	d, f, g := fashion(t), encoder(t, 1, 1), encoder(t, 1, 2)
	c, index := scorer(t), somePoints()
	want := pair(t, c, f, g, d, index)

	t.Run("swapped", func(t *testing.T) {
		p := pair(t, c, g, f, d, index)
		columnsClose(t, PairLoss{F: p.G, G: p.F, FHalf: p.GHalf, GHalf: p.FHalf}, want, 0)
	})
	t.Run("together", func(t *testing.T) {
		c := c
		c.Together = true
		columnsClose(t, pair(t, c, f, g, d, index), want, 0)
	})
	t.Run("batch size", func(t *testing.T) {
		for _, size := range []int{1, 5, 7, 15, 1000} {
			c := c
			c.BatchSize = size
			columnsClose(t, pair(t, c, f, g, d, index), want, rounding)
		}
	})
	t.Run("order", func(t *testing.T) {
		order := rng.New(1).Perm(len(index))
		var turned PairLoss
		turned.F, turned.G = pick(want.F, order), pick(want.G, order)
		for h := range 2 {
			turned.FHalf[h], turned.GHalf[h] = pick(want.FHalf[h], order), pick(want.GHalf[h], order)
		}
		columnsClose(t, pair(t, c, f, g, d, pick(index, order)), turned, rounding)
	})
	t.Run("seed", func(t *testing.T) {
		c := c
		c.Seed++
		if p := pair(t, c, f, g, d, index); slices.Equal(p.F, want.F) {
			t.Error("another seed gave the same losses")
		}
	})
}

// An encoder that does not look at the image is perfectly aligned.
func TestConstantEncoderGivesZero(t *testing.T) {
	torchtest.NoLeak(t)
	blind := encoderFunc(func(x *torch.Tensor) *torch.Tensor {
		return x.Scope().Ones([]int{x.Size(0), 7}, torch.Float32, torch.CPU)
	})
	for _, distance := range Distances() {
		c := scorer(t)
		c.Distance = distance
		p := pair(t, c, blind, blind, fashion(t), somePoints())
		columnsClose(t, p, zeroLosses(len(somePoints())), 0)
	}
}

func zeroLosses(n int) PairLoss {
	zero := make([]float64, n)
	return PairLoss{F: zero, G: zero, FHalf: [2][]float64{zero, zero}, GHalf: [2][]float64{zero, zero}}
}

func TestPairReportsProgress(t *testing.T) {
	c := scorer(t) // four points of five views a batch
	var got [][2]int
	c.Report = func(done, total int) { got = append(got, [2]int{done, total}) }
	e := encoder(t, 1, 1)
	pair(t, c, e, e, fashion(t), somePoints())
	if want := [][2]int{{4, 10}, {8, 10}, {10, 10}}; !slices.Equal(got, want) {
		t.Errorf("reports %v, want %v", got, want)
	}
	if p := pair(t, c, e, e, fashion(t), nil); len(p.F) != 0 || len(p.G) != 0 {
		t.Errorf("losses %v and %v of no points", p.F, p.G)
	}
}

func TestUnusableEncoders(t *testing.T) {
	torchtest.NoLeak(t)
	e := encoder(t, 1, 1)
	for name, bad := range map[string]encoderFunc{
		"one number in all": func(x *torch.Tensor) *torch.Tensor { return e.Forward(x).Sum() },
		"a feature map":     func(x *torch.Tensor) *torch.Tensor { return x },
		"one row in all":    func(x *torch.Tensor) *torch.Tensor { return e.Forward(x.Slice(0, 0, 1, 1)) },
		"two rows a image":  func(x *torch.Tensor) *torch.Tensor { y := e.Forward(x); return torch.Cat([]*torch.Tensor{y, y}, 0) },
	} {
		for _, together := range []bool{false, true} {
			c := scorer(t)
			c.Together = together
			_, err := c.Pair(context.Background(), e, bad, fashion(t), somePoints(), 5)
			var failure *torch.Error
			if !errors.As(err, &failure) || !strings.Contains(err.Error(), "one row each") {
				t.Errorf("%s: error %v, want one that asks for one row each", name, err)
			}
		}
	}
	// An encoder for other images: what libtorch says is an error, no panic.
	if _, err := scorer(t).Pair(context.Background(), encoder(t, 3, 1), e, fashion(t), somePoints(), 5); err == nil {
		t.Error("an encoder for colours took grey images")
	}
}

func TestCancelledScoring(t *testing.T) {
	torchtest.NoLeak(t)
	d, e := fashion(t), encoder(t, 1, 1)
	ctx, cancel := context.WithCancel(context.Background())
	c := scorer(t)
	reports := 0
	c.Report = func(done, total int) {
		reports++
		cancel()
	}
	index := make([]int, 200)
	for i := range index {
		index[i] = i
	}
	if _, err := c.Pair(ctx, e, e, d, index, 5); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if reports > 3 {
		t.Errorf("%d batches were scored after the end", reports-1)
	}
	reports = 0
	if _, err := c.Pair(ctx, e, e, d, index, 5); !errors.Is(err, context.Canceled) || reports != 0 {
		t.Errorf("error %v after %d batches, want context.Canceled at once", err, reports)
	}
}

func TestBadScorers(t *testing.T) {
	e := encoder(t, 1, 1)
	for want, change := range map[string]func(c *Scorer){
		"at least 2 views":         func(c *Scorer) { c.Views = 1 },
		"even number of views":     func(c *Scorer) { c.Rule = DisjointViews },
		"batch size":               func(c *Scorer) { c.BatchSize = 0 },
		"is not a distance":        func(c *Scorer) { c.Distance = "euclid" },
		"scale_min":                func(c *Scorer) { c.Augment.ScaleMin = 2 },
		"normalises 3 channels":    func(c *Scorer) { c.Augment.Mean, c.Augment.Std = []float32{0, 0, 0}, []float32{1, 1, 1} },
		"image 6000 was asked for": nil,
	} {
		c, index := scorer(t), somePoints()
		if change != nil {
			change(&c)
		} else {
			index[3] = 6000
		}
		if _, err := c.Pair(context.Background(), e, e, fashion(t), index, 5); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
