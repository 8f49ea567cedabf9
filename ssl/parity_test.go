package ssl

import (
	"cmp"
	"maps"
	"slices"
	"testing"

	"sslmem/data/augment"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// The settings of testdata/parity.py.
const (
	paritySide  = 28
	parityLocal = 16
	parityBatch = 8
	paritySteps = 20
)

// What float32 may differ from float64 in the gradients of a step, which are of
// order 1: about ten times what was measured with the vector instructions of
// several processors.
const gradTolerance = 3e-4

// What float64 may differ from float64 after twenty steps: the fixtures hold
// float32.
const (
	lossTolerance   = 1e-6
	weightTolerance = 1e-6
)

// A parityCase trains a method as a script of testdata does in PyTorch.
type parityCase struct {
	name     string // of testdata/NAME.safetensors and testdata/make_NAME.py
	recipe   Recipe // epochs · perEpoch are paritySteps
	perEpoch int
	classes  int
	// gradients is a tolerance in the place of gradTolerance.
	gradients float64
}

// parityRecipe is that of the scripts whose encoder is a ResNet-9.
func parityRecipe(method string, o Optimizer, options map[string]any) Recipe {
	return Recipe{
		Method: method, Model: "resnet9", Width: 4, Epochs: 4, BatchSize: parityBatch,
		Optimizer: o, Augment: augment.Recipe{Name: "none", Size: paritySide}, Options: options,
	}
}

// noise is the function of that name in parity.py.
func noise(x uint32) float32 {
	for range 2 {
		x = (x ^ x>>16) * 0x45D9F3B
	}
	return float32((x^x>>16)&0xFFFF)/32768 - 1
}

// parityViews returns what views of parity.py gives, n views of each image,
// [n·8, 1, side, side].
func parityViews(step, n, side int, seed uint32) []float32 {
	blocks := side / 4
	out := make([]float32, 0, n*parityBatch*side*side)
	for r := range n * parityBatch {
		row, image := r+n*parityBatch*step, r%parityBatch
		for y := range side {
			for x := range side {
				common := noise(uint32(1 + (image*blocks+y/4)*blocks + x/4))
				own := noise(seed + uint32((row*side+y)*side+x))
				out = append(out, common+own)
			}
		}
	}
	return out
}

// parityOrder returns what order of parity.py gives, [n·8, patches].
func parityOrder(step, n, patches int) []int64 {
	out := make([]int64, 0, n*parityBatch*patches)
	for r := range n * parityBatch {
		row := make([]int64, patches)
		key := make([]float32, patches)
		for i := range row {
			row[i] = int64(i)
			key[i] = noise(uint32(3000000 + (r+n*parityBatch*step)*patches + i))
		}
		slices.SortStableFunc(row, func(a, b int64) int {
			switch {
			case key[a] < key[b]:
				return -1
			case key[a] > key[b]:
				return 1
			}
			return 0
		})
		out = append(out, row...)
	}
	return out
}

// batch is that of a step, as parity.py gives it.
func (c parityCase) batch(s *torch.Scope, e *Engine, step int) Batch {
	m, _ := LookupMethod(c.recipe.Method)
	b := Batch{Size: parityBatch}
	side := c.recipe.Augment.Size
	b.Views = torch.FromSlice(s, parityViews(step, m.Views, side, 1000000), m.Views*parityBatch, 1, side, side).Contiguous(torch.ChannelsLast)
	if n := c.recipe.LocalViews; n > 0 {
		b.Local = torch.FromSlice(s, parityViews(step, n, parityLocal, 2000000), n*parityBatch, 1, parityLocal, parityLocal).Contiguous(torch.ChannelsLast)
	}
	if e.mask.Patch != 0 {
		patches := e.mask.Patches(side)
		b.Order = torch.FromSlice(s, parityOrder(step, m.Views, patches), m.Views*parityBatch, patches)
	}
	if m.Labels {
		labels := make([]int64, parityBatch)
		for i := range labels {
			labels[i] = int64((i + step) % c.classes)
		}
		b.Labels = torch.FromSlice(s, labels)
	}
	if e.o.double {
		b.Views = b.Views.ToDType(torch.Float64)
		if b.Local != nil {
			b.Local = b.Local.ToDType(torch.Float64)
		}
	}
	return b
}

// run compares the training with PyTorch's in float64: the loss and every
// gradient of the first step in float32; and in float64 the losses and learning
// rates of twenty steps, and all tensors at their end.
func (c parityCase) run(t *testing.T) {
	torchtest.NoLeak(t)
	fixture := torchtest.Fixture(t, "testdata/"+c.name+".safetensors")
	t.Run("float32", func(t *testing.T) { c.checkGradients(t, fixture) })

	e := c.engine(t, fixture, true)
	defer e.Free()
	var losses, rates []float64
	for step := range paritySteps {
		rates = append(rates, e.LR())
		e.take(1, func(s *torch.Scope, _ int) Batch { return c.batch(s, e, step) })
		losses = append(losses, e.TakeLoss())
	}
	torchtest.Close(t, rates, torch.ToSlice[float64](fixture["lr"]), nil, 1e-12, 0)
	torchtest.Close(t, losses, torch.ToSlice[float64](fixture["loss"]), nil, lossTolerance, lossTolerance)
	end := torchtest.Group(fixture, "end")
	var names []string
	for name, x := range nn.State(e.Trainer) {
		names = append(names, name)
		t.Run(name, func(t *testing.T) {
			torchtest.AllClose(t, x, end[name], weightTolerance, weightTolerance)
		})
	}
	sameNames(t, names, end)
}

// engine returns the networks and the optimizer at their start.
func (c parityCase) engine(t *testing.T, fixture map[string]*torch.Tensor, double bool) *Engine {
	t.Helper()
	e, err := NewEngine(c.recipe, EngineOptions{Channels: 1, Classes: c.classes, PerEpoch: c.perEpoch, double: double})
	if err != nil {
		t.Fatal(err)
	}
	if err := nn.LoadState(e.Trainer, torchtest.Group(fixture, "start")); err != nil {
		e.Free()
		t.Fatal(err)
	}
	return e
}

func (c parityCase) checkGradients(t *testing.T, fixture map[string]*torch.Tensor) {
	t.Helper()
	e := c.engine(t, fixture, false)
	defer e.Free()
	want := torchtest.Group(fixture, "grad")
	e.gradients(1, func(s *torch.Scope, _ int) Batch { return c.batch(s, e, 0) })
	e.journal.close(1)
	torchtest.Close(t, []float64{e.TakeLoss()}, torch.ToSlice[float64](fixture["loss"])[:1], nil, 1e-5, 1e-5)
	var names []string
	for name, p := range nn.Parameters(e.Trainer) {
		if !p.RequiresGrad() {
			continue
		}
		names = append(names, name)
		t.Run("gradient of "+name, func(t *testing.T) {
			s := torch.NewScope()
			defer s.Close()
			torchtest.AllClose(t, s.Use(p.Grad()), want[name], 0, cmp.Or(c.gradients, gradTolerance))
		})
	}
	torch.ZeroGrad(nn.Tensors(e.Trainer))
	sameNames(t, names, want)
}

func sameNames(t *testing.T, got []string, want map[string]*torch.Tensor) {
	t.Helper()
	if !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(maps.Keys(want))) {
		t.Errorf("tensors %v, want %v", slices.Sorted(slices.Values(got)), slices.Sorted(maps.Keys(want)))
	}
}

// remake runs the script of a case again and compares.
func (c parityCase) remake(t *testing.T) {
	torchtest.Remake(t, "testdata/make_"+c.name+".py", "testdata/"+c.name+".safetensors", 1e-6, 1e-6)
}
