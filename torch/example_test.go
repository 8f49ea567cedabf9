package torch_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"sslmem/torch"
)

// The result of an operation joins the scope of its operands, and closing that
// scope frees them all.
func ExampleScope() {
	s := torch.NewScope()
	x := torch.FromSlice(s, []float32{1, 2, 3, 4}, 2, 2)
	y := x.Mm(x.T()).AddScalar(1)
	fmt.Println(y)
	fmt.Println("tensors in the scope:", s.Len())

	s.Close()
	fmt.Println(torch.Try(func() { y.Sum() }))
	// Output:
	// [[ 6., 12.],
	//  [12., 26.]]
	// tensors in the scope: 4
	// torch: sum: used after its scope of depth 1 was closed; lift it with MoveTo or Keep before that
}

// Of two scopes, the result joins the deeper one; Root is the shallowest.
func ExampleScope_Child() {
	weight := torch.Scalar[float32](torch.Root, 2)
	defer weight.Free()
	epoch := torch.NewScope()
	defer epoch.Close()
	total := torch.Scalar[float32](epoch, 0)
	for batch := range 3 {
		step := epoch.Child()
		x := torch.Scalar(step, float32(batch))
		y := x.Mul(weight)
		fmt.Println("y is in a scope", y.Scope())
		total.AddInPlace(y, 1)
		step.Close()
	}
	fmt.Println("total", total.Item(), "in a scope", total.Scope(), "with", epoch.Len(), "tensor")
	// Output:
	// y is in a scope of depth 2
	// y is in a scope of depth 2
	// y is in a scope of depth 2
	// total 6 in a scope of depth 1 with 1 tensor
}

// Operands that all live in Root need a second name in the scope that the
// result is to join.
func ExampleScope_Use() {
	weight := torch.FromSlice(torch.Root, []float32{3, 4})
	defer weight.Free()
	s := torch.NewScope()
	defer s.Close()
	norm := s.Use(weight).Norm(2, nil, false)
	fmt.Println(norm.Item(), norm.Scope() == s)
	// Output:
	// 5 true
}

// Do frees what a computation needs on its way and keeps the result.
func ExampleScope_Do() {
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float64{1, 2, 3, 4})
	z := s.Do(func(in *torch.Scope) *torch.Tensor {
		x := in.Use(x)
		centered := x.Sub(x.MeanDim([]int{0}, true))
		return centered.Div(x.Std([]int{0}, 0, true))
	})
	fmt.Println(z)
	fmt.Println("tensors in the scope:", s.Len())
	// Output:
	// [-1.3416, -0.4472,  0.4472,  1.3416] float64
	// tensors in the scope: 2
}

func ExampleTidy() {
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float32{3, 4, 6, 8}, 2, 2)
	unit := torch.Tidy(x, func(x *torch.Tensor) *torch.Tensor {
		return x.Div(x.Norm(2, []int{1}, true))
	})
	fmt.Println(unit)
	fmt.Println("tensors in the scope:", s.Len())
	// Output:
	// [[0.6000, 0.8000],
	//  [0.6000, 0.8000]]
	// tensors in the scope: 2
}

// Keep lifts a tensor over the end of its scope.
func ExampleTensor_Keep() {
	mean := func(values []float32) *torch.Tensor {
		s := torch.NewScope()
		defer s.Close()
		return torch.FromSlice(s, values).Mean().Keep()
	}
	m := mean([]float32{1, 2, 6})
	defer m.Free()
	fmt.Println(m)
	// Output:
	// 3.
}

// Tensors of different shapes broadcast as in PyTorch, and dtypes are promoted.
func ExampleTensor() {
	s := torch.NewScope()
	defer s.Close()
	rows := torch.FromSlice(s, []int64{0, 10}, 2, 1)
	columns := s.Arange(0, 3, 1, torch.Float32, torch.CPU)
	sum := rows.Add(columns)
	fmt.Println(sum.Shape(), sum.DType(), sum.Device())
	fmt.Println(torch.ToSlice[int64](sum.Select(0, 1)))
	values, positions := sum.MaxDim(-1, false)
	fmt.Println(values, positions)
	// Output:
	// [2 3] float32 cpu
	// [10 11 12]
	// [ 2., 12.] [2, 2] int64
}

// Backward leaves the derivatives in the Grad of the leaves.
func ExampleTensor_Backward() {
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float32{1, 2, 3}).RequireGrad(true)
	x.Pow(2).Sum().Backward()
	fmt.Println(x.Grad()) // d/dx Σ x² = 2·x
	x.Sum().Backward()
	fmt.Println(x.Grad()) // gradients add up until they are removed
	torch.ZeroGrad([]*torch.Tensor{x})
	fmt.Println(x.Grad() == nil)
	// Output:
	// [2., 4., 6.]
	// [3., 5., 7.]
	// true
}

