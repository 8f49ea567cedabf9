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

// straightThrough rounds to −1 or 1 and lets gradients pass as if it had not
// (Bengio, Léonard and Courville 2013), but not where |x| > 1.
type straightThrough struct{}

func (straightThrough) Forward(ctx *torch.FunctionContext, inputs []*torch.Tensor) []*torch.Tensor {
	ctx.SaveForBackward(inputs[0])
	return []*torch.Tensor{inputs[0].Sign()}
}

func (straightThrough) Backward(ctx *torch.FunctionContext, gradOutputs []*torch.Tensor) []*torch.Tensor {
	x := ctx.SavedTensors()[0]
	inside := x.Abs().Le(torch.Scalar[float32](x.Scope(), 1))
	return []*torch.Tensor{gradOutputs[0].Mul(inside)}
}

// An operation with a derivative of its own is a Function.
func ExampleApply() {
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float32{-3, -0.5, 0.25}).RequireGrad(true)
	y := torch.Apply(straightThrough{}, x)[0]
	y.Mul(torch.FromSlice(s, []float32{10, 20, 30})).Sum().Backward()
	fmt.Println(y)
	fmt.Println(x.Grad())
	// Output:
	// [-1., -1.,  1.]
	// [ 0., 20., 30.]
}

// A block in Recompute runs again in the backward pass instead of keeping
// what that needs. Dropout gives the same mask both times, since its generator
// is named.
func ExampleRecompute() {
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float32{1, 2, 3, 4}).RequireGrad(true)
	g := torch.NewGenerator(3, torch.CPU)
	runs := 0
	block := func(x *torch.Tensor) *torch.Tensor {
		runs++
		mask := g.Bernoulli(x.Scope().Empty(x.Shape(), torch.Float32, torch.CPU), 0.5)
		return x.Mul(x).Mul(mask)
	}
	y := torch.Recompute(block, x, g)
	y.Sum().Backward()
	fmt.Println("runs:", runs)
	fmt.Println("y:   ", y)
	fmt.Println("grad:", x.Grad())
	// Output:
	// runs: 2
	// y:    [ 1.,  4.,  0., 16.]
	// grad: [2., 4., 0., 8.]
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
