package nn_test

import (
	"bytes"
	"math"
	"testing"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// dropouts are the layers that drop, each with the number of leading dimensions
// that it draws a number for.
func dropouts(p float64, g *torch.Generator) map[string]nn.Layer {
	return map[string]nn.Layer{
		"dropout":   nn.NewDropout(p, g),
		"dropout2d": nn.NewDropout2d(p, g),
		"drop path": nn.NewDropPath(p, g),
	}
}

// A seed drops what PyTorch drops after manual_seed.
func TestDropoutAgainstPyTorch(t *testing.T) {
	want := torchtest.Group(torchtest.Fixture(t, layersFile), "dropped")
	for name, p := range map[string]float64{"dropout": .3, "dropout2d": .4, "drop path": .25} {
		torchtest.NoLeak(t)
		s := torch.NewScope()
		shape := want[name].Shape()
		x := s.Arange(1, float64(want[name].Numel()+1), 1, torch.Float32, torch.CPU).Reshape(shape)
		y := dropouts(p, torch.NewGenerator(5, torch.CPU))[name].Forward(x)
		torchtest.AllClose(t, y, want[name], twoULP, 0)
		if y.Scope() != s {
			t.Errorf("%s: the result is not in the scope of x", name)
		}
		s.Close()
	}
}

// The share that is kept is 1 − p up to five standard errors, what is kept is
// scaled to keep the mean, and whole channels and samples go together.
func TestDropoutShares(t *testing.T) {
	torchtest.NoLeak(t)
	g := torch.NewGenerator(1, torch.CPU)
	shape := []int{50, 40, 5, 4}
	for name, dims := range map[string][]int{"dropout": nil, "dropout2d": {2, 3}, "drop path": {1, 2, 3}} {
		for _, p := range []float64{.1, .5, .8} {
			s := torch.NewScope()
			y := dropouts(p, g)[name].Forward(s.Ones(shape, torch.Float64, torch.CPU))
			if dims != nil {
				if !y.Amax(dims, true).Equal(y.Amin(dims, true)) {
					t.Errorf("%s: a group was dropped in part", name)
				}
				y = y.Amax(dims, false)
			}
			kept := 0.
			for _, v := range torch.ToSlice[float64](y) {
				switch {
				case math.Abs(v-1/(1-p)) < 1e-12:
					kept++
				case v != 0:
					t.Fatalf("%s: %v is neither 0 nor 1/(1 − %v)", name, v, p)
				}
			}
			n := float64(y.Numel())
			if got, se := kept/n, math.Sqrt(p*(1-p)/n); math.Abs(got-(1-p)) > 5*se {
				t.Errorf("%s of %v keeps %v ± %v", name, p, got, se)
			}
			s.Close()
		}
	}
}

// The gradient is the mask, and a state of the generator is a mask.
func TestDropoutGradientAndState(t *testing.T) {
	torchtest.NoLeak(t)
	g := torch.NewGenerator(2, torch.CPU)
	for name, layer := range dropouts(.4, g) {
		s := torch.NewScope()
		state := g.State()
		x := s.Ones([]int{8, 6, 2, 3}, torch.Float32, torch.CPU).RequireGrad(true)
		y := layer.Forward(x)
		y.Sum().Backward()
		if !x.Grad().Equal(y) {
			t.Errorf("%s: the gradient is not the mask", name)
		}
		after := g.State()
		if bytes.Equal(state, after) {
			t.Errorf("%s drew nothing", name)
		}
		if layer.Forward(x).Equal(y) {
			t.Errorf("%s: two masks in a row are equal", name)
		}
		g.SetState(state)
		if !layer.Forward(x).Equal(y) {
			t.Errorf("%s: the same state gave another mask", name)
		}
		s.Close()
	}
}

// In evaluation nothing is dropped or drawn; probabilities 0 and 1 draw nothing
// either.
func TestDropoutOff(t *testing.T) {
	torchtest.NoLeak(t)
	g := torch.NewGenerator(3, torch.CPU)
	before := g.State()
	s := torch.NewScope()
	defer s.Close()
	x := s.Ones([]int{2, 3, 2, 2}, torch.BFloat16, torch.CPU)
	for name, layer := range dropouts(.5, g) {
		nn.SetTraining(layer, false)
		if layer.Forward(x) != x {
			t.Errorf("%s: evaluation changed its argument", name)
		}
	}
	for name, layer := range dropouts(0, g) {
		if layer.Forward(x) != x {
			t.Errorf("%s of 0 changed its argument", name)
		}
	}
	for name, layer := range dropouts(1, g) {
		if y := layer.Forward(x); y.Any().Item() != 0 || y.DType() != torch.BFloat16 {
			t.Errorf("%s of 1 kept something", name)
		}
	}
	if !bytes.Equal(g.State(), before) {
		t.Error("numbers were drawn")
	}
}

func TestDropoutErrors(t *testing.T) {
	g := torch.NewGenerator(3, torch.CPU)
	s := torch.NewScope()
	defer s.Close()
	for name, fn := range map[string]func(){
		"p above 1":           func() { nn.NewDropout(1.1, g) },
		"p below 0":           func() { nn.NewDropout2d(-.1, g) },
		"p not a number":      func() { nn.NewDropPath(math.NaN(), g) },
		"dropout2d of rows":   func() { nn.NewDropout2d(.5, g).Forward(s.Ones([]int{3}, torch.Float32, torch.CPU)) },
		"drop path of scalar": func() { nn.NewDropPath(.5, g).Forward(torch.Scalar(s, 1.)) },
	} {
		if err := torch.Try(fn); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
