package models_test

import (
	"fmt"
	"strings"
	"testing"

	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

const (
	modelsFile   = "testdata/models.safetensors"
	modelsScript = "testdata/make_models.py"
	fixtureWidth = 2
	// Features and gradients are of order 1 to 10, and a network is some twenty
	// layers of float32 deep.
	tolerance = 1e-5
	// Batch norm over the few values of a small batch magnifies the rounding of
	// the convolutions before it, which differs between processors.
	trainedTolerance = 2e-4
	gradTolerance    = 2e-3
)

func newBackbone(t testing.TB, model string, width, in int) models.Backbone {
	t.Helper()
	b, err := models.New(models.Config{Model: model, Width: width, InChannels: in}, torch.NewGenerator(1, torch.CPU))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// With equal weights, every encoder gives the features, gradients and running
// statistics of its PyTorch twin: one and three channels, 28 and 32 pixels,
// evaluation and training, both memory formats. That LoadState takes the
// twin's state_dict shows that all names and shapes are equal.
func TestEncodersAgainstPyTorch(t *testing.T) {
	fixture := torchtest.Fixture(t, modelsFile)
	for order, format := range map[string]torch.MemoryFormat{"rows first": torch.ContiguousFormat, "channels last": torch.ChannelsLast} {
		for _, model := range models.Names() {
			for _, channels := range []int{1, 3} {
				name := fmt.Sprintf("%s of %d", model, channels)
				t.Run(order+"/"+name, func(t *testing.T) {
					torchtest.NoLeak(t)
					net := newBackbone(t, model, fixtureWidth, channels)
					defer nn.Free(net)
					nn.To(net, torch.CPU, format)
					checkEncoder(t, net, torchtest.Group(fixture, name), format)
				})
			}
		}
	}
}

func checkEncoder(t *testing.T, net models.Backbone, want map[string]*torch.Tensor, format torch.MemoryFormat) {
	state := map[string]*torch.Tensor{}
	for name, x := range want {
		if rest, ok := strings.CutPrefix(name, "state."); ok {
			state[rest] = x
		}
	}
	if err := nn.LoadState(net, state); err != nil {
		t.Fatal(err)
	}
	s := torch.NewScope()
	defer s.Close()
	x := s.Use(want["x"]).Contiguous(format).Clone().RequireGrad(true)

	nn.SetTraining(net, false)
	torch.NoGrad(func() { torchtest.AllClose(t, net.Forward(x), want["evaluated"], 0, tolerance) })

	nn.SetTraining(net, true)
	y := net.Forward(x)
	torchtest.AllClose(t, y, want["trained"], trainedTolerance, trainedTolerance)
	if got := y.Size(1); got != net.Features() {
		t.Errorf("%d features, Features() says %d", got, net.Features())
	}
	y.Mul(want["w"]).Sum().Backward()
	torchtest.AllClose(t, s.Use(x.Grad()), want["grad.x"], gradTolerance, gradTolerance)
	var last *torch.Tensor
	first := true
	for _, p := range nn.Parameters(net) {
		g := p.Grad()
		if g == nil {
			t.Fatal("a parameter got no gradient")
		}
		if first {
			torchtest.AllClose(t, g, want["grad.conv1"], gradTolerance, gradTolerance)
			first = false
		}
		g.Free()
	}
	for name, b := range nn.State(net) {
		if strings.HasSuffix(name, "running_var") && !strings.Contains(name, "downsample") {
			last = b
		}
		if strings.HasSuffix(name, "num_batches_tracked") && b.ItemInt() != 4 {
			t.Errorf("%s is %d, want 3 of the fixture and one", name, b.ItemInt())
		}
	}
	torchtest.AllClose(t, last, want["after.variance"], trainedTolerance, trainedTolerance)
}

func TestModelsFixtureIsPyTorchs(t *testing.T) {
	torchtest.Remake(t, modelsScript, modelsFile, gradTolerance, gradTolerance)
}
