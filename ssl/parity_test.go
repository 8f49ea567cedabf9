package ssl

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"sslmem/data/augment"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/optim"
	"sslmem/torch/torchtest"
)

const (
	simclrFile   = "testdata/simclr.safetensors"
	simclrScript = "testdata/make_simclr.py"
)

// The settings of make_simclr.py.
const (
	paritySide   = 28
	paritySteps  = 20
	parityWarmup = 5
)

// What float32 may differ from float64, about ten times what was measured with
// the vector instructions of several processors. Gradients are of order 1.
const (
	gradTolerance   = 3e-4
	lossTolerance   = 5e-4
	weightTolerance = 5e-5
)

// shiftsOnly reports whether a tensor only shifts what a batch norm centres
// again, or is the mean of that. The gradient of such a bias is zero but for
// rounding, and Adam makes steps of up to the learning rate of whatever
// gradient there is. The bias of conv4's batch norm is one of them for a
// channel that is above zero in all images, as both ways from there end in a
// batch norm.
func shiftsOnly(name string) bool {
	return strings.HasSuffix(name, ".0.bias") || strings.HasSuffix(name, ".running_mean") || name == "encoder.conv4.1.bias"
}

var parityRecipe = Recipe{
	Method: "simclr", Model: "resnet9", Width: 4,
	Epochs: 1, BatchSize: 8, LR: 5e-4, WeightDecay: 1e-6,
	Temperature: .5, ProjectorHidden: 16, ProjectorDim: 8,
	Augment: augment.Recipe{Name: "none", Size: paritySide},
}

// noise is the function of that name in make_simclr.py.
func noise(x uint32) float32 {
	for range 2 {
		x = (x ^ x>>16) * 0x45D9F3B
	}
	return float32((x^x>>16)&0xFFFF)/32768 - 1
}

// parityViews returns what views of make_simclr.py gives, [2·8, 1, 28, 28].
func parityViews(step int) []float32 {
	const blocks = paritySide / 4
	batch := parityRecipe.BatchSize
	out := make([]float32, 0, 2*batch*paritySide*paritySide)
	for r := range 2 * batch {
		row, image := r+2*batch*step, r%batch
		for y := range paritySide {
			for x := range paritySide {
				common := noise(uint32(1 + (image*blocks+y/4)*blocks + x/4))
				own := noise(uint32(1000000 + (row*paritySide+y)*paritySide + x))
				out = append(out, common+own)
			}
		}
	}
	return out
}

// Twenty steps of the training loop give the losses, and at their end the
// weights, that PyTorch computes in float64; the first step also every
// gradient.
func TestSimCLRAgainstPyTorch(t *testing.T) {
	torchtest.NoLeak(t)
	fixture := torchtest.Fixture(t, simclrFile)
	start, grads, end := torchtest.Group(fixture, "start"), torchtest.Group(fixture, "grad"), torchtest.Group(fixture, "end")
	tr, err := New(parityRecipe, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer Free(tr)
	nn.To(tr, torch.CPU, torch.ChannelsLast)
	if err := nn.LoadState(tr, start); err != nil {
		t.Fatal(err)
	}
	shape := []int{2 * parityRecipe.BatchSize, 1, paritySide, paritySide}
	checkGradients(t, tr, shape, grads)
	// That forward pass has moved the running statistics of the batch norms.
	if err := nn.LoadState(tr, start); err != nil {
		t.Fatal(err)
	}

	l := &Loop{Recipe: parityRecipe, Device: torch.CPU}
	st := &state{
		trainer: tr,
		opt:     optim.NewAdam(nn.Tensors(tr), optim.AdamOptions{WeightDecay: parityRecipe.WeightDecay}),
		lossSum: torch.Root.Zeros([]int{}, torch.Float32, torch.CPU),
	}
	defer st.opt.Free()
	defer st.lossSum.Free()
	schedule := optim.WarmupCosine{Base: parityRecipe.LR, Warmup: parityWarmup, Total: paritySteps}
	var losses, rates []float64
	for ; st.step < paritySteps; st.step++ {
		lr := schedule.At(st.step)
		l.train(st, parityViews(st.step), []int{shape[0], paritySide, paritySide, 1}, lr) // channels last
		rates = append(rates, lr)
		losses = append(losses, st.lossSum.Item())
		st.lossSum.Zero()
	}
	torchtest.Close(t, rates, torch.ToSlice[float64](fixture["lr"]), nil, 1e-12, 0)
	torchtest.Close(t, losses, torch.ToSlice[float64](fixture["loss"]), nil, 0, lossTolerance)
	var walk float64
	for _, lr := range rates {
		walk += lr
	}
	for name, x := range nn.State(tr) {
		tolerance := weightTolerance
		if shiftsOnly(name) {
			tolerance = 3 * walk
		}
		t.Run(name, func(t *testing.T) { torchtest.AllClose(t, x, end[name], 0, tolerance) })
	}
}

func checkGradients(t *testing.T, tr Trainer, shape []int, want map[string]*torch.Tensor) {
	t.Helper()
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, parityViews(0), shape...)
	tr.Loss(Batch{Views: x, Size: parityRecipe.BatchSize}).Backward()
	var names []string
	for name, p := range nn.Parameters(tr) {
		names = append(names, name)
		g := s.Use(p.Grad())
		t.Run("gradient of "+name, func(t *testing.T) { torchtest.AllClose(t, g, want[name], 0, gradTolerance) })
	}
	torch.ZeroGrad(nn.Tensors(tr))
	if !slices.Equal(slices.Sorted(slices.Values(names)), slices.Sorted(maps.Keys(want))) {
		t.Errorf("parameters %v, want %v", names, want)
	}
}

func TestSimCLRFixtureIsPyTorchs(t *testing.T) {
	torchtest.Remake(t, simclrScript, simclrFile, 1e-6, 1e-6)
}
