package mem_test

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/rng"
	"sslmem/mem"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// Features are float32, so that another order of additions moves a distance of
// order 1 by about this much.
const rounding = 1e-6

// newEncoder returns a small encoder in evaluation mode.
func newEncoder(t testing.TB, seed uint64) mem.Encoder {
	t.Helper()
	e, err := models.New(models.Config{Model: "resnet9", Width: 2, InChannels: 1}, torch.NewGenerator(seed, torch.CPU))
	if err != nil {
		t.Fatal(err)
	}
	nn.SetTraining(e, false)
	nn.To(e, torch.CPU, torch.ChannelsLast)
	t.Cleanup(func() { nn.Free(e) })
	return e
}

// encoderFunc is an encoder without parameters.
type encoderFunc func(x *torch.Tensor) *torch.Tensor

func (f encoderFunc) Forward(x *torch.Tensor) *torch.Tensor { return f(x) }

// flat has the pixels as features.
var flat = encoderFunc(func(x *torch.Tensor) *torch.Tensor { return x.Flatten(1, -1) })

func scorer(t testing.TB) mem.Scorer {
	t.Helper()
	views, err := augment.Lookup("demo")
	if err != nil {
		t.Fatal(err)
	}
	return mem.Scorer{Augment: views, Views: 6, Seed: 11, Distance: mem.L2, BatchSize: 24}
}

// points returns the training images of the carried Fashion-MNIST and some
// positions in them, in no order.
func points(t testing.TB) (*data.Dataset, []int) {
	t.Helper()
	train, _, err := data.FashionMNIST()
	if err != nil {
		t.Fatal(err)
	}
	return train, []int{5, 3, 400, 17, 5999, 0, 1234, 88, 42, 777, 2, 3000, 91}
}

