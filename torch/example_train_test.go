package torch_test

import (
	"fmt"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/optim"
)

// A network of two layers learns y = x1·x2 from random points of the square
// [−1, 1]², and is tested at points that it has not seen. The parameters are
// root tensors; each step has a scope, so memory is flat.
func Example() {
	g := torch.NewGenerator(1, torch.CPU)
	net := nn.Sequential{
		nn.NewLinear(2, 32, true, g),
		nn.ReLU{},
		nn.NewLinear(32, 1, true, g),
	}
	defer nn.Free(net)
	var params []*torch.Tensor
	for _, p := range nn.Parameters(net) {
		params = append(params, p)
	}
	adam := optim.NewAdam(params, optim.AdamOptions{})
	defer adam.Free()
	schedule := optim.WarmupCosine{Base: 0.02, Warmup: 20, Total: 600}

	// batch draws points [n, 2] and returns their products [n, 1] as well.
	batch := func(s *torch.Scope, n int) (x, y *torch.Tensor) {
		x = g.Uniform(s.Empty([]int{n, 2}, torch.Float32, torch.CPU), -1, 1)
		return x, x.Narrow(1, 0, 1).Mul(x.Narrow(1, 1, 1))
	}
	for step := range schedule.Total {
		s := torch.NewScope()
		x, y := batch(s, 128)
		net.Forward(x).MSELoss(y, torch.ReduceMean).Backward()
		adam.Step(schedule.At(step))
		adam.ZeroGrad()
		s.Close()
	}

	s := torch.NewScope()
	defer s.Close()
	x, y := batch(s, 1000)
	torch.NoGrad(func() {
		left := net.Forward(x).MSELoss(y, torch.ReduceMean).Div(y.Var([]int{0, 1}, 0, false)).Item()
		fmt.Println(nn.NumParameters(net), "parameters; more than 98 % of the variance explained:", left < 0.02)
	})
	// Output:
	// 129 parameters; more than 98 % of the variance explained: true
}