// Gradients that are recorded can be differentiated again.
func ExampleGradients() {
	s := torch.NewScope()
	defer s.Close()
	x := torch.Scalar(s, 2.0).RequireGrad(true)
	in := []*torch.Tensor{x}
	first := torch.Gradients(x.Pow(3), in, true)[0] // 3·x²
	second := torch.Gradients(first, in, false)[0]  // 6·x
	fmt.Println(first.Item(), second.Item())
	// Output:
	// 12 12
}

func ExampleNoGrad() {
	s := torch.NewScope()
	defer s.Close()
	w := torch.Scalar[float32](s, 2).RequireGrad(true)
	torch.NoGrad(func() { fmt.Println(w.Exp().RequiresGrad()) })
	fmt.Println(w.Exp().RequiresGrad())
	// Output:
	// false
	// true
}

// Misuse panics with an *Error, which Try returns.
func ExampleTry() {
	s := torch.NewScope()
	defer s.Close()
	a := s.Ones([]int{2, 3}, torch.Float32, torch.CPU)
	b := s.Ones([]int{4, 5}, torch.Float32, torch.CPU)
	err := torch.Try(func() { a.Mm(b) })
	fmt.Println(err)

	var e *torch.Error
	if errors.As(err, &e) {
		fmt.Println(e.Op, e.Kind, e.Shapes)
	}
	// Output:
	// torch: mm(float32[2, 3], float32[4, 5]): mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)
	// mm runtime [float32[2, 3] float32[4, 5]]
}

// A generator's numbers are PyTorch's, and a saved state gives them again.
func ExampleGenerator() {
	s := torch.NewScope()
	defer s.Close()
	g := torch.NewGenerator(7, torch.CPU)
	g.Rand(s, []int{100}, torch.Float32)
	position := g.State()
	first := g.Randn(s, []int{2, 3}, torch.Float32)
	g.SetState(position)
	again := g.Randn(s, []int{2, 3}, torch.Float32)
	fmt.Println(first.Equal(again))

	order := torch.ToSlice[int64](g.Randperm(s, 5))
	slices.Sort(order)
	fmt.Println(order)
	// Output:
	// true
	// [0 1 2 3 4]
}

// Weights go to a file by name, with notes, and come back.
func ExampleSaveSafetensors() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "weights.safetensors")

	s := torch.NewScope()
	defer s.Close()
	weights := map[string]*torch.Tensor{
		"weight": torch.FromSlice(s, []float32{1, 2, 3, 4}, 2, 2),
		"steps":  torch.Scalar(s, int64(1000)),
	}
	if err := torch.SaveSafetensors(path, maps.All(weights), map[string]string{"method": "simclr"}); err != nil {
		fmt.Println(err)
		return
	}
	loaded, notes, err := torch.LoadSafetensors(s, path)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(loaded)) {
		fmt.Println(name, loaded[name])
	}
	fmt.Println(notes["method"])
	// Output:
	// steps 1000 int64
	// weight [[1., 2.],
	//  [3., 4.]]
	// simclr
}

func ExampleParseDevice() {
	for _, name := range []string{"cpu", "tpu"} {
		device, err := torch.ParseDevice(name)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(device)
	}
	// Output:
	// cpu
	// unknown device "tpu"; known are auto, cpu, cuda and cuda:N
}

// An operator that is no method is called by name, with defaults for what is
// left out.
func ExampleCall() {
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float64{1, 2, 4, 8})

	median, err := torch.Call("aten::quantile.scalar", x, 0.5)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(median.Tensor().Item())

	lower, err := torch.Call("quantile", x, 0.5, torch.Named{"interpolation": "lower"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(lower.Tensor().Item())

	_, err = torch.Call("aten::quantile.scalar", x, "half")
	fmt.Println(err)
	// Output:
	// 3
	// 2
	// torch: aten::quantile.scalar(float64[4]): argument q (number 2) must be float64, not string; the schema is aten::quantile.scalar(Tensor self, float q, int? dim=None, bool keepdim=False, *, str interpolation="linear") -> Tensor
}

// A module that PyTorch exported with torch.jit.script runs without Python.
// This one has the methods of testdata/script/make.py.
func ExampleLoadScript() {
	m, err := torch.LoadScript("testdata/script/values.pt")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Free()
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float32{1, 2, 3, 4})

	out, err := m.Forward(x, torch.Named{"scale": 10})
	fmt.Println(out, err)
	fmt.Println(out.Get("sum").Tensor().Item())

	out, err = m.Method("nested", x, []int{2, 2})
	fmt.Println(out, err)

	_, err = m.Method("fail", x)
	fmt.Println(err)
	// Output:
	// {'y': float32[4], 'sum': float32[]} <nil>
	// 100
	// (float32[2, 2], [float32[4], float32[4]], {'n': 4, 'dim': 1}, True, None) <nil>
	// torch: script.fail(float32[4]): ValueError: one element is wanted, not 4
}