func pair(t testing.TB, c mem.Scorer, f, g mem.Encoder, d *data.Dataset, index []int) mem.PairLoss {
	t.Helper()
	p, err := c.Pair(context.Background(), f, g, d, index, 3)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// all returns the losses of p one after the other.
func all(p mem.PairLoss) []float64 {
	return slices.Concat(p.F, p.G, p.FHalf[0], p.FHalf[1], p.GHalf[0], p.GHalf[1])
}

// One encoder as f and g gives m = 0 exactly, and not because the losses are.
func TestScoringOneEncoderTwice(t *testing.T) {
	torchtest.NoLeak(t)
	f := newEncoder(t, 1)
	d, index := points(t)
	for _, together := range []bool{false, true} {
		c := scorer(t)
		c.Together = together
		p := pair(t, c, f, f, d, index)
		if !slices.Equal(p.F, p.G) || !slices.Equal(p.FHalf[0], p.GHalf[0]) || !slices.Equal(p.FHalf[1], p.GHalf[1]) {
			t.Errorf("together %v: f and g are one encoder, but their losses are %v and %v", together, p.F, p.G)
		}
		if slices.Min(p.F) < .01 {
			t.Errorf("the losses are %v; views that differ should have some", p.F)
		}
		if p.Seed != 3 {
			t.Errorf("the pair has seed %d, want 3", p.Seed)
		}
	}
}

// Exchanging f and g exchanges their losses, also where both run at once.
func TestScoringSwapped(t *testing.T) {
	f, g := newEncoder(t, 1), newEncoder(t, 2)
	d, index := points(t)
	c := scorer(t)
	a := pair(t, c, f, g, d, index)
	c.Together = true
	b := pair(t, c, g, f, d, index)
	if !slices.Equal(a.F, b.G) || !slices.Equal(a.G, b.F) {
		t.Errorf("losses %v and %v, swapped %v and %v", a.F, a.G, b.G, b.F)
	}
	for h := range 2 {
		if !slices.Equal(a.FHalf[h], b.GHalf[h]) || !slices.Equal(a.GHalf[h], b.FHalf[h]) {
			t.Errorf("half %d differs after swapping", h)
		}
	}
	if slices.Equal(a.F, a.G) {
		t.Error("two encoders have the same losses")
	}
}

// The losses of a point depend on the point alone: not on the batch size, the
// order of the points, which others there are, or the number of threads.
func TestScoringDependsOnThePointAlone(t *testing.T) {
	f, g := newEncoder(t, 1), newEncoder(t, 2)
	d, index := points(t)
	c := scorer(t)
	want := all(pair(t, c, f, g, d, index))
	for _, size := range []int{1, 6, 13, 1000} {
		c.BatchSize = size
		torchtest.Close(t, all(pair(t, c, f, g, d, index)), want, nil, 0, rounding)
	}

	c = scorer(t)
	threads, procs := torch.NumThreads(), runtime.GOMAXPROCS(0)
	for _, n := range []int{1, 3} {
		torch.SetNumThreads(n)
		runtime.GOMAXPROCS(n)
		torchtest.Close(t, all(pair(t, c, f, g, d, index)), want, nil, 0, rounding)
	}
	torch.SetNumThreads(threads)
	runtime.GOMAXPROCS(procs)

	// Every other point, the last one first.
	var some []int
	var wanted []float64
	p := pair(t, c, f, g, d, index)
	for i := len(index) - 1; i >= 0; i -= 2 {
		some = append(some, index[i])
		wanted = append(wanted, p.F[i])
	}
	torchtest.Close(t, pair(t, c, f, g, d, some).F, wanted, nil, 0, rounding)
}

// The losses are what the definition says, computed image by image: K views
// of (seed, index), their features, and the mean of d over the pairs.
func TestScoringByHand(t *testing.T) {
	f := newEncoder(t, 1)
	d, index := points(t)
	for _, disjoint := range []bool{false, true} {
		for _, distance := range mem.Distances() {
			c := scorer(t)
			c.Distance, c.Disjoint = distance, disjoint
			estimate, half := mem.AllPairs, c.Views/2
			if disjoint {
				estimate, half = mem.DisjointPairs, 2 // of three views, two make a pair
			}
			got := pair(t, c, f, flat, d, index)
			for n, i := range index {
				byF, byFlat := featuresByHand(t, c, f, d, i), featuresByHand(t, c, flat, d, i)
				for _, part := range []struct {
					name      string
					got, want float64
				}{
					{"f", got.F[n], estimate(byF, distance)},
					{"g", got.G[n], estimate(byFlat, distance)},
					{"first half of f", got.FHalf[0][n], estimate(byF[:half], distance)},
					{"second half of g", got.GHalf[1][n], estimate(byFlat[half:2*half], distance)},
				} {
					if math.Abs(part.got-part.want) > 1e-5*max(1, part.want) {
						t.Errorf("%s, disjoint %v, image %d: %s has loss %v, want %v", distance, disjoint, i, part.name, part.got, part.want)
					}
				}
			}
		}
	}
}

// featuresByHand returns the features of the views of one image, [K, D].
func featuresByHand(t *testing.T, c mem.Scorer, e mem.Encoder, d *data.Dataset, i int) [][]float64 {
	t.Helper()
	r := c.Augment
	features := make([][]float64, c.Views)
	for k := range features {
		key := augment.Key{Seed: rng.Sub(c.Seed, rng.Word("score")), View: k}
		pixels := make([]float32, d.C*r.Size*r.Size)
		if err := r.Apply(pixels, d.Image(i), d.C, d.H, d.W, r.Draw(key, i, d.H, d.W)); err != nil {
			t.Fatal(err)
		}
		s := torch.NewScope()
		features[k] = torch.ToSlice[float64](e.Forward(torch.FromSlice(s, pixels, 1, d.C, r.Size, r.Size)))
		s.Close()
	}
	return features
}

// Two views of a mirrored image differ in the flip alone: with the pixels as
// features, the loss is the distance of the image from its mirror image times
// the share of pairs in which one is flipped.
func TestScoringFlips(t *testing.T) {
	d, index := points(t)
	c := scorer(t)
	c.Augment = augment.Recipe{Name: "flip", Size: d.H, Flip: .5, Mean: []float32{0}, Std: []float32{1}}
	c.Distance = mem.L2Raw
	got := pair(t, c, flat, flat, d, index)
	for n, i := range index {
		flipped := 0
		for k := range c.Views {
			key := augment.Key{Seed: rng.Sub(c.Seed, rng.Word("score")), View: k}
			if c.Augment.Draw(key, i, d.H, d.W).Flip {
				flipped++
			}
		}
		var square float64
		for at, v := range d.Image(i) {
			row, column := at/d.W, at%d.W
			delta := (float64(v) - float64(d.Image(i)[row*d.W+d.W-1-column])) / 255
			square += delta * delta
		}
		pairs := c.Views * (c.Views - 1) / 2
		want := math.Sqrt(square) * float64(flipped*(c.Views-flipped)) / float64(pairs)
		if math.Abs(got.F[n]-want) > 1e-5 {
			t.Errorf("image %d, %d of %d views flipped: loss %v, want %v", i, flipped, c.Views, got.F[n], want)
		}
	}
}

// An encoder that does not look has nothing to lose.
func TestScoringBlindEncoder(t *testing.T) {
	d, index := points(t)
	blind := encoderFunc(func(x *torch.Tensor) *torch.Tensor {
		return x.Scope().Full([]int{x.Size(0), 7}, .3, torch.Float32, torch.CPU)
	})
	for _, distance := range mem.Distances() {
		c := scorer(t)
		c.Distance = distance
		for i, l := range pair(t, c, blind, flat, d, index).F {
			if l != 0 {
				t.Errorf("%s: point %d has loss %v, want 0", distance, i, l)
			}
		}
	}
}

// The recipe of the views may leave open what the data tell.
func TestScoringFitsTheRecipe(t *testing.T) {
	d, index := points(t)
	c := scorer(t)
	var err error
	if c.Augment, err = augment.Lookup("simclr-cifar"); err != nil {
		t.Fatal(err)
	}
	got := all(pair(t, c, flat, flat, d, index))
	c.Augment = c.Augment.Fit(d)
	if want := all(pair(t, c, flat, flat, d, index)); !slices.Equal(got, want) {
		t.Errorf("losses %v, with the fitted recipe %v", got, want)
	}
}

// With two or three views there are no halves; with no points, no losses.
func TestScoringSmall(t *testing.T) {
	d, index := points(t)
	c := scorer(t)
	c.Views = 3
	p := pair(t, c, flat, flat, d, index)
	if p.FHalf[0] != nil || p.GHalf[1] != nil {
		t.Error("three views have halves")
	}
	if p = pair(t, c, flat, flat, d, nil); len(p.F) != 0 || len(p.G) != 0 {
		t.Errorf("no points have losses %v", p.F)
	}
}

func TestScoringReports(t *testing.T) {
	d, index := points(t)
	c := scorer(t) // 24 views in a batch are 4 points
	var done []int
	c.Report = func(n, total int) {
		if total != len(index) {
			t.Errorf("the total is %d, want %d", total, len(index))
		}
		done = append(done, n)
	}
	pair(t, c, flat, flat, d, index)
	if want := []int{4, 8, 12, 13}; !slices.Equal(done, want) {
		t.Errorf("reported %v, want %v", done, want)
	}
}

// Whatever an encoder does wrong is an error that names it, with f and g one
// after the other or at the same time, and leaves no tensor behind.
func TestScoringBadEncoders(t *testing.T) {
	torchtest.NoLeak(t)
	d, index := points(t)
	for want, bad := range map[string]encoderFunc{
		"shape [24 1 28 28] for 24 images": func(x *torch.Tensor) *torch.Tensor { return x },
		"shape [12 784] for 24 images":     func(x *torch.Tensor) *torch.Tensor { return x.Flatten(1, -1).Narrow(0, 0, 12) },
		"shape [] for 24 images":           func(x *torch.Tensor) *torch.Tensor { return x.Sum() },
		"nil":                              func(*torch.Tensor) *torch.Tensor { return nil },
		"freed":                            func(x *torch.Tensor) *torch.Tensor { x.Free(); return x },
		"mm":                               func(x *torch.Tensor) *torch.Tensor { return x.Mm(x) },
	} {
		for _, together := range []bool{false, true} {
			c := scorer(t)
			c.Together = together
			_, err := c.Pair(context.Background(), bad, flat, d, index, 0)
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "encoder f") {
				t.Errorf("f: error %v, want one with %q", err, want)
			}
			_, err = c.Pair(context.Background(), flat, bad, d, index, 0)
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "encoder g") {
				t.Errorf("g: error %v, want one with %q", err, want)
			}
			var te *torch.Error
			if !errors.As(err, &te) {
				t.Errorf("error %v wraps no *torch.Error", err)
			}
			if _, err = c.Pair(context.Background(), bad, bad, d, index, 0); strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q has more than one line", err)
			}
		}
	}
}

