package optim_test

import (
	"fmt"

	"sslmem/torch"
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
