package nn_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// Equal seeds give the numbers of torch.nn.init.
func TestInitAgainstPyTorch(t *testing.T) {
	want := torchtest.Group(torchtest.Fixture(t, layersFile), "initialized")
	type draw func(t *torch.Tensor, g *torch.Generator) *torch.Tensor
	trunc := func(mean, std, a, b float64) draw {
		return func(t *torch.Tensor, g *torch.Generator) *torch.Tensor { return nn.TruncNormal(t, mean, std, a, b, g) }
	}
	cases := map[string]draw{
		"kaiming uniform": func(t *torch.Tensor, g *torch.Generator) *torch.Tensor {
			return nn.KaimingUniform(t, nn.FanIn, nn.LeakyReLUGain(.2), g)
		},
		"kaiming uniform out": func(t *torch.Tensor, g *torch.Generator) *torch.Tensor {
			return nn.KaimingUniform(t, nn.FanOut, nn.ReLUGain, g)
		},
		"kaiming normal": func(t *torch.Tensor, g *torch.Generator) *torch.Tensor {
			return nn.KaimingNormal(t, nn.FanIn, nn.TanhGain, g)
		},
		"kaiming normal out": func(t *torch.Tensor, g *torch.Generator) *torch.Tensor {
			return nn.KaimingNormal(t, nn.FanOut, nn.SELUGain, g)
		},
		"xavier uniform": func(t *torch.Tensor, g *torch.Generator) *torch.Tensor {
			return nn.XavierUniform(t, nn.TanhGain, g)
		},
		"xavier normal": func(t *torch.Tensor, g *torch.Generator) *torch.Tensor {
			return nn.XavierNormal(t, nn.LinearGain, g)
		},
		"trunc normal":       trunc(0, .02, -2, 2),
		"trunc normal tight": trunc(.5, .7, 0, 1.2),
		"trunc normal tail":  trunc(0, 1, 1.5, 4),
		"orthogonal":         func(t *torch.Tensor, g *torch.Generator) *torch.Tensor { return nn.Orthogonal(t, 1, g) },
		"orthogonal wide":    func(t *torch.Tensor, g *torch.Generator) *torch.Tensor { return nn.Orthogonal(t, 1.5, g) },
		"constant":           func(t *torch.Tensor, g *torch.Generator) *torch.Tensor { return nn.Constant(t, .3) },
	}
	if len(cases) != len(want) {
		t.Errorf("%d cases, the fixture has %d", len(cases), len(want))
	}
	for name, fn := range cases {
		t.Run(name, func(t *testing.T) {
			torchtest.NoLeak(t)
			s := torch.NewScope()
			defer s.Close()
			// A parameter is filled too, and stays a leaf that is trained.
			x := s.Zeros(want[name].Shape(), want[name].DType(), torch.CPU).RequireGrad(true)
			if got := fn(x, torch.NewGenerator(11, torch.CPU)); got != x {
				t.Error("the result is not the tensor that was given")
			}
			if !x.RequiresGrad() || !x.IsLeaf() {
				t.Error("the parameter is not trained any more")
			}
			rtol, atol := twoULP, 0.
			if strings.HasPrefix(name, "orthogonal") { // sums of LAPACK, in float32 and float64
				atol = map[torch.DType]float64{torch.Float32: 1e-6, torch.Float64: 1e-14}[x.DType()]
			}
			torchtest.AllClose(t, x, want[name], rtol, atol)
		})
	}
}

// Rows, or columns where they are fewer, are orthonormal; so are the weights of
// a convolution, flattened.
func TestOrthogonal(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	g := torch.NewGenerator(3, torch.CPU)
	for _, shape := range [][]int{{5, 5}, {8, 3}, {3, 8}, {4, 2, 3, 3}} {
		w := nn.Orthogonal(s.Empty(shape, torch.Float64, torch.CPU), 2, g).Flatten(1, -1)
		if w.Size(0) > w.Size(1) {
			w = w.T()
		}
		n := w.Size(0)
		torchtest.AllClose(t, w.Mm(w.T()), s.Eye(n, torch.Float64, torch.CPU).MulScalar(4), 0, 1e-12)
	}
	empty := s.Empty([]int{0, 3}, torch.Float32, torch.CPU)
	if nn.Orthogonal(empty, 1, g) != empty {
		t.Error("an empty weight was not returned")
	}
}

// The variance of each layer's weights is what He et al. and Glorot and Bengio
// ask for, up to five standard errors, and truncated numbers lie inside.
func TestInitVariances(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	g := torch.NewGenerator(4, torch.CPU)
	const out, in, field = 60, 40, 9
	weight := func() *torch.Tensor { return s.Empty([]int{out, in, 3, 3}, torch.Float64, torch.CPU) }
	for name, c := range map[string]struct {
		w        *torch.Tensor
		variance float64
	}{
		"kaiming uniform": {nn.KaimingUniform(weight(), nn.FanIn, nn.ReLUGain, g), 2. / (in * field)},
		"kaiming normal":  {nn.KaimingNormal(weight(), nn.FanOut, nn.ReLUGain, g), 2. / (out * field)},
		"xavier uniform":  {nn.XavierUniform(weight(), nn.LinearGain, g), 2. / ((in + out) * field)},
		"xavier normal":   {nn.XavierNormal(weight(), nn.LinearGain, g), 2. / ((in + out) * field)},
		// 1 − 2aφ(a)/(2Φ(a) − 1) for bounds ±a, here 1.
		"trunc normal": {nn.TruncNormal(weight(), 0, 1, -1, 1, g), 1 - 2*math.Exp(-.5)/math.Sqrt(2*math.Pi)/math.Erf(1/math.Sqrt2)},
	} {
		got := c.w.Mul(c.w).Mean().Item()
		if se := c.variance * math.Sqrt(2./(out*in*field)); math.Abs(got-c.variance) > 5*se {
			t.Errorf("%s: the variance is %v, want %v ± %v", name, got, c.variance, se)
		}
		if name == "trunc normal" && c.w.Abs().Amax(nil, false).Item() > 1 {
			t.Error("trunc normal: a number lies outside")
		}
	}
}

func TestInitErrors(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	g := torch.NewGenerator(1, torch.CPU)
	v := s.Ones([]int{3}, torch.Float32, torch.CPU)
	for name, fn := range map[string]func(){
		"kaiming of a vector":    func() { nn.KaimingUniform(v, nn.FanIn, 1, g) },
		"xavier of a vector":     func() { nn.XavierNormal(v, 1, g) },
		"orthogonal of a vector": func() { nn.Orthogonal(v, 1, g) },
		"bounds":                 func() { nn.TruncNormal(v, 0, 1, 2, 2, g) },
		"no deviation":           func() { nn.TruncNormal(v, 0, 0, -2, 2, g) },
		"integers":               func() { nn.KaimingNormal(s.Ones([]int{2, 2}, torch.Int64, torch.CPU), nn.FanIn, 1, g) },
	} {
		var e *torch.Error
		if err := torch.Try(fn); !errors.As(err, &e) {
			t.Errorf("%s: accepted", name)
		}
	}
}