// Features that are not numbers get as far as the table of scores, which names
// the point.
func TestScoringNaN(t *testing.T) {
	d, index := points(t)
	p := pair(t, scorer(t), encoderFunc(func(x *torch.Tensor) *torch.Tensor { return flat(x).Log() }), flat, d, index)
	s := mem.NewScores([mem.NumSets][]int{mem.Shared: index}, nil)
	if err := s.AddPair(p); err == nil {
		t.Error("losses that are not numbers were taken")
	}
}

func TestScoringCancelled(t *testing.T) {
	d, index := points(t)
	c := scorer(t)
	reason := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	var last int
	c.Report = func(done, _ int) {
		last = done
		if done == 4 {
			cancel(reason)
		}
	}
	_, err := c.Pair(ctx, flat, flat, d, index, 0)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if last == len(index) {
		t.Error("it went on to the end")
	}
	if _, err := c.Pair(ctx, flat, flat, d, index, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before the start: error %v", err)
	}
}

func TestScoringBadSettings(t *testing.T) {
	d, index := points(t)
	for want, change := range map[string]func(c *mem.Scorer){
		"at least 2 views": func(c *mem.Scorer) { c.Views = 1 },
		"even number":      func(c *mem.Scorer) { c.Views, c.Disjoint = 5, true },
		"batch size":       func(c *mem.Scorer) { c.BatchSize = 0 },
		"not a distance":   func(c *mem.Scorer) { c.Distance = "l3" },
		"flip is 2":        func(c *mem.Scorer) { c.Augment.Flip = 2 },
		"size is -1":       func(c *mem.Scorer) { c.Augment.Size = -1 },
	} {
		c := scorer(t)
		change(&c)
		if _, err := c.Pair(context.Background(), flat, flat, d, index, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	c := scorer(t)
	for _, i := range []int{-1, d.Len()} {
		if _, err := c.Pair(context.Background(), flat, flat, d, []int{1, i}, 0); err == nil || !strings.Contains(err.Error(), "image") {
			t.Errorf("image %d: error %v", i, err)
		}
	}
}
