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
