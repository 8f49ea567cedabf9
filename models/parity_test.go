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
	// Features and gradients are of order 1 to 30, and a network is some
	// twenty layers of float32 deep. The reference is computed in float64.
	tolerance     = 1e-5
	gradTolerance = 1e-4
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
		for _, model := range []string{"resnet9", "resnet18"} {
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
	if err := nn.LoadState(net, torchtest.Part(want, "state.")); err != nil {
		t.Fatal(err)
	}
	s := torch.NewScope()
	defer s.Close()
	x := s.Use(want["x"]).ToDType(torch.Float32).Contiguous(format)

	nn.SetTraining(net, false)
	torch.NoGrad(func() { torchtest.AllClose(t, net.Forward(x), want["evaluated"], tolerance, tolerance) })

	nn.SetTraining(net, true)
	y := net.Forward(x)
	torchtest.AllClose(t, y, want["trained"], tolerance, tolerance)
	if got := y.Size(1); got != net.Features() {
		t.Errorf("%d features, Features() says %d", got, net.Features())
	}
	y.Mul(want["w"]).Sum().Backward()
	for name, p := range nn.Parameters(net) {
		g := p.Grad()
		if g == nil {
			t.Fatalf("%s got no gradient", name)
		}
		torchtest.AllClose(t, g, want["grad."+name], gradTolerance, gradTolerance)
		g.Free()
	}
	var last *torch.Tensor
	for name, b := range nn.State(net) {
		if strings.HasSuffix(name, "running_var") && !strings.Contains(name, "downsample") {
			last = b
		}
		if strings.HasSuffix(name, "num_batches_tracked") && b.ItemInt() != 4 {
			t.Errorf("%s is %d, want 3 of the fixture and one", name, b.ItemInt())
		}
	}
	torchtest.AllClose(t, last, want["after.variance"], tolerance, tolerance)
}

func TestModelsFixtureIsPyTorchs(t *testing.T) {
	torchtest.Remake(t, modelsScript, modelsFile, gradTolerance, gradTolerance)
}
