package models_test

import (
	"slices"
	"strings"
	"testing"

	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// unitCases are small encoders of every kind.
var unitCases = []models.Config{
	{Model: "resnet9", Width: 3, InChannels: 3},
	{Model: "resnet18", Width: 3, InChannels: 3},
	{Model: "resnet50", Width: 2, InChannels: 3, Stem: models.ImageNetStem},
	{Model: "vit_tiny_patch8_32", Width: 12, InChannels: 3},
}

func small(t *testing.T, c models.Config) models.Backbone {
	t.Helper()
	net, err := models.New(c, torch.NewGenerator(3, torch.CPU))
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// Zeroing the rows of a unit makes it 0 for every image, in whichever layer it
// is looked at, and no other unit of the layer changes.
func TestUnitsOf(t *testing.T) {
	torchtest.NoLeak(t)
	for _, c := range unitCases {
		net := small(t, c)
		nn.SetTraining(net, false)
		// Statistics, as after a training, so that a batch norm makes something of 0.
		for name, x := range nn.State(net) {
			if strings.HasSuffix(name, "running_mean") || strings.HasSuffix(name, "bias") {
				torch.NoGrad(func() { torch.NewGenerator(4, torch.CPU).Normal(x, 1, .3) })
			}
		}
		known := 0
		for _, layer := range net.Layers() {
			units, err := models.UnitsOf(net, layer)
			if err != nil {
				continue
			}
			known++
			checkSilence(t, net, layer, units)
		}
		want := map[string]int{"resnet9": 38, "resnet18": 3 + 32 + 9, "resnet50": 4 + 96 + 12, "vit_tiny_patch8_32": 1 + 12*4}[c.Model]
		if known != want {
			t.Errorf("%s: units of %d layers are known, want %d", c.Model, known, want)
		}
		for _, layer := range append(models.UnitLayers(net), models.DepthLayers(net)...) {
			if !slices.Contains(net.Layers(), layer) {
				t.Errorf("%s has no layer %s", c.Model, layer)
			}
		}
		nn.Free(net)
	}
}

// checkSilence checks one layer, and leaves the network as it was.
func checkSilence(t *testing.T, net models.Backbone, layer string, units models.UnitTensors) {
	t.Helper()
	s := torch.NewScope()
	defer s.Close()
	size := 16
	if _, ok := net.(*models.ViT); ok {
		size = 32
	}
	torch.NoGrad(func() {
		x := torch.NewGenerator(5, torch.CPU).Normal(s.Empty([]int{1, 3, size, size}, torch.Float32, torch.CPU), 0, 1)
		_, before := net.ForwardLayers(x, layer)
		kept := nn.CloneState(s, net)
		last := units.Units - 1
		for name, p := range nn.State(net) {
			if slices.Contains(units.Weights, name) {
				s.Use(p).Select(0, last).Zero()
			}
			if slices.Contains(units.Statistics, name) && p.Size(0) != units.Units {
				t.Errorf("%s: %s has shape %v, want %d rows", layer, name, p.Shape(), units.Units)
			}
		}
		_, after := net.ForwardLayers(x, layer)
		dim := 1
		if before[layer].Dim() == 3 {
			dim = 2
		}
		if n := before[layer].Size(dim); n != units.Units {
			t.Errorf("%s gives %d units, want %d", layer, n, units.Units)
			return
		}
		if silent := after[layer].Select(dim, last); silent.Abs().Max().Item() != 0 {
			t.Errorf("%s: unit %d without its weights is up to %v", layer, last, silent.Abs().Max().Item())
		}
		if last > 0 && !after[layer].Narrow(dim, 0, last).Equal(before[layer].Narrow(dim, 0, last)) {
			t.Errorf("%s: other units changed too", layer)
		}
		if err := nn.LoadState(net, kept); err != nil {
			t.Fatal(err)
		}
	})
}

func TestUnitsOfRefuses(t *testing.T) {
	torchtest.NoLeak(t)
	net := small(t, unitCases[1])
	defer nn.Free(net)
	for layer, want := range map[string]string{"layer1.0": "no weights of their own", "avgpool": "no weights of their own", "conv2": "there is no layer"} {
		if _, err := models.UnitsOf(net, layer); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", layer, err, want)
		}
	}
	type other struct{ models.Backbone }
	if _, err := models.UnitsOf(other{net}, "conv1"); err == nil || !strings.Contains(err.Error(), "not known") {
		t.Errorf("another kind of encoder gave %v", err)
	}
}

// The eight convolutions of the publication and its two sums; the units behind
// all rectifiers.
func TestLayerLists(t *testing.T) {
	torchtest.NoLeak(t)
	net9, net18, vit := small(t, unitCases[0]), small(t, unitCases[1]), small(t, unitCases[3])
	defer nn.Free(net9)
	defer nn.Free(net18)
	defer nn.Free(vit)
	check := func(what string, got []string, want string) {
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", what, got, want)
		}
	}
	check("depth of resnet9", models.DepthLayers(net9), "conv1.0 conv2.0 res1.0.0 res1.1.0 res1.sum conv3.0 conv4.0 res2.0.0 res2.1.0 res2.sum")
	check("units of resnet9", models.UnitLayers(net9), "conv1.2 conv2.2 res1.0.2 res1.1.2 conv3.2 conv4.2 res2.0.2 res2.1.2")
	check("depth of resnet18", models.DepthLayers(net18)[:5], "conv1 layer1.0.conv1 layer1.0.conv2 layer1.0 layer1.1.conv1")
	check("units of resnet18", models.UnitLayers(net18)[:4], "relu layer1.0.bn1 layer1.0 layer1.1.bn1")
	check("depth of a ViT", models.DepthLayers(vit)[:5], "blocks.0.attn blocks.0.sum blocks.0.mlp blocks.0 blocks.1.attn")
	check("units of a ViT", models.UnitLayers(vit)[:2], "blocks.0.mlp.act blocks.1.mlp.act")
	if n := len(models.UnitLayers(net18)) + len(models.DepthLayers(net18)); n != 1+16+1+24 {
		t.Errorf("%d layers of a ResNet-18, want 17 and 25", n)
	}
}
