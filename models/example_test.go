package models_test

import (
	"fmt"

	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// An encoder maps images to features. In evaluation mode those of an image do
// not depend on its batch.
func ExampleNew() {
	encoder, err := models.New(models.Config{Model: "resnet18", Width: 8, InChannels: 1}, torch.NewGenerator(1, torch.CPU))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer nn.Free(encoder)
	nn.SetTraining(encoder, false)
	fmt.Println("parameters:", nn.NumParameters(encoder))

	s := torch.NewScope()
	defer s.Close()
	torch.NoGrad(func() {
		images := s.Zeros([]int{10, 1, 28, 28}, torch.Float32, torch.CPU)
		fmt.Println("features:", encoder.Forward(images).Shape())
	})
	// Output:
	// parameters: 175608
	// features: [10 64]
}

// Parameters are named as in torchvision, so that a state_dict fits.
func ExampleResNet() {
	net := models.NewResNet18(2, 3, torch.NewGenerator(1, torch.CPU))
	defer nn.Free(net)
	n := 0
	for name, w := range nn.Parameters(net) {
		if n++; n <= 4 {
			fmt.Println(name, w.Shape())
		}
	}
	fmt.Println("…", n, "in all")
	// Output:
	// conv1.weight [2 3 3 3]
	// bn1.weight [2]
	// bn1.bias [2]
	// layer1.0.conv1.weight [2 2 3 3]
	// … 60 in all
}

// One forward gives the features and the outputs of layers by name.
func ExampleBackbone() {
	encoder, err := models.New(models.Config{Model: "vit_tiny_patch8_32", Width: 12, InChannels: 3}, torch.NewGenerator(1, torch.CPU))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer nn.Free(encoder)
	nn.SetTraining(encoder, false)
	names := encoder.Layers()
	fmt.Println(len(names), "layers, the first are", names[:4])

	s := torch.NewScope()
	defer s.Close()
	torch.NoGrad(func() {
		images := s.Zeros([]int{2, 3, 32, 32}, torch.Float32, torch.CPU)
		features, layers := encoder.ForwardLayers(images, "blocks.0.mlp.act", "blocks.11")
		fmt.Println("features:", features.Shape())
		fmt.Println("units of the first block:", layers["blocks.0.mlp.act"].Shape())
		fmt.Println("tokens of the last block:", layers["blocks.11"].Shape())
	})
	// Output:
	// 98 layers, the first are [patch_embed blocks.0.norm1 blocks.0.attn blocks.0.sum]
	// features: [2 12]
	// units of the first block: [2 17 48]
	// tokens of the last block: [2 17 12]
}

// The encoder of MAE sees a part of the patches; crops of another size go
// through the same network.
func ExampleViT() {
	o := models.ViTSize("tiny")
	o.Dim, o.Depth, o.SinCos = 24, 2, true
	net := models.NewViT(o, torch.NewGenerator(1, torch.CPU))
	defer nn.Free(net)

	s := torch.NewScope()
	defer s.Close()
	torch.NoGrad(func() {
		images := s.Zeros([]int{1, 3, 224, 224}, torch.Float32, torch.CPU)
		patches := net.Embed(images)
		keep := torch.FromSlice(s, []int64{7, 100, 195}, 1, 3)
		fmt.Println(patches.Shape(), "to", net.Encode(patches, keep).Shape())
		crops := s.Zeros([]int{4, 3, 96, 96}, torch.Float32, torch.CPU)
		fmt.Println(crops.Shape(), "to", net.Forward(crops).Shape())
	})
	// Output:
	// [1 196 24] to [1 4 24]
	// [4 3 96 96] to [4 24]
}
