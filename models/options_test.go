package models_test

import (
	"math"
	"strings"
	"testing"

	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

func TestConfigErrors(t *testing.T) {
	torchtest.NoLeak(t)
	g := torch.NewGenerator(1, torch.CPU)
	for want, c := range map[string]models.Config{
		"did you mean resnet50?":                     {Model: "resnet_50"},
		"did you mean vit_tiny?":                     {Model: "vit_tinny_patch4"},
		`unknown model "vgg"; known are`:             {Model: "vgg"},
		`stem is "cifra"`:                            {Model: "resnet34", Stem: "cifra"},
		"resnet9 has one stem":                       {Model: "resnet9", Stem: models.ImageNetStem},
		"stem is an option of a ResNet":              {Model: "vit_tiny", Stem: models.CIFARStem},
		"are options of a ViT":                       {Model: "resnet18", PatchSize: 4},
		"patch_size is 8 but the name says 4":        {Model: "vit_tiny_patch4", PatchSize: 8},
		"patch_size must be at least 1":              {Model: "vit_tiny_patch0"},
		"image_size must be at least 1":              {Model: "vit_tiny", ImageSize: -1},
		"image_size 30 is no multiple":               {Model: "vit_tiny_patch4_30"},
		"3 heads do not divide a width of 100":       {Model: "vit_tiny", Width: 100},
		`pos_embed is "fixed" but must be "learned"`: {Model: "vit_tiny", PosEmbed: "fixed"},
		"a multiple of 4 numbers, not 6":             {Model: "vit_tiny", Width: 6, PosEmbed: models.SinCosPos},
		"pool, pos_embed and drop_path are options":  {Model: "resnet9", PosEmbed: models.SinCosPos},
		"drop_path are options of a ViT":             {Model: "resnet9", DropPath: .1},
		"drop_path is -0.1 but must lie":             {Model: "vit_tiny", DropPath: -.1},
		"drop_path is NaN but must lie":              {Model: "vit_small", DropPath: math.NaN()},
		`pool is "max" but must be "token" or "avg`:  {Model: "vit_tiny", Pool: "max"},
	} {
		c.InChannels = 3
		net, err := models.New(c, g)
		if err == nil || net != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v and error %v, want none and %q", c, net, err, want)
		}
	}
	for want, build := range map[string]func(){
		"no ResNet of 20 layers": func() { models.NewResNet(20, models.ResNetOptions{}, g) },
		`no stem "x"`:            func() { models.NewResNet(18, models.ResNetOptions{Stem: "x"}, g) },
		`no ViT of size "huge"`:  func() { models.ViTSize("huge") },
		"there is no class token": func() {
			models.NewViT(models.ViTOptions{Dim: 4, Depth: 1, Heads: 1, PatchSize: 1, ImageSize: 1, NoClassToken: true}, g)
		},
		"multiple of 4 numbers": func() {
			models.NewViT(models.ViTOptions{Dim: 6, Depth: 1, Heads: 1, PatchSize: 1, ImageSize: 1, SinCos: true}, g)
		},
	} {
		if err := torch.Try(build); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// The name of a ViT and the options say the same.
func TestViTNames(t *testing.T) {
	torchtest.NoLeak(t)
	for _, c := range []models.Config{
		{Model: "vit_small_patch4_32"}, {Model: "vit_small_patch4", ImageSize: 32}, {Model: "vit_small", PatchSize: 4, ImageSize: 32},
	} {
		c.InChannels, c.Width = 1, 12
		net, err := models.New(c, torch.NewGenerator(1, torch.CPU))
		if err != nil {
			t.Fatal(err)
		}
		if o := net.(*models.ViT).Options; o.PatchSize != 4 || o.ImageSize != 32 || o.Heads != 6 || o.Depth != 12 || net.Features() != 12 {
			t.Errorf("%+v gave %+v", c, o)
		}
		nn.Free(net)
	}
}

// Weights for the other stem are refused, and nothing changes.
func TestLoadWeightsOfTheOtherStem(t *testing.T) {
	torchtest.NoLeak(t)
	g := torch.NewGenerator(1, torch.CPU)
	cifar := models.NewResNet(18, models.ResNetOptions{Width: 2}, g)
	defer nn.Free(cifar)
	imagenet := models.NewResNet(18, models.ResNetOptions{Width: 2, Stem: models.ImageNetStem, Classes: 3}, g)
	defer nn.Free(imagenet)
	state := func(m nn.Module, prefix string) map[string]*torch.Tensor {
		all := map[string]*torch.Tensor{}
		for name, x := range nn.State(m) {
			all[prefix+name] = x
		}
		return all
	}
	before := torch.ToSlice[float32](cifar.Conv1.Weight)
	for want, load := range map[string]func() error{
		`the weights are for the stem "imagenet" (7×7, then pooling), but the model has the stem "cifar"; build it with stem = "imagenet"`: func() error { return models.LoadWeights(cifar, state(imagenet, "")) },
		`build it with stem = "cifar"`: func() error { return models.LoadWeights(imagenet, state(cifar, "module.")) },
		"missing: fc.weight, fc.bias": func() error {
			s := state(imagenet, "")
			delete(s, "fc.weight")
			delete(s, "fc.bias")
			return models.LoadWeights(imagenet, s)
		},
	} {
		if err := load(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	for i, v := range torch.ToSlice[float32](cifar.Conv1.Weight) {
		if v != before[i] {
			t.Fatal("refused weights changed the model")
		}
	}
	// A classifier, and the prefix of DataParallel, are no hindrance.
	plain := models.NewResNet(18, models.ResNetOptions{Width: 2, Stem: models.ImageNetStem}, g)
	defer nn.Free(plain)
	if err := models.LoadWeights(plain, state(imagenet, "module.")); err != nil {
		t.Error(err)
	}
	if !plain.Conv1.Weight.Equal(imagenet.Conv1.Weight) {
		t.Error("the weights were not copied")
	}
}

// With the last norms at 0 every block is an identity: a stage without change
// of shape gives its input, which is positive.
func TestZeroInitResidual(t *testing.T) {
	torchtest.NoLeak(t)
	for _, depth := range []int{18, 50} {
		net := models.NewResNet(depth, models.ResNetOptions{Width: 2, ZeroInitResidual: true}, torch.NewGenerator(1, torch.CPU))
		s := torch.NewScope()
		_, layers := net.ForwardLayers(s.Ones([]int{2, 3, 16, 16}, torch.Float32, torch.CPU), "layer2.0", "layer2")
		if !layers["layer2"].Equal(layers["layer2.0"]) {
			t.Errorf("ResNet-%d: blocks are no identities", depth)
		}
		s.Close()
		nn.Free(net)
	}
}

// timm's start: linear weights and positions of standard deviation .02, biases
// 0, the class token near 0.
func TestViTWeights(t *testing.T) {
	torchtest.NoLeak(t)
	o := models.ViTSize("tiny")
	o.Depth = 1
	net := models.NewViT(o, torch.NewGenerator(1, torch.CPU))
	defer nn.Free(net)
	for name, p := range nn.Parameters(net) {
		values := torch.ToSlice[float64](p)
		var square float64
		for _, v := range values {
			square += v * v / float64(len(values))
		}
		std, want := math.Sqrt(square), .02
		switch {
		case strings.HasPrefix(name, "patch_embed"):
			want = 1 / math.Sqrt(3*3*16*16)
		case name == "cls_token":
			want = 1e-6
		case strings.Contains(name, "norm") && strings.HasSuffix(name, "weight"):
			want = 1
		case strings.HasSuffix(name, "bias"):
			want = 0
		}
		if math.Abs(std-want) > 5*want/math.Sqrt(2*float64(len(values))) {
			t.Errorf("%s has standard deviation %v, want %v", name, std, want)
		}
	}
}

// Positions of sines and cosines are saved but not trained: the column in the
// first half, the row in the second, nothing for the class token.
func TestSinCosPositions(t *testing.T) {
	torchtest.NoLeak(t)
	net := models.NewViT(models.ViTOptions{Dim: 8, Depth: 1, Heads: 1, PatchSize: 2, ImageSize: 6, SinCos: true}, torch.NewGenerator(1, torch.CPU))
	defer nn.Free(net)
	for name := range nn.Parameters(net) {
		if name == "pos_embed" {
			t.Error("the fixed position embedding is trained")
		}
	}
	pos := torch.ToSlice[float64](net.PosEmbed)
	for i, v := range pos[:8] {
		if v != 0 {
			t.Errorf("number %d of the class token's position is %v", i, v)
		}
	}
	for at := range 9 {
		col, row := float64(at%3), float64(at/3)
		want := []float64{math.Sin(col), math.Sin(col / 100), math.Cos(col), math.Cos(col / 100), math.Sin(row), math.Sin(row / 100), math.Cos(row), math.Cos(row / 100)}
		for i, w := range want {
			if got := pos[8+8*at+i]; math.Abs(got-w) > 1e-7 {
				t.Errorf("patch %d, number %d: %v, want %v", at, i, got, w)
			}
		}
	}
}

// Paths are dropped in training only, the last block's with the given
// probability and the first's never.
func TestDropPath(t *testing.T) {
	torchtest.NoLeak(t)
	o := models.ViTOptions{Dim: 8, Depth: 3, Heads: 1, PatchSize: 2, ImageSize: 4, DropPath: 1}
	net := models.NewViT(o, torch.NewGenerator(1, torch.CPU))
	defer nn.Free(net)
	if net.Blocks[0].Drop != nil || net.Blocks[1].Drop.P != .5 || net.Blocks[2].Drop.P != 1 {
		t.Error("the probabilities do not rise from 0 to 1")
	}
	s := torch.NewScope()
	defer s.Close()
	x := s.Ones([]int{2, 3, 4, 4}, torch.Float32, torch.CPU)
	same := func() bool {
		_, layers := net.ForwardLayers(x, "blocks.1", "blocks.2")
		return layers["blocks.1"].Equal(layers["blocks.2"])
	}
	if !same() {
		t.Error("the last block did something though all of its paths are dropped")
	}
	nn.SetTraining(net, false)
	if same() {
		t.Error("paths were dropped in evaluation")
	}
}
