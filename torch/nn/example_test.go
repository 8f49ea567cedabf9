package nn_test

import (
	"fmt"

	"sslmem/torch"
	"sslmem/torch/nn"
)

// A network's names are PyTorch's, and Free gives up all its tensors.
func Example() {
	g := torch.NewGenerator(1, torch.CPU)
	net := nn.Sequential{
		nn.NewConv2d(3, 8, 3, nn.ConvOptions{Padding: 1}, g),
		nn.NewBatchNorm(8),
		nn.ReLU{},
	}
	defer nn.Free(net)

	for name, t := range nn.State(net) {
		fmt.Println(name, t.Shape())
	}
	fmt.Println("trained:", nn.NumParameters(net))

	s := torch.NewScope()
	defer s.Close()
	images := g.Randn(s, []int{16, 3, 32, 32}, torch.Float32)
	fmt.Println(net.Forward(images).Shape())
	// Output:
	// 0.weight [8 3 3 3]
	// 1.weight [8]
	// 1.bias [8]
	// 1.running_mean [8]
	// 1.running_var [8]
	// 1.num_batches_tracked []
	// trained: 232
	// [16 8 32 32]
}

// Weights that do not fit are refused by name.
func ExampleLoadState() {
	g := torch.NewGenerator(1, torch.CPU)
	net := nn.NewLinear(4, 2, true, g)
	defer nn.Free(net)

	s := torch.NewScope()
	defer s.Close()
	fmt.Println(nn.LoadState(net, map[string]*torch.Tensor{
		"weight": s.Zeros([]int{2, 5}, torch.Float32, torch.CPU),
	}))
	// Output:
	// the weights do not fit the model (of another shape: weight is [2 5] but the model needs [2 4]; missing: bias); build the model with the options that they were trained with
}
