package models_test

import (
	"fmt"
	"log"
	"maps"
	"strings"
	"testing"

	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// Every encoder is known again by its own state_dict.
func TestInferConfig(t *testing.T) {
	torchtest.NoLeak(t)
	for _, want := range []models.Config{
		{Model: "resnet9", Width: 2, InChannels: 1},
		{Model: "resnet18", Width: 2, InChannels: 3, Stem: models.CIFARStem},
		{Model: "resnet34", Width: 4, InChannels: 1, Stem: models.ImageNetStem},
		{Model: "resnet50", Width: 2, InChannels: 3, Stem: models.ImageNetStem},
		{Model: "resnet101", Width: 2, InChannels: 3, Stem: models.CIFARStem},
		{Model: "vit_tiny", InChannels: 3, PatchSize: 8, ImageSize: 16},
	} {
		net, err := models.New(want, torch.NewGenerator(1, torch.CPU))
		if err != nil {
			t.Fatal(err)
		}
		state := maps.Collect(nn.State(net))
		got, err := models.InferConfig(state)
		if err != nil || got != want {
			t.Errorf("%+v is taken for %+v (%v)", want, got, err)
		}
		nn.Free(net)
	}
}

func TestInferConfigRefuses(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	state := func(shapes map[string][]int) map[string]*torch.Tensor {
		m := map[string]*torch.Tensor{}
		for name, shape := range shapes {
			m[name] = s.Zeros(shape, torch.Float32, torch.CPU)
		}
		return m
	}
	vit := map[string][]int{"patch_embed.proj.weight": {192, 3, 16, 16}, "blocks.0.norm1.weight": {192}, "pos_embed": {1, 197, 192}}
	wide := maps.Clone(vit)
	wide["patch_embed.proj.weight"] = []int{200, 3, 16, 16}
	long := maps.Clone(vit)
	long["pos_embed"] = []int{1, 200, 192}
	for want, shapes := range map[string]map[string][]int{
		"no encoder that is known": {"features.0.weight": {1}},
		"5×5":                      {"conv1.weight": {2, 3, 5, 5}, "layer1.0.conv1.weight": {2, 2, 3, 3}},
		"[1 0 0 0] basic blocks":   {"conv1.weight": {2, 3, 3, 3}, "layer1.0.conv1.weight": {2, 2, 3, 3}},
		"shape [2 3]":              {"conv1.weight": {2, 3}, "layer1.0.conv1.weight": {2, 2, 3, 3}},
		"pos_embed is missing":     {"patch_embed.proj.weight": {192, 3, 16, 16}, "blocks.0.norm1.weight": {192}},
		"ViT of 1 blocks":          vit,
		"for 200 tokens":           long,
		"200 numbers per token":    wide,
	} {
		if _, err := models.InferConfig(state(shapes)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v gives %v, want %q", shapes, err, want)
		}
	}
	closed := torch.NewScope()
	w := closed.Zeros([]int{2, 3, 3, 3}, torch.Float32, torch.CPU)
	closed.Close()
	if _, err := models.InferConfig(map[string]*torch.Tensor{"conv1.weight": w, "layer1.0.conv1.weight": w}); err == nil {
		t.Error("a freed weight is no error")
	}
}

// Files of old versions of PyTorch, such as torchvision's first, have no counters of
// batches.
func TestLoadWeightsWithoutCounters(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	from, to := newBackbone(t, "resnet18", 2, 3), newBackbone(t, "resnet18", 2, 3)
	defer nn.Free(from)
	defer nn.Free(to)
	state := maps.Collect(nn.State(from))
	maps.DeleteFunc(state, func(name string, _ *torch.Tensor) bool { return strings.HasSuffix(name, "num_batches_tracked") })
	state["bn1.bias"] = s.Ones([]int{2}, torch.Float32, torch.CPU)
	if err := models.LoadWeights(to, state); err != nil {
		t.Fatal(err)
	}
	if got := maps.Collect(nn.State(to))["bn1.bias"].Sum(); got.Item() != 2 {
		t.Error("the weights are not loaded")
	} else {
		got.Free()
	}
}

// The shapes of a state_dict tell what network it is of.
func ExampleInferConfig() {
	s := torch.NewScope()
	defer s.Close()
	weights, err := torch.LoadPT(s, "testdata/tiny.pth", torch.PTOptions{})
	if err != nil {
		log.Fatal(err)
	}
	c, err := models.InferConfig(weights.Tensors)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Model, "of width", c.Width, "with the stem", c.Stem)
	// Output:
	// resnet18 of width 2 with the stem cifar
}
