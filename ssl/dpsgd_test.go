package ssl

import (
	"maps"
	"math"
	"slices"
	"testing"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// privateCase trains a method with privacy: each batch has eight images, and so many are
// there in all, as far as ε is concerned.
func privateCase(method string, p Privacy) parityCase {
	p.Delta = 1e-3
	c := parityCase{recipe: maeRecipe(method, nil), perEpoch: 5}
	switch method {
	case "mae-limiter":
		c.recipe = limiterRecipe(1./3, 0)
	case "supervised":
		c.recipe.Options, c.classes = nil, 3
	}
	c.recipe.Privacy = &p
	return c
}

func (c parityCase) private(t *testing.T, seed uint64, double bool) *Engine {
	t.Helper()
	e, err := NewEngine(c.recipe, EngineOptions{Channels: 1, Classes: c.classes, PerEpoch: c.perEpoch, Images: parityBatch, Seed: seed, double: double})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Free)
	return e
}

// image is one image of the batch of a step.
func (c parityCase) image(s *torch.Scope, e *Engine, step, image int) Batch {
	b := c.batch(s, e, step)
	of := func(x *torch.Tensor) *torch.Tensor {
		if x == nil {
			return nil
		}
		parts := b.Parts(x)
		for i, p := range parts {
			parts[i] = p.Narrow(0, image, 1)
		}
		return torch.Cat(parts, 0)
	}
	return Batch{Views: of(b.Views), Order: of(b.Order), Labels: of(b.Labels), Size: 1}
}

// stepGradients returns the gradients of the first step, by name.
func stepGradients(e *Engine, parts int, batch func(s *torch.Scope, part int) Batch) map[string][]float64 {
	defer torch.LockThread()()
	e.gradients(parts, batch)
	e.journal.close(1)
	all := map[string][]float64{}
	for name, g := range gradients(e.Trainer) {
		all[name] = torch.ToSlice[float64](g)
	}
	e.opt.ZeroGrad()
	return all
}

// Without noise, and with a bound that no gradient reaches, a step is that on the same
// batch without privacy: its loss, every gradient and the weights behind it.
func TestPrivateStepIsThePlainStep(t *testing.T) {
	for _, method := range []string{"mae", "mae-limiter", "supervised"} {
		t.Run(method, func(t *testing.T) {
			torchtest.NoLeak(t)
			c := privateCase(method, Privacy{MaxGradNorm: 1e12})
			plain := c
			plain.recipe.Privacy = nil
			a, b := c.private(t, 4, true), plain.private(t, 4, true)
			ofA := func(s *torch.Scope, image int) Batch { return c.image(s, a, 0, image) }
			ofB := func(s *torch.Scope, _ int) Batch { return c.batch(s, b, 0) }
			got, want := stepGradients(a, parityBatch, ofA), stepGradients(b, 1, ofB)
			if len(got) != len(want) || len(want) == 0 {
				t.Fatalf("%d gradients, want %d", len(got), len(want))
			}
			for name, w := range want {
				torchtest.Close(t, got[name], w, nil, 1e-10, 1e-12)
			}
			torchtest.Close(t, []float64{a.TakeLoss()}, []float64{b.TakeLoss()}, nil, 1e-6, 0) // the journal is float32
			a.take(parityBatch, ofA)
			b.take(1, ofB)
			state := maps.Collect(nn.State(b.Trainer))
			for name, x := range nn.State(a.Trainer) {
				torchtest.AllClose(t, x, state[name], 1e-8, 1e-8)
			}
		})
	}
}

// The images of a batch of other sizes are still divided by the expected one.
func TestPrivateStepDividesByTheExpectedBatch(t *testing.T) {
	torchtest.NoLeak(t)
	c := privateCase("supervised", Privacy{MaxGradNorm: 1e12})
	e := c.private(t, 4, true)
	first := stepGradients(e, 1, func(s *torch.Scope, _ int) Batch { return c.image(s, e, 0, 0) })
	twice := stepGradients(e, 2, func(s *torch.Scope, _ int) Batch { return c.image(s, e, 0, 0) })
	plain := c
	plain.recipe.Privacy = nil
	b := plain.private(t, 4, true)
	alone := stepGradients(b, 1, func(s *torch.Scope, _ int) Batch { return c.image(s, b, 0, 0) })
	for name := range alone {
		for i, g := range alone[name] {
			if math.Abs(first[name][i]-g/parityBatch) > 1e-12 || math.Abs(twice[name][i]-2*g/parityBatch) > 1e-12 {
				t.Fatalf("%s: %v of one image and %v of two, want %v and its double", name, first[name][i], twice[name][i], g/parityBatch)
			}
		}
	}
}

