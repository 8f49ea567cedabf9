package models_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslmem/internal/python"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

const (
	backbonesFile     = "testdata/backbones.safetensors"
	backbonesScript   = "testdata/make_backbones.py"
	torchvisionScript = "testdata/torchvision_backbones.py"
	doubleTolerance   = 1e-6 // the fixture holds float32
)

// fixtureBackbone builds the network of a case of the fixture.
func fixtureBackbone(name string) models.Backbone {
	g := torch.NewGenerator(1, torch.CPU)
	vit := models.ViTOptions{Dim: 24, Depth: 2, Heads: 3, PatchSize: 4, ImageSize: 16}
	switch name {
	case "resnet34 cifar":
		return models.NewResNet(34, models.ResNetOptions{Width: 2}, g)
	case "resnet50 cifar":
		return models.NewResNet(50, models.ResNetOptions{Width: 2}, g)
	case "resnet50 imagenet":
		return models.NewResNet(50, models.ResNetOptions{Width: 2, Stem: models.ImageNetStem}, g)
	case "vit avg":
		vit.Pool, vit.NoClassToken, vit.NoQKVBias = models.AvgPool, true, true
	}
	return models.NewViT(vit, g)
}

var backboneCases = []string{"resnet34 cifar", "resnet50 cifar", "resnet50 imagenet", "vit token", "vit avg"}

// loaded returns the network of a case with the weights of the fixture.
func loaded(t *testing.T, name string, want map[string]*torch.Tensor) models.Backbone {
	t.Helper()
	net := fixtureBackbone(name)
	if err := nn.LoadState(net, torchtest.Part(want, "state.")); err != nil {
		t.Fatal(err)
	}
	return net
}

// Features in evaluation and in training, and the gradients of a weighted sum
// by the images and by every parameter, are PyTorch's. Training computes in
// float64: rounding in fifty narrow layers, each normalized by its batch, grows
// beyond what would tell a mistake.
func TestBackbonesAgainstPyTorch(t *testing.T) {
	fixture := torchtest.Fixture(t, backbonesFile)
	for _, name := range backboneCases {
		t.Run(name, func(t *testing.T) {
			torchtest.NoLeak(t)
			want := torchtest.Group(fixture, name)
			net := loaded(t, name, want)
			defer nn.Free(net)
			s := torch.NewScope()
			defer s.Close()
			x := s.Use(want["x"]).ToDType(torch.Float32)

			nn.SetTraining(net, false)
			torch.NoGrad(func() { torchtest.AllClose(t, net.Forward(x), want["evaluated"], tolerance, tolerance) })

			nn.SetTraining(net, true)
			nn.ToDType(net, torch.Float64)
			x = x.ToDType(torch.Float64).RequireGrad(true)
			y := net.Forward(x)
			if y.Size(1) != net.Features() || y.Scope() != s {
				t.Errorf("the features are %v, Features() says %d", y, net.Features())
			}
			torchtest.AllClose(t, y, want["trained"], doubleTolerance, doubleTolerance)
			y.Mul(want["w"]).Sum().Backward()
			torchtest.AllClose(t, x.Grad(), want["grad"], doubleTolerance, doubleTolerance)
			for key, p := range nn.Parameters(net) {
				g := p.Grad()
				if g == nil {
					t.Fatalf("%s got no gradient", key)
				}
				torchtest.AllClose(t, g, want["grad."+key], doubleTolerance, doubleTolerance)
				g.Free()
			}
		})
	}
}

// Every layer that a model reports gives what a forward hook sees in PyTorch,
// in one forward, whose features do not change.
func TestForwardLayersAgainstHooks(t *testing.T) {
	fixture := torchtest.Fixture(t, backbonesFile)
	for _, name := range backboneCases {
		t.Run(name, func(t *testing.T) {
			torchtest.NoLeak(t)
			want := torchtest.Group(fixture, name)
			net := loaded(t, name, want)
			defer nn.Free(net)
			nn.SetTraining(net, false)
			s := torch.NewScope()
			defer s.Close()
			x := s.Use(want["small"]).ToDType(torch.Float32)
			torch.NoGrad(func() {
				y, layers := net.ForwardLayers(x, net.Layers()...)
				if !y.Equal(net.Forward(x)) {
					t.Error("capturing changed the features")
				}
				hooked := torchtest.Part(want, "layer.")
				names := func(m map[string]*torch.Tensor) []string { return slices.Sorted(maps.Keys(m)) }
				if got, want := names(layers), names(hooked); !slices.Equal(got, want) {
					t.Fatalf("layers %v,\nwant %v", got, want)
				}
				for key, got := range layers {
					if got.Scope() != s {
						t.Errorf("%s is not in the scope of the images", key)
					}
					torchtest.AllClose(t, got, hooked[key], tolerance, tolerance)
				}
			})
		})
	}
}

