package nn_test

import (
	"errors"
	"iter"
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
	tolerance    = 1e-5    // of sums of up to 60 float32 products of order 1
	twoULP       = 0x1p-22 // random numbers are equal but for the vector width of a CPU's logarithms
)

// layers are the cases of make_layers.py. The weights are those of the
// fixture, so the generator's seed is of no account.
func layers() map[string]nn.Layer {
	g := torch.NewGenerator(0, torch.CPU)
	conv := func(in, out, k int, o nn.ConvOptions) nn.Layer { return nn.NewConv2d(in, out, k, o, g) }
	transposed := func(in, out, k, outputPadding int, o nn.ConvOptions) nn.Layer {
		return nn.NewConvTranspose2d(in, out, k, nn.ConvTransposeOptions{ConvOptions: o, OutputPadding: outputPadding}, g)
	}
	attention := func(heads int, bias bool) nn.Layer {
		return nn.NewAttention(6, heads, nn.AttentionOptions{Bias: bias}, g)
	}
	return map[string]nn.Layer{
		"conv":                      conv(3, 5, 3, nn.ConvOptions{Padding: 1, Bias: true}),
		"conv strided":              conv(4, 6, 3, nn.ConvOptions{Stride: 2, Padding: 1}),
		"conv 1x1":                  conv(4, 3, 1, nn.ConvOptions{Stride: 2}),
		"conv dilated":              conv(4, 6, 3, nn.ConvOptions{Padding: 2, Dilation: 2, Groups: 2}),
		"conv depthwise":            conv(4, 4, 3, nn.ConvOptions{Padding: 1, Groups: 4, Bias: true}),
		"conv 1d":                   nn.NewConv1d(4, 6, 3, nn.ConvOptions{Stride: 2, Padding: 2, Dilation: 2, Groups: 2, Bias: true}, g),
		"conv 3d":                   nn.NewConv3d(2, 4, 2, nn.ConvOptions{Stride: 2, Padding: 1, Bias: true}, g),
		"conv transposed":           transposed(4, 6, 3, 1, nn.ConvOptions{Stride: 2, Padding: 1, Groups: 2, Bias: true}),
		"conv transposed dilated":   transposed(3, 2, 2, 0, nn.ConvOptions{Dilation: 2}),
		"linear":                    nn.NewLinear(5, 4, true, g),
		"linear without bias":       nn.NewLinear(5, 4, false, g),
		"batch norm of images":      nn.NewBatchNorm(3),
		"batch norm of rows":        nn.NewBatchNorm(4),
		"batch norm of volumes":     nn.NewBatchNorm(2),
		"batch norm in evaluation":  with(nn.NewBatchNorm(3), func(b *nn.BatchNorm) { b.Training = false }),
		"batch norm without affine": with(nn.NewBatchNorm(3), func(b *nn.BatchNorm) { b.Weight, b.Bias, b.Momentum, b.Eps = nil, nil, .3, 1e-3 }),
		"batch norm without statistics": with(nn.NewBatchNorm(3), func(b *nn.BatchNorm) {
			b.RunningMean, b.RunningVar, b.NumBatchesTracked, b.Training = nil, nil, nil, false
		}),
		"layer norm":                with(nn.NewLayerNorm(6), func(l *nn.LayerNorm) { l.Eps = 1e-6 }),
		"layer norm of planes":      with(nn.NewLayerNorm(3, 5), func(l *nn.LayerNorm) { l.Bias = nil }),
		"layer norm without affine": with(nn.NewLayerNorm(6), func(l *nn.LayerNorm) { l.Weight, l.Bias = nil, nil }),
		"rms norm":                  nn.NewRMSNorm(6),
		"rms norm of planes":        with(nn.NewRMSNorm(2, 3), func(l *nn.RMSNorm) { l.Weight, l.Eps = nil, 1e-2 }),
		"group norm":                nn.NewGroupNorm(2, 6),
		"group norm without affine": with(nn.NewGroupNorm(3, 6), func(l *nn.GroupNorm) { l.Weight, l.Bias = nil, nil }),
		"instance norm":             nn.NewInstanceNorm(3, false),
		"instance norm affine":      nn.NewInstanceNorm(3, true),
		"embedding":                 nn.NewEmbedding(7, 4, 2, g),
		"embedding unpadded":        nn.NewEmbedding(3, 2, -1, g),
		"relu":                      nn.ReLU{},
		"leaky relu":                nn.LeakyReLU{},
		"leaky relu steep":          nn.LeakyReLU{NegativeSlope: .3},
		"elu":                       nn.ELU{},
		"elu scaled":                nn.ELU{Alpha: .5},
		"gelu":                      nn.GELU{},
		"gelu tanh":                 nn.GELU{Tanh: true},
		"silu":                      nn.SiLU{},
		"sigmoid":                   nn.Sigmoid{},
		"tanh":                      nn.Tanh{},
		"softmax":                   nn.Softmax{Dim: 1},
		"log softmax":               nn.LogSoftmax{Dim: -1},
		"max pool":                  nn.MaxPool2d{Kernel: 2},
		"max pool 1d":               nn.MaxPool1d{Kernel: 3, Stride: 2, Padding: 1},
		"max pool overlapping":      nn.MaxPool2d{Kernel: 3, Stride: 2, Padding: 1},
		"max pool ceil":             nn.MaxPool2d{Kernel: 2, CeilMode: true},
		"avg pool 1d":               nn.AvgPool1d{Kernel: 2},
		"avg pool":                  nn.AvgPool2d{Kernel: 3, Stride: 2, Padding: 1},
		"avg pool omitting":         nn.AvgPool2d{Kernel: 3, Stride: 2, Padding: 1, CeilMode: true, OmitPad: true},
		"adaptive avg pool 1d":      nn.AdaptiveAvgPool1d{Output: 3},
		"adaptive avg pool":         nn.AdaptiveAvgPool2d{Output: 1},
		"adaptive max pool 1d":      nn.AdaptiveMaxPool1d{Output: 3},
		"adaptive max pool":         nn.AdaptiveMaxPool2d{Output: 2},
		"flatten":                   nn.Flatten{},
		"unflatten":                 nn.Unflatten{Dim: -2, Sizes: []int{2, -1}},
		"upsample":                  nn.Upsample{Scale: 3},
		"upsample bilinear":         nn.Upsample{Scale: 2, Mode: nn.Bilinear},
		"pixel shuffle":             nn.PixelShuffle{Factor: 2},
		"patch embed":               nn.NewPatchEmbed(3, 5, 4, g),
		"attention":                 attention(2, true),
		"attention without bias":    attention(3, false),
		"multihead":                 nn.NewMultiheadAttention(6, 2, nn.AttentionOptions{Bias: true}, g),
		"multihead without bias":    nn.NewMultiheadAttention(6, 2, nn.AttentionOptions{}, g),
		"encoder":                   nn.NewTransformerEncoderLayer(6, 2, nn.TransformerOptions{DimFeedforward: 10}, g),
		"encoder norm first":        nn.NewTransformerEncoderLayer(6, 2, nn.TransformerOptions{DimFeedforward: 10, NormFirst: true, Activation: nn.GELU{}}, g),
		"sequential":                nn.Sequential{conv(2, 4, 3, nn.ConvOptions{Padding: 1}), nn.NewBatchNorm(4), nn.ReLU{}, nn.MaxPool2d{Kernel: 2}},
	}
}

