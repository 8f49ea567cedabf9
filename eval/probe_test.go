package eval

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/optimize"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

func probe(t *testing.T, train, test Set, o ProbeOptions) ProbeResult {
	t.Helper()
	r, err := LinearProbe(context.Background(), train, test, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// L-BFGS finds the optimum that PyTorch's finds.
func TestLBFGSAgainstPyTorch(t *testing.T) {
	torchtest.NoLeak(t)
	fixture := torchtest.Fixture(t, evalFile)
	train, test := fixtureSets(fixture)
	for name, o := range map[string]ProbeOptions{
		"strong":       {WeightDecay: 1e-1},
		"weak":         {WeightDecay: 1e-3},
		"standardized": {WeightDecay: 1e-2, Standardize: true},
	} {
		t.Run(name, func(t *testing.T) {
			o.Method, o.Tolerance = "lbfgs", 1e-8
			want := torchtest.Group(fixture, "lbfgs/"+name)
			s := torch.NewScope()
			defer s.Close()
			c, f, err := fitProbe(context.Background(), s, train, o)
			if err != nil {
				t.Fatal(err)
			}
			torchtest.AllClose(t, c.weight, want["weight"], 1e-5, 1e-5)
			torchtest.AllClose(t, c.bias, want["bias"], 1e-5, 1e-5)
			if loss := want["loss"].Item(); math.Abs(f.loss-loss) > 1e-7 || f.gradient > 1e-8 || f.steps < 3 {
				t.Errorf("loss %v, want %v; gradient %v after %d steps", f.loss, loss, f.gradient, f.steps)
			}
			count := newTally(names)
			if err := count.addLogits(want["scores"], test.Labels); err != nil {
				t.Fatal(err)
			}
			r := probe(t, train, test, o)
			if r.String() != count.result().String() || r.Steps != f.steps || r.Gradient != f.gradient {
				t.Errorf("%v, want %v", r, count.result())
			}
		})
	}
}

// One feature and two classes: the optimum without weight decay has the
// log-odds of each value as its score. With D values of the feature there are
// as many free numbers only for D = 2.
func TestLBFGSInClosedForm(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	// At 0: three of class a, one of b; at 2: one of a, four of b.
	train := line(s, []float32{0, 0, 0, 0, 2, 2, 2, 2, 2}, 0, 0, 0, 1, 0, 1, 1, 1, 1)
	train.Names = names[:2]
	c, f, err := fitProbe(context.Background(), s, train, ProbeOptions{Method: "lbfgs", Tolerance: 1e-10})
	if err != nil {
		t.Fatal(err)
	}
	w, b := torch.ToSlice[float64](c.weight), torch.ToSlice[float64](c.bias)
	at0, at2 := math.Log(1./3), math.Log(4)
	torchtest.Close(t, []float64{b[1] - b[0], w[1] - w[0]}, []float64{at0, (at2 - at0) / 2}, nil, 1e-6, 0)
	entropy := -(3*math.Log(.75) + math.Log(.25) + math.Log(.2) + 4*math.Log(.8)) / 9
	if math.Abs(f.loss-entropy) > 1e-12 {
		t.Errorf("loss %v, want %v", f.loss, entropy)
	}
	r := probe(t, train, train, ProbeOptions{Method: "lbfgs"})
	if r.Top1 != 7./9 || r.TrainTop1 != r.Top1 || r.PerClass[1].Top1 != .8 {
		t.Errorf("%v", r)
	}
}

// The gradient is that of the value, also over several chunks of images.
func TestLogisticGradient(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	set := grid(s, chunkRows+100, 3, 5, 7)
	c := newClassifier(s, set, true)
	l := &logistic{c: c, x: set.X, y: labelTensor(s, set), decay: .3}
	at := make([]float64, c.weight.Numel()+c.bias.Numel())
	for i := range at {
		at[i] = math.Sin(float64(3*i + 1))
	}
	value := func(at, gradient []float64) float64 {
		v, err := l.lossAndGradient(at, gradient)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	gradient, none := make([]float64, len(at)), make([]float64, len(at))
	value(at, gradient)
	for i := range at {
		const h = 1e-5
		up, down := slices.Clone(at), slices.Clone(at)
		up[i] += h
		down[i] -= h
		if d := (value(up, none) - value(down, none)) / (2 * h); math.Abs(d-gradient[i]) > 1e-8 {
			t.Errorf("derivative %d is %v, want %v", i, gradient[i], d)
		}
	}
}

// SGD and LARS take the steps that PyTorch takes from the same weights in the
// same order.
func TestStepsAgainstPyTorch(t *testing.T) {
	torchtest.NoLeak(t)
	fixture := torchtest.Fixture(t, evalFile)
	train, _ := fixtureSets(fixture)
	for name, o := range map[string]ProbeOptions{
		"sgd":              {Method: "sgd", LR: .1},
		"sgd per epoch":    {Method: "sgd", LR: .05, PerEpoch: true, WarmupEpochs: 1},
		"sgd with warm-up": {Method: "sgd", LR: .1, WarmupEpochs: 1},
		"lars":             {Method: "lars", LR: 2, WarmupEpochs: 1},
	} {
		t.Run(name, func(t *testing.T) {
			o.Epochs, o.BatchSize, o.Momentum, o.WeightDecay = 4, 64, .9, 1e-2
			want := torchtest.Group(fixture, "steps/"+name)
			s := torch.NewScope()
			defer s.Close()
			c := newClassifier(s, train, true)
			c.weight.CopyFrom(want["start"])
			order := torch.ToSlice[int64](want["order"])
			f, err := step(context.Background(), c, train, o, func(epoch int) []int {
				var images []int
				for _, i := range order[epoch*300 : (epoch+1)*300] {
					images = append(images, int(i))
				}
				return images
			})
			if err != nil {
				t.Fatal(err)
			}
			torchtest.AllClose(t, c.weight, want["weight"], 1e-5, 1e-5)
			torchtest.AllClose(t, c.bias, want["bias"], 1e-5, 1e-5)
			if loss := want["loss"].Item(); math.Abs(f.loss-loss) > 1e-5 || f.steps != 20 {
				t.Errorf("loss %v, want %v, after %d steps", f.loss, loss, f.steps)
			}
			if c.weight.RequiresGrad() || c.weight.Grad() != nil {
				t.Error("the classifier is still being trained")
			}
		})
	}
}

// SGD of many epochs arrives at the optimum that L-BFGS finds.
func TestSGDNearsTheOptimum(t *testing.T) {
	torchtest.NoLeak(t)
	fixture := torchtest.Fixture(t, evalFile)
	train, test := fixtureSets(fixture)
	o := ProbeOptions{Method: "lbfgs", WeightDecay: .1, Standardize: true}
	best := probe(t, train, test, o)
	o = ProbeOptions{Method: "sgd", WeightDecay: .1, Standardize: true, Epochs: 60, BatchSize: 50, LR: .2, Momentum: .9, Seed: 3}
	r := probe(t, train, test, o)
	if math.Abs(r.Loss-best.Loss) > 1e-3 || math.Abs(r.Top1-best.Top1) > .03 {
		t.Errorf("loss %v and %v, L-BFGS has %v and %v", r.Loss, r, best.Loss, best)
	}
	if again := probe(t, train, test, o); again.Loss != r.Loss || again.String() != r.String() {
		t.Errorf("the same seed gives loss %v and then %v", r.Loss, again.Loss)
	}
	o.Seed++
	if other := probe(t, train, test, o); other.Loss == r.Loss {
		t.Error("another seed gives the same loss")
	}
}

// Features may be float64; the result is that of the same numbers in float32.
func TestProbeInFloat64(t *testing.T) {
	torchtest.NoLeak(t)
	train, test := fixtureSets(torchtest.Fixture(t, evalFile))
	s := torch.NewScope()
	defer s.Close()
	wide := func(set Set) Set {
		set.X = s.Use(set.X).ToDType(torch.Float64)
		return set
	}
	for _, method := range ProbeMethods() {
		o := ProbeOptions{Method: method, WeightDecay: .01, Standardize: true, Epochs: 3, BatchSize: 50, LR: .1}
		got, want := probe(t, wide(train), wide(test), o), probe(t, train, test, o)
		if math.Abs(got.Loss-want.Loss) > 1e-5 || got.Steps < 3 {
			t.Errorf("%s: loss %v after %d steps, in float32 %v", method, got.Loss, got.Steps, want.Loss)
		}
	}
}

// A feature that is constant does no harm to standardization.
func TestConstantFeature(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	train := Set{
		X:      torch.FromSlice(s, []float32{1, .1, 2, .1, 3, .1, 4, .1}, 4, 2),
		Labels: []int{0, 0, 1, 1}, Names: names[:2],
	}
	c := newClassifier(s, train, true)
	got := c.features(train.X)
	r5 := math.Sqrt(5)
	torchtest.Close(t, torch.ToSlice[float64](got), []float64{-3 / r5, 0, -1 / r5, 0, 1 / r5, 0, 3 / r5, 0}, nil, 1e-6, 1e-6)
}

// Where all scores are equal, one class comes first and not all.
func TestEqualScores(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	c := newTally(names)
	if err := c.addLogits(s.Zeros([]int{7, 7}, torch.Float32, torch.CPU), []int{0, 1, 2, 3, 4, 5, 6}); err != nil {
		t.Fatal(err)
	}
	if r := c.result(); r.Top1 != 1./7 || r.Top5 != 5./7 || r.PerClass[0].Top1 != 1 {
		t.Errorf("%v", r)
	}
}

func TestLinearProbeRefuses(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	train, test := line(s, []float32{0, 1, 2}, 0, 1, 1), line(s, []float32{1}, 1)
	lbfgs := ProbeOptions{Method: "lbfgs", WeightDecay: .1}
	sgd := ProbeOptions{Method: "sgd", Epochs: 2, BatchSize: 2, LR: .1}
	for _, c := range []struct {
		name        string
		o           ProbeOptions
		change      func(o *ProbeOptions)
		train, test Set
		want        string
	}{
		{"method", lbfgs, func(o *ProbeOptions) { o.Method = "adam" }, train, test, `method is "adam"`},
		{"weight decay", lbfgs, func(o *ProbeOptions) { o.WeightDecay = -1 }, train, test, "weight_decay is -1"},
		{"tolerance", lbfgs, func(o *ProbeOptions) { o.Tolerance = 1 }, train, test, "tolerance is 1"},
		{"iterations", lbfgs, func(o *ProbeOptions) { o.MaxIterations = -1 }, train, test, "max_iterations is -1"},
		{"epochs", sgd, func(o *ProbeOptions) { o.Epochs = 0 }, train, test, "epochs is 0"},
		{"batch", sgd, func(o *ProbeOptions) { o.BatchSize = 0 }, train, test, "batch_size is 0"},
		{"lr", sgd, func(o *ProbeOptions) { o.LR = 0 }, train, test, "lr is 0"},
		{"warm-up", sgd, func(o *ProbeOptions) { o.WarmupEpochs = 2 }, train, test, "warmup_epochs is 2"},
		{"momentum", sgd, func(o *ProbeOptions) { o.Momentum = 1 }, train, test, "momentum is 1"},
		{"one class", sgd, nil, line(s, []float32{0, 1}, 1, 1), test, "of class"},
		{"NaN", lbfgs, nil, line(s, []float32{0, float32(math.NaN())}, 0, 1), test, "not finite"},
		{"no labels", lbfgs, nil, train, Set{X: test.X, Names: names}, "test images have no labels"},
		{"diverges", sgd, func(o *ProbeOptions) { o.LR = 1e30 }, line(s, []float32{1e10, -1e10, 3e10}, 0, 1, 1), test, "lower lr (now 1e+30)"},
	} {
		if c.change != nil {
			c.change(&c.o)
		}
		_, err := LinearProbe(context.Background(), c.train, c.test, c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not contain %q", c.name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, o := range []ProbeOptions{lbfgs, sgd} {
		if _, err := LinearProbe(ctx, train, test, o); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with an ended context: %v", o.Method, err)
		}
	}
}

// An error of the function, or a context that ends, ends the minimization; not
// to reach the tolerance does not.
func TestMinimize(t *testing.T) {
	settings := func() *optimize.Settings {
		return &optimize.Settings{GradientThreshold: 1e-9, MajorIterations: 30, Converger: optimize.NeverTerminate{}}
	}
	calls := 0
	bowl := func(at, gradient []float64) (float64, error) {
		calls++
		var sum float64
		for i, x := range at {
			sum += math.Cosh(x - float64(i))
			gradient[i] = math.Sinh(x - float64(i))
		}
		return sum, nil
	}
	best, steps, err := minimize(context.Background(), make([]float64, 4), bowl, settings())
	if err != nil || steps == 0 || steps > 30 {
		t.Errorf("%d steps: %v", steps, err)
	}
	torchtest.Close(t, best, []float64{0, 1, 2, 3}, nil, 0, 1e-8)

	broken := errors.New("broken")
	calls = 0
	_, _, err = minimize(context.Background(), make([]float64, 4), func(at, gradient []float64) (float64, error) {
		if calls == 3 {
			return 0, broken
		}
		return bowl(at, gradient)
	}, settings())
	if !errors.Is(err, broken) || calls != 3 {
		t.Errorf("%v after %d calls, want the error of the function", err, calls)
	}

	calls = 0
	ctx, cancel := context.WithCancel(context.Background())
	_, _, err = minimize(ctx, make([]float64, 4), func(at, gradient []float64) (float64, error) {
		if calls == 2 {
			cancel()
		}
		return bowl(at, gradient)
	}, settings())
	if !errors.Is(err, context.Canceled) || calls > 3 {
		t.Errorf("%v after %d calls, want the error of the context", err, calls)
	}

	// A kink, on which no gradient becomes small.
	_, _, err = minimize(context.Background(), []float64{3}, func(at, gradient []float64) (float64, error) {
		gradient[0] = math.Copysign(1, at[0])
		return math.Abs(at[0]), nil
	}, settings())
	if err != nil {
		t.Errorf("a line search without end: %v", err)
	}
}