// Where nothing is captured a forward makes as many tensors as ever, and what
// is captured without being overwritten shares the network's memory.
func TestForwardLayersKeepsWhatIsNamed(t *testing.T) {
	torchtest.NoLeak(t)
	for _, name := range []string{"resnet9", "resnet50", "vit_tiny_patch8_32"} {
		c := models.Config{Model: name, InChannels: 3, Width: 3}
		net, err := models.New(c, torch.NewGenerator(1, torch.CPU))
		if err != nil {
			t.Fatal(err)
		}
		count := func(names ...string) int {
			s := torch.NewScope()
			defer s.Close()
			x := s.Ones([]int{2, 3, 32, 32}, torch.Float32, torch.CPU)
			if names == nil {
				net.Forward(x)
			} else if _, got := net.ForwardLayers(x, names...); len(got) != len(names) {
				t.Errorf("%s: %d layers, want %d", name, len(got), len(names))
			}
			return s.Len()
		}
		plain, layers := count(), net.Layers()
		if got := count([]string{}...); got != plain {
			t.Errorf("%s: %d tensors, then %d", name, plain, got)
		}
		if got := count(layers[len(layers)-1]); got != plain+1 {
			t.Errorf("%s: a captured layer costs %d tensors", name, got-plain)
		}
		s := torch.NewScope()
		err = torch.Try(func() { net.ForwardLayers(s.Ones([]int{2, 3, 32, 32}, torch.Float32, torch.CPU), "layer") })
		if err == nil || !strings.Contains(err.Error(), `no layer "layer"`) {
			t.Errorf("an unknown layer gave %v", err)
		}
		s.Close()
		nn.Free(net)
	}
}

// Crops of another size, and a part of the patches, as PyTorch computes them.
func TestViTCropsAndPatches(t *testing.T) {
	fixture := torchtest.Fixture(t, backbonesFile)
	torchtest.NoLeak(t)
	net := loaded(t, "vit token", torchtest.Group(fixture, "vit token")).(*models.ViT)
	defer nn.Free(net)
	s := torch.NewScope()
	defer s.Close()
	crops, keep := torchtest.Group(fixture, "vit crops"), torchtest.Group(fixture, "vit keep")
	torch.NoGrad(func() {
		torchtest.AllClose(t, net.Forward(s.Use(crops["x"]).ToDType(torch.Float32)), crops["evaluated"], tolerance, tolerance)
		patches := net.Embed(s.Use(keep["x"]).ToDType(torch.Float32))
		torchtest.AllClose(t, net.Encode(patches, keep["keep"]), keep["tokens"], tolerance, tolerance)
	})
	if err := torch.Try(func() { net.Forward(s.Ones([]int{1, 3, 18, 16}, torch.Float32, torch.CPU)) }); err == nil {
		t.Error("18 pixels were cut into patches of 4")
	}
}

// The counts of torchvision's and timm's networks, less their classifiers.
func TestParameterCounts(t *testing.T) {
	torchtest.NoLeak(t)
	for _, c := range []struct {
		config models.Config
		want   int
	}{
		{models.Config{Model: "resnet18", Stem: models.ImageNetStem}, 11_176_512},
		{models.Config{Model: "resnet34", Stem: models.ImageNetStem}, 21_284_672},
		{models.Config{Model: "resnet50", Stem: models.ImageNetStem}, 23_508_032},
		{models.Config{Model: "resnet101", Stem: models.ImageNetStem}, 42_500_160},
		{models.Config{Model: "vit_tiny"}, 5_524_416},
		{models.Config{Model: "vit_small_patch16_224"}, 21_665_664},
		{models.Config{Model: "vit_base_patch16"}, 85_798_656},
	} {
		c.config.InChannels = 3
		net, err := models.New(c.config, torch.NewGenerator(1, torch.CPU))
		if err != nil {
			t.Fatal(err)
		}
		if got := nn.NumParameters(net); got != c.want {
			t.Errorf("%s has %d parameters, want %d", c.config.Model, got, c.want)
		}
		nn.Free(net)
	}
}