// with returns the layer after a change to its fields.
func with[L nn.Layer](layer L, change func(L)) L {
	change(layer)
	return layer
}

// Outputs, all gradients and the running statistics equal PyTorch's, in both
// memory formats.
func TestLayersAgainstPyTorch(t *testing.T) {
	fixture := torchtest.Fixture(t, layersFile)
	names := stateNames(t)
	for order, format := range map[string]torch.MemoryFormat{"rows first": torch.ContiguousFormat, "channels last": torch.ChannelsLast} {
		for name, layer := range layers() {
			t.Run(order+"/"+name, func(t *testing.T) {
				torchtest.NoLeak(t)
				defer nn.Free(layer)
				if got := strings.Join(slices.Collect(first(nn.State(layer))), " "); got != names[name] {
					t.Errorf("the state has %q, PyTorch's %q", got, names[name])
				}
				checkLayer(t, layer, torchtest.Group(fixture, name), format)
			})
		}
	}
}

// stateNames returns the names of each case's state_dict, in order.
func stateNames(t *testing.T) map[string]string {
	s := torch.NewScope()
	defer s.Close()
	_, names, err := torch.LoadSafetensors(s, layersFile)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// first yields the first of each pair.
func first[K, V any](pairs iter.Seq2[K, V]) iter.Seq[K] {
	return func(yield func(K) bool) {
		for k := range pairs {
			if !yield(k) {
				return
			}
		}
	}
}

func checkLayer(t *testing.T, layer nn.Layer, want map[string]*torch.Tensor, format torch.MemoryFormat) {
	t.Helper()
	nn.To(layer, torch.CPU, format)
	checkCase(t, layer, layer.Forward, want, format)
}

// checkCase compares what forward, which computes with the module, gives with a
// case of the fixture.
func checkCase(t *testing.T, m nn.Module, forward func(x *torch.Tensor) *torch.Tensor, want map[string]*torch.Tensor, format torch.MemoryFormat) {
	t.Helper()
	s := torch.NewScope()
	defer s.Close()
	if err := nn.LoadState(m, torchtest.Part(want, "state.")); err != nil {
		t.Fatal(err)
	}
	x := s.Use(want["x"])
	if x.Dim() == 4 {
		x = x.Contiguous(format)
	}
	checked := map[string]bool{"x": true, "w": true, "y": true}
	if x.DType().IsFloating() {
		x = x.Detach().Clone().RequireGrad(true)
	}
	y := forward(x)
	if y.Scope() != s {
		t.Error("the result is not in the scope of x")
	}
	y.Mul(want["w"]).Sum().Backward()

	torchtest.AllClose(t, y, want["y"], tolerance, tolerance)
	if grad, ok := want["grad.x"]; ok {
		checked["grad.x"] = true
		torchtest.AllClose(t, x.Grad(), grad, tolerance, 10*tolerance)
	}
	for name, p := range nn.Parameters(m) {
		checked["grad."+name] = true
		grad := p.Grad()
		torchtest.AllClose(t, grad, want["grad."+name], tolerance, 10*tolerance)
		grad.Free()
	}
	torch.ZeroGrad(nn.Tensors(m))
	for name, after := range nn.State(m) {
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
	for name, layer := range map[string]func(g *torch.Generator) nn.Module{
		"conv":   func(g *torch.Generator) nn.Module { return nn.NewConv2d(3, 5, 3, nn.ConvOptions{Bias: true}, g) },
		"linear": func(g *torch.Generator) nn.Module { return nn.NewLinear(9, 4, true, g) },
		"conv 1d": func(g *torch.Generator) nn.Module {
			return nn.NewConv1d(4, 6, 3, nn.ConvOptions{Groups: 2, Bias: true}, g)
		},
		"conv 3d": func(g *torch.Generator) nn.Module { return nn.NewConv3d(2, 4, 2, nn.ConvOptions{Bias: true}, g) },
		"conv transposed": func(g *torch.Generator) nn.Module {
			return nn.NewConvTranspose2d(4, 6, 3, nn.ConvTransposeOptions{ConvOptions: nn.ConvOptions{Groups: 2, Bias: true}}, g)
		},
		"batch norm":    func(g *torch.Generator) nn.Module { return nn.NewBatchNorm(3) },
		"layer norm":    func(g *torch.Generator) nn.Module { return nn.NewLayerNorm(2, 3) },
		"rms norm":      func(g *torch.Generator) nn.Module { return nn.NewRMSNorm(3) },
		"group norm":    func(g *torch.Generator) nn.Module { return nn.NewGroupNorm(2, 4) },
		"instance norm": func(g *torch.Generator) nn.Module { return nn.NewInstanceNorm(4, true) },
		"embedding":     func(g *torch.Generator) nn.Module { return nn.NewEmbedding(7, 4, 2, g) },
		"multihead": func(g *torch.Generator) nn.Module {
			return nn.NewMultiheadAttention(6, 2, nn.AttentionOptions{Bias: true}, g)
		},
		"multihead without bias": func(g *torch.Generator) nn.Module {
			return nn.NewMultiheadAttention(6, 2, nn.AttentionOptions{}, g)
		},
		"encoder": func(g *torch.Generator) nn.Module {
			return nn.NewTransformerEncoderLayer(6, 2, nn.TransformerOptions{DimFeedforward: 10}, g)
		},
	} {
		t.Run(name, func(t *testing.T) {
			torchtest.NoLeak(t)
			m := layer(torch.NewGenerator(7, torch.CPU))
			defer nn.Free(m)
			want := torchtest.Group(fixture, "drawn "+name)
			n := 0
			for param, got := range nn.State(m) {
				if w, ok := want[param]; !ok {
					t.Errorf("PyTorch has no %s", param)
				} else {
					torchtest.AllClose(t, got, w, twoULP, 0)
				}
				n++
			}
			for param, p := range nn.Parameters(m) {
				if !p.RequiresGrad() || !p.IsLeaf() {
					t.Errorf("%s is not trained", param)
				}
			}
			if n != len(want) {
				t.Errorf("%d tensors, PyTorch has %d", n, len(want))
			}
		})
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
		if nn.NumParameters(layer) > 0 {
			bad := x
			if name == "conv 3d" { // four dimensions are one volume to it
				bad = x.Unsqueeze(2)
			}
			if err := torch.Try(func() { layer.Forward(bad) }); err == nil {
				t.Errorf("%s: nine channels were accepted", name)
			}
		}
		nn.Free(layer)
	}
	g := torch.NewGenerator(0, torch.CPU)
	for name, fn := range map[string]func(){
		"groups":        func() { nn.NewConv2d(4, 6, 3, nn.ConvOptions{Groups: 4}, g) },
		"heads":         func() { nn.NewAttention(6, 4, nn.AttentionOptions{}, g) },
		"no heads":      func() { nn.NewMultiheadAttention(6, 0, nn.AttentionOptions{}, g) },
		"pixel shuffle": func() { nn.PixelShuffle{Factor: 2}.Forward(x) },
		"unflatten":     func() { nn.Unflatten{Dim: 1, Sizes: []int{2, 2}}.Forward(x) },
		"no dimension":  func() { nn.Unflatten{Dim: 4, Sizes: []int{1}}.Forward(x) },
		"row":           func() { nn.NewEmbedding(3, 2, 3, g) },
		"window":        func() { nn.MaxPool2d{Kernel: 5}.Forward(x) },
	} {
		var e *torch.Error
		if err := torch.Try(fn); !errors.As(err, &e) {
			t.Errorf("%s: accepted", name)
		}
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
