package torch_test

import (
	"runtime"
	"sync"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// TestGradientsWith has two outputs, x·y and x², weighted by 10 and 100.
func TestGradientsWith(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	inner := s.Child()
	defer inner.Close()
	x := torch.FromSlice(s, []float64{2, 3}).RequireGrad(true)
	y := torch.FromSlice(s, []float64{5, 7}).RequireGrad(true)
	unused := torch.Scalar(s, 1.0).RequireGrad(true)
	outputs := []*torch.Tensor{x.Mul(y), x.Mul(x)}
	weights := []*torch.Tensor{torch.FromSlice(inner, []float64{10, 10}), torch.FromSlice(s, []float64{100, 1000})}
	inputs := []*torch.Tensor{unused, x, y}
	o := torch.GradientsOptions{GradOutputs: weights, AllowUnused: true, RetainGraph: true}
	for range 2 {
		g := torch.GradientsWith(outputs, inputs, o)
		if g[0] != nil || g[1].Scope() != inner || g[1].RequiresGrad() {
			t.Errorf("gradients %v", g)
		}
		torchtest.AllClose(t, g[1], torch.FromSlice(s, []float64{10*5 + 100*4, 10*7 + 1000*6}), 0, 0)
		torchtest.AllClose(t, g[2], torch.FromSlice(s, []float64{20, 30}), 0, 0)
	}
	before := torch.Live()
	o.AllowUnused = false
	mustFail(t, torch.Value, func() { torch.GradientsWith(outputs, inputs, o) }, "input 0")
	if n := torch.Live() - before; n != 0 {
		t.Errorf("the failure left %d tensors", n)
	}
	mustFail(t, torch.Value, func() {
		torch.GradientsWith(outputs, inputs, torch.GradientsOptions{GradOutputs: weights[:1]})
	}, "1 gradients for 2 outputs")
	mustFail(t, torch.Runtime, func() { torch.GradientsWith(outputs, inputs, torch.GradientsOptions{}) }, "scalar")
	if x.Grad() != nil {
		t.Error("a gradient was accumulated")
	}
	// A nil gradient stands for 1; the graph is freed at the end.
	total := []*torch.Tensor{x.Sum(), outputs[1]}
	o = torch.GradientsOptions{GradOutputs: []*torch.Tensor{nil, weights[1]}}
	g := torch.GradientsWith(total, []*torch.Tensor{x}, o)[0]
	torchtest.AllClose(t, g, torch.FromSlice(s, []float64{401, 6001}), 0, 0)
	mustFail(t, torch.Runtime, func() {
		torch.GradientsWith(total[1:], []*torch.Tensor{x}, torch.GradientsOptions{GradOutputs: weights[1:]})
	}, "second time")
}

func TestBackwardSeveral(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x, y := torch.FromSlice(s, []float64{2, 3}).RequireGrad(true), torch.FromSlice(s, []float64{5, 7}).RequireGrad(true)
	torch.Backward([]*torch.Tensor{x.Mul(y), x.Sum()}, []*torch.Tensor{torch.FromSlice(s, []float64{10, 100}), nil})
	torchtest.AllClose(t, x.Grad(), torch.FromSlice(s, []float64{51, 701}), 0, 0)
	torchtest.AllClose(t, y.Grad(), torch.FromSlice(s, []float64{20, 300}), 0, 0)
	torch.ZeroGrad([]*torch.Tensor{x, y})
	torch.Backward([]*torch.Tensor{x.Sum(), y.Mul(x).Sum()}, nil)
	torchtest.AllClose(t, x.Grad(), torch.FromSlice(s, []float64{6, 8}), 0, 0)
	torch.ZeroGrad([]*torch.Tensor{x, y})
	x.Mul(y).Sum().BackwardWith(torch.BackwardOptions{Inputs: []*torch.Tensor{y}})
	if x.Grad() != nil {
		t.Error("x, which is not among Inputs, has a gradient")
	}
	torchtest.AllClose(t, y.Grad(), x, 0, 0)
	mustFail(t, torch.Value, func() { torch.Backward([]*torch.Tensor{x}, []*torch.Tensor{x, y}) }, "2 gradients for 1 outputs")
	mustFail(t, torch.Value, func() { torch.Backward([]*torch.Tensor{x.Sum(), x.Detach().Sum()}, nil) }, "nothing was recorded")
}

// TestHessian has the quadratic form ½ xᵀAx + Σ x⁴: the Hessian is
// (A + Aᵀ)/2 + 12·diag(x²), row by row.
func TestHessian(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	a := torch.FromSlice(s, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, 3)
	v := []float64{0.5, -1, 2}
	x := torch.FromSlice(s, v).RequireGrad(true)
	f := x.View([]int{1, 3}).Mm(a).Mm(x.View([]int{3, 1})).Sum().MulScalar(0.5).Add(x.Pow(4).Sum())
	first := torch.Gradients(f, []*torch.Tensor{x}, true)[0]
	for i := range 3 {
		unit := s.Zeros([]int{3}, torch.Float64, torch.CPU)
		torch.Data[float64](unit)[i] = 1
		row := torch.GradientsWith([]*torch.Tensor{first}, []*torch.Tensor{x},
			torch.GradientsOptions{GradOutputs: []*torch.Tensor{unit}, RetainGraph: true})[0]
		want := make([]float64, 3)
		for j := range want {
			want[j] = float64(1+3*i+j+1+3*j+i) / 2
			if i == j {
				want[j] += 12 * v[i] * v[i]
			}
		}
		torchtest.Close(t, torch.ToSlice[float64](row), want, nil, 1e-12, 1e-12)
	}
}

func TestDetachInPlace(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := vector(s, 1, 2).RequireGrad(true)
	y := x.Exp()
	if z := y.DetachInPlace(); z != y || y.RequiresGrad() || !y.IsLeaf() {
		t.Error("still in the graph")
	}
	mustFail(t, torch.Runtime, func() { x.Exp().View([]int{2, 1}).DetachInPlace() }, "view")
}

func TestInferenceMode(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	runtime.LockOSThread() // so that a setting left behind would be seen
	defer runtime.UnlockOSThread()
	x := vector(s, 1, 2).RequireGrad(true)
	var y *torch.Tensor
	torch.InferenceMode(func() {
		y = x.Exp()
		if !y.IsInference() || y.RequiresGrad() || torch.GradEnabled() || !torch.InferenceModeEnabled() || x.IsInference() {
			t.Error("not in inference mode")
		}
		y.AddInPlace(y, 1) // allowed inside
		torch.InferenceMode(func() {})
		var wg sync.WaitGroup
		wg.Go(func() {
			if torch.InferenceModeEnabled() {
				t.Error("InferenceMode reached another goroutine")
			}
		})
		wg.Wait()
		if !torch.InferenceModeEnabled() {
			t.Error("the inner InferenceMode ended the outer")
		}
	})
	after := func(when string) {
		t.Helper()
		if torch.InferenceModeEnabled() || !torch.GradEnabled() || !x.Exp().RequiresGrad() || x.Exp().IsInference() {
			t.Errorf("still in inference mode %s", when)
		}
	}
	after("afterwards")
	mustFail(t, torch.Runtime, func() { x.Mul(y) }, "Inference tensors cannot be saved for backward")
	x.Mul(y.Clone()).Sum().Backward()
	torchtest.AllClose(t, x.Grad(), x.Exp().MulScalar(2), 0, 0)
	mustFail(t, torch.Index, func() { torch.InferenceMode(func() { x.Softmax(9) }) })
	after("after a panic")
	mustFail(t, torch.Runtime, func() { y.Zero() }, "Inplace update to inference tensor")
	torch.NoGrad(func() {
		torch.InferenceMode(func() {})
		if torch.GradEnabled() {
			t.Error("InferenceMode switched recording on")
		}
	})
}