// Full-size networks of torchvision and timm give their features, logits too.
func TestFullSize(t *testing.T) {
	g := torch.NewGenerator(1, torch.CPU)
	vit := models.ViTSize("tiny")
	vit.Classes = 1000
	for kind, nets := range map[string]map[string]func() models.Backbone{
		"resnet": {
			"resnet18": func() models.Backbone {
				return models.NewResNet(18, models.ResNetOptions{Stem: "imagenet", Classes: 1000}, g)
			},
			"resnet34": func() models.Backbone {
				return models.NewResNet(34, models.ResNetOptions{Stem: "imagenet", Classes: 1000}, g)
			},
			"resnet50": func() models.Backbone {
				return models.NewResNet(50, models.ResNetOptions{Stem: "imagenet", Classes: 1000}, g)
			},
		},
		"vit": {"vit": func() models.Backbone { return models.NewViT(vit, g) }},
	} {
		t.Run(kind, func(t *testing.T) {
			torchtest.NoLeak(t)
			dir := t.TempDir()
			python.Run(t, torchvisionScript, kind, dir)
			for name, build := range nets {
				s := torch.NewScope()
				net := build()
				load(t, s, net, filepath.Join(dir, name+".pth"))
				want := torchtest.Fixture(t, filepath.Join(dir, name+".safetensors"))
				torch.NoGrad(func() {
					x := s.Use(want["x"])
					torchtest.AllClose(t, net.Forward(x), want["features"], tolerance, tolerance)
					torchtest.AllClose(t, net.(interface {
						Classify(*torch.Tensor) *torch.Tensor
					}).Classify(x), want["logits"], tolerance, tolerance)
				})
				nn.Free(net)
				s.Close()
			}
		})
	}
}

// timm's own ViT: other image sizes at forward and at loading, both poolings.
func TestTimm(t *testing.T) {
	torchtest.NoLeak(t)
	dir := t.TempDir()
	python.Run(t, torchvisionScript, "timm", dir)
	want := torchtest.Fixture(t, filepath.Join(dir, "timm.safetensors"))
	for _, c := range []struct {
		config      models.Config
		x, features string
	}{
		{models.Config{Model: "vit_tiny"}, "x.224", "features.224"},
		{models.Config{Model: "vit_tiny"}, "x.96", "features.96"},
		{models.Config{Model: "vit_tiny_patch16_96"}, "x.96", "loaded.96"},
		{models.Config{Model: "vit_tiny", Pool: models.AvgPool}, "x.224", "avg"},
	} {
		c.config.InChannels = 3
		net, err := models.New(c.config, torch.NewGenerator(1, torch.CPU))
		if err != nil {
			t.Fatal(err)
		}
		s := torch.NewScope()
		load(t, s, net, filepath.Join(dir, "timm.pth"))
		torch.NoGrad(func() {
			t.Run(fmt.Sprint(c.config.Model, " ", c.features), func(t *testing.T) {
				torchtest.AllClose(t, net.Forward(s.Use(want[c.x])), want[c.features], tolerance, tolerance)
			})
		})
		s.Close()
		nn.Free(net)
	}
}

// load reads a state_dict into the network, in evaluation mode.
func load(t *testing.T, s *torch.Scope, net models.Backbone, path string) {
	t.Helper()
	weights, err := torch.LoadPT(s, path, torch.PTOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := models.LoadWeights(net, weights.Tensors); err != nil {
		t.Fatal(err)
	}
	nn.SetTraining(net, false)
}

func TestBackbonesFixtureIsPyTorchs(t *testing.T) {
	torchtest.Remake(t, backbonesScript, backbonesFile, gradTolerance, gradTolerance)
}
