package nn_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

const (
	layersFile   = "testdata/layers.safetensors"
	layersScript = "testdata/make_layers.py"
	tolerance    = 1e-5 // of sums of up to 60 float32 products of order 1
)

// layers are the cases of make_layers.py. The weights are those of the
// fixture, so the generator's seed is of no account.
func layers() map[string]nn.Layer {
	g := torch.NewGenerator(0, torch.CPU)
	conv := func(in, out, k int, o nn.ConvOptions) nn.Layer { return nn.NewConv2d(in, out, k, o, g) }
	evaluated := nn.NewBatchNorm(3)
	evaluated.Training = false
	return map[string]nn.Layer{
		"conv":                     conv(3, 5, 3, nn.ConvOptions{Padding: 1, Bias: true}),
		"conv strided":             conv(4, 6, 3, nn.ConvOptions{Stride: 2, Padding: 1}),
		"conv 1x1":                 conv(4, 3, 1, nn.ConvOptions{Stride: 2}),
		"linear":                   nn.NewLinear(5, 4, true, g),
		"linear without bias":      nn.NewLinear(5, 4, false, g),
		"batch norm of images":     nn.NewBatchNorm(3),
		"batch norm of rows":       nn.NewBatchNorm(4),
		"batch norm in evaluation": evaluated,
		"relu":                     nn.ReLU{},
		"max pool":                 nn.MaxPool2d{Kernel: 2},
		"sequential":               nn.Sequential{conv(2, 4, 3, nn.ConvOptions{Padding: 1}), nn.NewBatchNorm(4), nn.ReLU{}, nn.MaxPool2d{Kernel: 2}},
	}
}

// Outputs, all gradients and the running statistics equal PyTorch's, in both
// memory formats.
func TestLayersAgainstPyTorch(t *testing.T) {
	fixture := torchtest.Fixture(t, layersFile)
	for order, format := range map[string]torch.MemoryFormat{"rows first": torch.ContiguousFormat, "channels last": torch.ChannelsLast} {
		for name, layer := range layers() {
			t.Run(order+"/"+name, func(t *testing.T) {
				torchtest.NoLeak(t)
				defer nn.Free(layer)
				checkLayer(t, layer, torchtest.Group(fixture, name), format)
			})
		}
	}
}

func checkLayer(t *testing.T, layer nn.Layer, want map[string]*torch.Tensor, format torch.MemoryFormat) {
	s := torch.NewScope()
	defer s.Close()
	nn.To(layer, torch.CPU, format)
	state := map[string]*torch.Tensor{}
	for name, x := range want {
		if rest, ok := strings.CutPrefix(name, "state."); ok {
			state[rest] = x
		}
	}
	if err := nn.LoadState(layer, state); err != nil {
		t.Fatal(err)
	}
	x := s.Use(want["x"])
	if x.Dim() == 4 {
		x = x.Contiguous(format)
	}
	x = x.Detach().Clone().RequireGrad(true)
	y := layer.Forward(x)
	if y.Scope() != s {
		t.Error("the result is not in the scope of x")
	}
	y.Mul(want["w"]).Sum().Backward()

	checked := map[string]bool{"x": true, "w": true, "y": true, "grad.x": true}
	torchtest.AllClose(t, y, want["y"], tolerance, tolerance)
	torchtest.AllClose(t, s.Use(x.Grad()), want["grad.x"], tolerance, tolerance)
	for name, p := range nn.Parameters(layer) {
		checked["grad."+name] = true
		grad := p.Grad()
		torchtest.AllClose(t, grad, want["grad."+name], tolerance, 10*tolerance)
		grad.Free()
	}
	for name, after := range nn.State(layer) {
		checked["state."+name] = true
		if w, ok := want["after."+name]; ok {
			checked["after."+name] = true
			torchtest.AllClose(t, after, w, tolerance, tolerance)
		}
	}
	for name := range want {
		if !checked[name] {
			t.Errorf("%s of the fixture was not compared", name)
		}
	}
}

func TestLayersFixtureIsPyTorchs(t *testing.T) {
	torchtest.Remake(t, layersScript, layersFile, tolerance, tolerance)
}

// The same seed draws the numbers that PyTorch's reset_parameters draws.
func TestDefaultWeightsAgainstPyTorch(t *testing.T) {
	fixture := torchtest.Fixture(t, layersFile)
	const seed = 7
	conv := nn.NewConv2d(3, 5, 3, nn.ConvOptions{Bias: true}, torch.NewGenerator(seed, torch.CPU))
	linear := nn.NewLinear(9, 4, true, torch.NewGenerator(seed, torch.CPU))
	for name, layer := range map[string]nn.Layer{"drawn conv": conv, "drawn linear": linear} {
		want := torchtest.Group(fixture, name)
		for param, got := range nn.Parameters(layer) {
			torchtest.AllClose(t, got, want[param], 1e-6, 1e-8)
		}
		nn.Free(layer)
	}
}

