package optim_test

import (
	"fmt"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/optim"
)

// The minimum of (x − 3)² by Adam with a warm-up.
func ExampleAdam() {
	x := torch.Scalar[float32](torch.Root, 0).RequireGrad(true)
	defer x.Free()
	adam := optim.NewAdam([]*torch.Tensor{x}, optim.AdamOptions{})
	defer adam.Free()
	schedule := optim.WarmupCosine{Base: .5, Warmup: 5, Total: 300}

	for step := range schedule.Total {
		s := torch.NewScope()
		d := s.Use(x).SubScalar(3)
		d.Mul(d).Backward()
		adam.Step(schedule.At(step))
		adam.ZeroGrad()
		s.Close()
	}
	fmt.Printf("x = %.2f after %d steps\n", x.Item(), adam.Steps())
	// Output:
	// x = 3.00 after 300 steps
}

func ExampleWarmupCosine() {
	w := optim.WarmupCosine{Base: 1, Warmup: 2, Total: 6}
	for step := range 7 {
		fmt.Printf("%.3f ", w.At(step))
	}
	fmt.Println()
	// Output:
	// 0.000 0.500 1.000 0.854 0.500 0.146 0.000
}

// Momentum carries the parameter on after the first step, though the gradient
// is the same.
func ExampleSGD() {
	x := torch.Scalar[float32](torch.Root, 1).RequireGrad(true)
	defer x.Free()
	sgd := optim.NewSGD([]*torch.Tensor{x}, optim.SGDOptions{Momentum: .9})
	defer sgd.Free()
	s := torch.NewScope()
	defer s.Close()
	x.SetGrad(torch.Scalar[float32](s, 1))
	for range 3 {
		sgd.Step(.1)
		fmt.Printf("%.3f ", x.Item())
	}
	fmt.Println()
	// Output:
	// 0.900 0.710 0.439
}

// The weights of a layer move by a thousandth of their norm times the learning
// rate, however large the gradient is; its bias takes a plain step.
func ExampleLARS() {
	layer := nn.NewLinear(2, 1, true, torch.NewGenerator(1, torch.CPU))
	defer nn.Free(layer)
	torch.NoGrad(func() {
		torch.CopyFromSlice(layer.Weight, []float32{3, 4})
		layer.Bias.Zero()
	})
	lars := optim.NewLARSGroups(optim.DecayGroups(layer, 0), optim.LARSOptions{Momentum: .9})
	defer lars.Free()

	s := torch.NewScope()
	defer s.Close()
	layer.Weight.SetGrad(torch.FromSlice(s, []float32{1e6, 0}, 1, 2))
	layer.Bias.SetGrad(torch.FromSlice(s, []float32{.25}))
	lars.Step(2)
	fmt.Printf("weight %.3f, bias %.3f\n", torch.ToSlice[float32](layer.Weight), layer.Bias.Item())
	// Output:
	// weight [2.990 4.000], bias -0.500
}

// Matrices are decayed, biases are not.
func ExampleDecayGroups() {
	g := torch.NewGenerator(1, torch.CPU)
	net := nn.Sequential{nn.NewLinear(4, 8, true, g), nn.ReLU{}, nn.NewLinear(8, 2, true, g)}
	defer nn.Free(net)
	for _, group := range optim.DecayGroups(net, .05) {
		fmt.Printf("%d parameters, weight decay %g\n", len(group.Params), group.WeightDecay)
	}
	// Output:
	// 2 parameters, weight decay 0.05
	// 2 parameters, weight decay 0
}

// The average follows half the way each time.
func ExampleEMA() {
	g := torch.NewGenerator(1, torch.CPU)
	net, average := nn.NewLinear(1, 1, false, g), nn.NewLinear(1, 1, false, g)
	defer nn.Free(net)
	defer nn.Free(average)
	ema := optim.NewEMA(average, net, false)
	torch.NoGrad(func() { net.Weight.Zero() })
	ema.Copy()
	torch.NoGrad(func() { net.Weight.Fill(8) })
	for range 3 {
		ema.Update(.5)
		fmt.Print(average.Weight.Item(), " ")
	}
	fmt.Println()
	// Output:
	// 4 6 7
}

// The state of an optimizer in PyTorch's layout.
func ExampleOptimizer_stateDict() {
	x := torch.Scalar[float32](torch.Root, 1).RequireGrad(true)
	defer x.Free()
	adam := optim.NewAdam([]*torch.Tensor{x}, optim.AdamOptions{})
	defer adam.Free()
	s := torch.NewScope()
	defer s.Close()
	x.SetGrad(torch.Scalar[float32](s, 10))
	adam.Step(.1)

	dict := adam.StateDict()
	first := dict["state"].(map[int64]any)[0].(map[string]any)
	fmt.Println("step", first["step"].(*torch.Tensor).Item(), "exp_avg", first["exp_avg"].(*torch.Tensor).Item())
	group := dict["param_groups"].([]any)[0].(map[string]any)
	fmt.Println("lr", group["lr"], "betas", group["betas"], "params", group["params"])
	// Output:
	// step 1 exp_avg 1
	// lr 0.1 betas [0.9 0.999] params [0]
}

func ExampleOneCycleLR() {
	schedule := optim.OneCycleLR{MaxLR: 1, TotalSteps: 11, Linear: true, DivFactor: 10}
	for _, step := range []int{0, 1, 2, 6, 10} {
		fmt.Printf("%.2f ", schedule.At(step))
	}
	fmt.Println()
	// Output:
	// 0.10 0.49 0.88 0.52 0.00
}

// The weight decay rises from step to step while the gradient is zero.
func ExampleOptimizer_groups() {
	x := torch.Scalar[float32](torch.Root, 1).RequireGrad(true)
	defer x.Free()
	adam := optim.NewAdam([]*torch.Tensor{x}, optim.AdamOptions{Decoupled: true})
	defer adam.Free()
	s := torch.NewScope()
	defer s.Close()
	x.SetGrad(torch.Scalar[float32](s, 0))
	for step := range 3 {
		adam.Groups()[0].WeightDecay = .5 * float64(step)
		adam.Step(1)
		fmt.Print(x.Item(), " ")
	}
	fmt.Println()
	// Output:
	// 1 0.5 0
}