// No image gives more than its bound, to the last bit of float32, and one below it is not
// touched: so two batches that differ by one image have sums that differ by the bound.
func TestPrivateGradientsAreBounded(t *testing.T) {
	torchtest.NoLeak(t)
	defer torch.LockThread()()
	c := privateCase("mae", Privacy{MaxGradNorm: 1})
	e := c.private(t, 4, false)
	lengths := map[bool]int{}
	for image := range parityBatch {
		s := torch.NewScope()
		e.Trainer.Forward(c.image(s, e, 0, image)).Loss.Backward()
		g := e.private.gradient(s)
		e.opt.ZeroGrad()
		length := g.ToDType(torch.Float64).Norm(2, []int{0}, false).Item()
		for _, most := range []float64{1e-9, 1e-3, length / 1.0000001, length, length * 1.00001, 1e3} {
			got := clipped(g, most)
			shortened := length > most*(1-clipMargin)
			lengths[shortened]++
			n := got.ToDType(torch.Float64).Norm(2, []int{0}, false).Item()
			switch {
			case !(n <= most):
				t.Errorf("image %d: a gradient of length %v is bounded to %v, above %v", image, length, n, most)
			case shortened && n < most*(1-2e-6):
				t.Errorf("image %d: a gradient of length %v is bounded to %v, far below %v", image, length, n, most)
			case !shortened && !slices.Equal(torch.ToSlice[float32](got), torch.ToSlice[float32](g)):
				t.Errorf("image %d: a gradient of length %v is changed, but %v bounds it", image, length, most)
			}
		}
		s.Close()
	}
	if lengths[true] == 0 || lengths[false] == 0 {
		t.Error("not both cases were seen")
	}
	s := torch.NewScope()
	defer s.Close()
	if zero := torch.ToSlice[float32](clipped(s.Zeros([]int{3}, torch.Float32, torch.CPU), 1)); !slices.Equal(zero, []float32{0, 0, 0}) {
		t.Errorf("no gradient became %v", zero)
	}
}

// A step on no image is noise alone: normal, with the standard deviation σ·C divided by
// the expected batch, of its own for every step and parameter, and the same for the same
// seed.
func TestPrivateNoise(t *testing.T) {
	torchtest.NoLeak(t)
	c := privateCase("mae", Privacy{MaxGradNorm: .5, NoiseMultiplier: 3})
	noise := func(seed uint64, steps int) (all []float64) {
		e := c.private(t, seed, true)
		for e.step = range steps {
			grads := stepGradients(e, 0, nil)
			for _, name := range slices.Sorted(maps.Keys(grads)) {
				all = append(all, grads[name]...)
			}
		}
		return all
	}
	z := noise(9, 10)
	for i := range z {
		z[i] /= 3 * .5 / parityBatch
	}
	n := float64(len(z))
	var mean, square, fourth float64
	for _, x := range z {
		mean, square, fourth = mean+x/n, square+x*x/n, fourth+x*x*x*x/n
	}
	t.Logf("%d draws: mean %.4f, variance %.4f, kurtosis %.4f", len(z), mean, square, fourth/square/square)
	for name, far := range map[string]float64{
		"mean": mean * math.Sqrt(n), "variance": (square - 1) * math.Sqrt(n/2), "fourth moment": (fourth - 3) * math.Sqrt(n/96),
	} {
		if math.Abs(far) > 4.5 {
			t.Errorf("the %s is %.1f standard errors from that of a normal distribution", name, far)
		}
	}
	seen := map[float64]bool{}
	for _, x := range z {
		if seen[x] {
			t.Fatal("the same number was drawn twice")
		}
		seen[x] = true
	}
	same, other := noise(9, 1), noise(10, 1)
	for i := range same {
		if same[i] != z[i]*(3*.5/parityBatch) && math.Abs(same[i]/(3*.5/parityBatch)-z[i]) > 1e-12 {
			t.Fatal("the same seed gives other noise")
		}
		if same[i] == other[i] {
			t.Fatal("two seeds give the same noise")
		}
	}
}

// Every image is drawn with the sample rate, whoever else is.
func TestPoissonSamples(t *testing.T) {
	l := tinyLoop(t)
	l.Recipe.Method, l.Recipe.BatchSize = "mae", 2
	l.Recipe.Privacy = &Privacy{MaxGradNorm: 1, Delta: 1e-3}
	p := l.plan(l.Index)
	const steps = 40000
	q := 2 / float64(len(l.Index))
	drawn := map[int]int{}
	both, empty, all := 0, 0, 0
	for step := range steps {
		images, epoch := p.step(step)
		if epoch != step {
			t.Fatalf("step %d has the views of epoch %d", step, epoch)
		}
		for _, i := range images {
			drawn[i]++
		}
		if slices.Contains(images, l.Index[3]) && slices.Contains(images, l.Index[60]) {
			both++
		}
		if len(images) == 0 {
			empty++
		}
		all += len(images)
	}
	within := func(name string, got int, p float64, n float64) {
		if sd := math.Sqrt(n * p * (1 - p)); math.Abs(float64(got)-n*p) > 4.5*sd {
			t.Errorf("%s: %d, want %.0f ± %.0f", name, got, n*p, sd)
		}
	}
	for _, i := range l.Index {
		within("image", drawn[i], q, steps)
	}
	within("two images together", both, q*q, steps)
	within("empty batches", empty, math.Pow(1-q, float64(len(l.Index))), steps)
	within("all", all, q, steps*float64(len(l.Index)))
	if empty == 0 {
		t.Error("no batch was empty")
	}
	// A step is the same whichever was asked for before.
	images, _ := p.step(7)
	again := slices.Clone(images)
	other := l.plan(l.Index)
	if images, _ := other.step(7); !slices.Equal(images, again) {
		t.Errorf("step 7 is %v, then %v", again, images)
	}
}