// Weights lie in ±1/√fan-in and have the variance of a uniform distribution
// there, bound²/3, up to five standard errors.
func TestDefaultWeightsAreUniform(t *testing.T) {
	g := torch.NewGenerator(3, torch.CPU)
	for _, c := range []struct {
		name  string
		layer nn.Layer
		bound float64
	}{
		{"conv", nn.NewConv2d(16, 64, 3, nn.ConvOptions{}, g), 1. / 12},
		{"linear", nn.NewLinear(100, 100, false, g), 1. / 10},
	} {
		for _, w := range nn.Parameters(c.layer) {
			values := torch.ToSlice[float64](w)
			n, mean, square := float64(len(values)), 0., 0.
			for _, v := range values {
				mean += v / n
				square += v * v / n
			}
			most := max(slices.Max(values), -slices.Min(values))
			if most > c.bound || most < .99*c.bound {
				t.Errorf("%s: the largest weight is %v, want just below %v", c.name, most, c.bound)
			}
			variance := c.bound * c.bound / 3
			// The variance of a square is 4/45·bound⁴, that of a weight bound²/3.
			if d, se := square-variance, c.bound*c.bound*sqrt(4./45/n); d > 5*se || d < -5*se {
				t.Errorf("%s: the variance is %v, want %v", c.name, square, variance)
			}
			if se := sqrt(variance / n); mean > 5*se || mean < -5*se {
				t.Errorf("%s: the mean is %v, want 0", c.name, mean)
			}
		}
		nn.Free(c.layer)
	}
}

// A batch norm over one value a channel has no variance to divide by; PyTorch
// refuses it too, and evaluation does not need one.
func TestBatchNormOfOneValue(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	b := nn.NewBatchNorm(2)
	defer nn.Free(b)
	for _, shape := range [][]int{{1, 2}, {1, 2, 1, 1}} {
		x := s.Ones(shape, torch.Float32, torch.CPU)
		b.Training = true
		if err := torch.Try(func() { b.Forward(x) }); err == nil {
			t.Errorf("shape %v was accepted in training", shape)
		}
		if got := b.NumBatchesTracked.ItemInt(); got != 0 {
			t.Errorf("shape %v: the refused batch was counted, %d", shape, got)
		}
		b.Training = false
		// (1 − 0)/√(1 + eps), as the running mean and variance are 0 and 1.
		want := 1 / sqrt(1+1e-5)
		for _, got := range torch.ToSlice[float64](b.Forward(x)) {
			if d := got - want; d > 1e-7 || d < -1e-7 {
				t.Errorf("shape %v in evaluation: %v, want %v", shape, got, want)
			}
		}
	}
}

func TestLayersRefuseOtherShapes(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	x := s.Ones([]int{2, 9, 4, 4}, torch.Float32, torch.CPU)
	all := layers()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		layer := all[name]
		if _, fits := layer.(nn.ReLU); !fits && name != "max pool" {
			if err := torch.Try(func() { layer.Forward(x) }); err == nil {
				t.Errorf("%s: nine channels were accepted", name)
			}
		}
		nn.Free(layer)
	}
}

// A strided 1×1 convolution of few channels that lie last, as the shortcut of
// a narrow ResNet is: the weight's gradient is that of the matrix product over
// the pixels that it reads. In oneDNN alone this hangs or is wrong, see
// Conv2d.Forward.
func TestStridedPointwiseConv(t *testing.T) {
	torchtest.NoLeak(t)
	g := torch.NewGenerator(1, torch.CPU)
	for _, in := range []int{1, 4, 7, 12, 16} {
		conv := nn.NewConv2d(in, 2*in, 1, nn.ConvOptions{Stride: 2}, g)
		nn.To(conv, torch.CPU, torch.ChannelsLast)
		s := torch.NewScope()
		const n, side, half = 4, 33, 17
		x := g.Randn(s, []int{n, in, side, side}, torch.Float32).Contiguous(torch.ChannelsLast)
		w := g.Randn(s, []int{n, 2 * in, half, half}, torch.Float32)
		y := conv.Forward(x)
		y.Mul(w).Sum().Backward()

		rows := func(t *torch.Tensor) *torch.Tensor { // [N, C, H, W] to [N·H·W, C]
			return t.Permute([]int{0, 2, 3, 1}).Reshape([]int{-1, t.Size(1)})
		}
		read := rows(x.Slice(2, 0, side, 2).Slice(3, 0, side, 2))
		weight := s.Use(conv.Weight).Detach().Reshape([]int{2 * in, in})
		torchtest.AllClose(t, rows(y), read.Mm(weight.T()), tolerance, tolerance)
		// Sums of 1,156 products of order 1.
		torchtest.AllClose(t, s.Use(conv.Weight.Grad()).Reshape([]int{2 * in, in}), rows(w).T().Mm(read), 1e-5, 2e-4)
		s.Close()
		nn.Free(conv)
	}
}
