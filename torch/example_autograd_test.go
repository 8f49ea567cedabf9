package torch_test

import (
	"fmt"

	"sslmem/torch"
)

// A hook sees the gradient of a tensor during the backward pass and may
// replace it; here it limits every element to [-1, 1].
func ExampleTensor_RegisterHook() {
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float32{0.25, 1, -3}).RequireGrad(true)
	remove := x.RegisterHook(func(grad *torch.Tensor) *torch.Tensor {
		fmt.Println("computed", grad)
		return grad.Clamp(-1, 1)
	})
	defer remove()
	x.Mul(x).Sum().Backward()
	fmt.Println("used    ", x.Grad())
	// Output:
	// computed [ 0.5000,  2.0000, -6.0000]
	// used     [ 0.5000,  1.0000, -1.0000]
}

// The gradient of a gradient: one row of the Hessian of Σ x³ for each element.
func ExampleGradientsWith() {
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float32{1, 2}).RequireGrad(true)
	in := []*torch.Tensor{x}
	first := torch.Gradients(x.Pow(3).Sum(), in, true)[0] // 3·x²
	for _, unit := range [][]float32{{1, 0}, {0, 1}} {
		fmt.Println(torch.GradientsWith([]*torch.Tensor{first}, in, torch.GradientsOptions{
			GradOutputs: []*torch.Tensor{torch.FromSlice(s, unit)},
			RetainGraph: true,
		})[0])
	}
	// Output:
	// [6., 0.]
	// [ 0., 12.]
}

// Tensors made in inference mode carry no history and cannot get one.
func ExampleInferenceMode() {
	s := torch.NewScope()
	defer s.Close()
	w := torch.Scalar[float32](s, 2).RequireGrad(true)
	torch.InferenceMode(func() {
		y := w.Exp()
		fmt.Println(y.RequiresGrad(), y.IsInference())
	})
	fmt.Println(w.Exp().RequiresGrad(), w.Exp().IsInference())
	// Output:
	// false true
	// true false
}
