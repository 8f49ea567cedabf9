package torch_test

import (
	"math"
	"runtime"
	"sync"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// TestBackward differentiates Σ x²·y: the gradients are 2xy and x².
func TestBackward(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float64{1, -2, 3}).RequireGrad(true)
	y := torch.FromSlice(s, []float64{4, 5, 0.5}).RequireGrad(true)
	if x.Grad() != nil {
		t.Error("a gradient before Backward")
	}
	loss := x.Mul(x).Mul(y).Sum()
	if !x.IsLeaf() || loss.IsLeaf() || !loss.RequiresGrad() {
		t.Error("IsLeaf or RequiresGrad is wrong")
	}
	loss.Backward()
	want := torch.FromSlice(s, []float64{8, -20, 3})
	torchtest.AllClose(t, x.Grad(), want, 0, 1e-12)
	torchtest.AllClose(t, y.Grad(), torch.FromSlice(s, []float64{1, 4, 9}), 0, 1e-12)

	x.Mul(x).Mul(y).Sum().Backward() // accumulates
	torchtest.AllClose(t, x.Grad(), want.MulScalar(2), 0, 1e-12)
	mustFail(t, torch.Runtime, func() { loss.Backward() }, "backward", "second time")

	torch.ZeroGrad([]*torch.Tensor{x, y})
	if x.Grad() != nil || y.Grad() != nil {
		t.Error("ZeroGrad left a gradient")
	}
	torch.ZeroGrad(nil)
	x.SetGrad(want)
	torchtest.AllClose(t, x.Grad(), want, 0, 0)
	x.SetGrad(nil)
	if x.Grad() != nil {
		t.Error("SetGrad(nil) left a gradient")
	}
}

func TestBackwardWith(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float64{1, 2}).RequireGrad(true)
	y := x.Mul(x)
	mustFail(t, torch.Runtime, y.Backward, "backward(float64[2])", "scalar")
	g := torch.FromSlice(s, []float64{10, 100})
	y.BackwardWith(torch.BackwardOptions{Gradient: g, RetainGraph: true})
	y.BackwardWith(torch.BackwardOptions{Gradient: g})
	torchtest.AllClose(t, x.Grad(), torch.FromSlice(s, []float64{40, 800}), 0, 1e-12)
	mustFail(t, torch.Runtime, func() {
		x.Mul(x).BackwardWith(torch.BackwardOptions{Gradient: x.Sum().Detach()})
	}, "backward")
}

// TestSecondDerivatives differentiates x³ twice: 3x² and 6x; and sin as the
// imaginary part would: the second derivative of e^x is e^x.
func TestSecondDerivatives(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float64{0.5, -2}).RequireGrad(true)
	first := torch.Gradients(x.Pow(3).Sum(), []*torch.Tensor{x}, true)[0]
	torchtest.AllClose(t, first, torch.FromSlice(s, []float64{0.75, 12}), 1e-12, 0)
	second := torch.Gradients(first.Sum(), []*torch.Tensor{x}, false)[0]
	torchtest.AllClose(t, second, torch.FromSlice(s, []float64{3, -12}), 1e-12, 0)
	if second.RequiresGrad() || x.Grad() != nil {
		t.Error("Gradients left traces")
	}
	x.Exp().Sum().BackwardWith(torch.BackwardOptions{CreateGraph: true})
	g := x.Grad()
	torch.ZeroGrad([]*torch.Tensor{x})
	g.Sum().Backward()
	torchtest.AllClose(t, x.Grad(), x.Exp(), 1e-12, 0)
	torch.ZeroGrad([]*torch.Tensor{x})
}

func TestGradients(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	inner := s.Child()
	defer inner.Close()
	x, y := torch.Scalar(s, 3.0).RequireGrad(true), torch.Scalar(s, 4.0).RequireGrad(true)
	before := torch.Live()
	mustFail(t, torch.Value, func() { torch.Gradients(x.Exp(), []*torch.Tensor{x, y}, false) }, "gradients(float64[])", "input 1")
	if n := torch.Live() - before; n != 1 {
		t.Errorf("the failure left %d tensors, want the exponential only", n)
	}
	mustFail(t, torch.Closed, func() { torch.Gradients(nil, []*torch.Tensor{x}, false) }, "nil")
	grads := torch.Gradients(inner.Use(x).Mul(y), []*torch.Tensor{y, x}, false)
	if grads[0].Item() != 3 || grads[1].Item() != 4 || grads[0].Scope() != inner {
		t.Errorf("%v in %v", grads, grads[0].Scope())
	}
}

func TestNoGrad(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := vector(s, 1).RequireGrad(true)
	enabled := func(want bool, when string) {
		t.Helper()
		if torch.GradEnabled() != want || x.Exp().RequiresGrad() != want {
			t.Errorf("recording is %v %s", !want, when)
		}
	}
	runtime.LockOSThread() // so that a setting left behind would be seen
	defer runtime.UnlockOSThread()
	enabled(true, "at first")
	torch.NoGrad(func() {
		enabled(false, "inside NoGrad")
		torch.EnableGrad(func() {
			enabled(true, "inside EnableGrad")
			torch.NoGrad(func() { enabled(false, "inside the second NoGrad") })
			enabled(true, "after the second NoGrad")
		})
		enabled(false, "after EnableGrad")
		torch.NoGrad(func() {})
		enabled(false, "after an empty NoGrad inside NoGrad")
		var wg sync.WaitGroup
		wg.Go(func() {
			if !torch.GradEnabled() {
				t.Error("NoGrad reached another goroutine")
			}
		})
		wg.Wait()
	})
	enabled(true, "after NoGrad")
	mustFail(t, torch.Index, func() { torch.NoGrad(func() { x.Softmax(9) }) })
	enabled(true, "after a panic")
	done := make(chan bool)
	go func() {
		defer close(done)
		torch.NoGrad(runtime.Goexit)
	}()
	<-done
	enabled(true, "after Goexit on another goroutine")
}

// TestNoGradThreads yields inside and outside of NoGrad on many goroutines:
// the setting must stay with the goroutine that made it.
func TestNoGradThreads(t *testing.T) {
	torchtest.NoLeak(t)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for range 50 {
				if i%2 == 0 {
					torch.NoGrad(func() {
						runtime.Gosched()
						if torch.GradEnabled() {
							t.Error("on inside NoGrad")
						}
					})
				} else {
					runtime.Gosched()
					if !torch.GradEnabled() {
						t.Error("off outside NoGrad")
					}
				}
			}
		})
	}
	wg.Wait()
}

// TestBackwardException makes the engine fail in the middle of a backward
// pass: a tensor that it needs was changed after it was recorded.
func TestBackwardException(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := vector(s, 1, 2).RequireGrad(true)
	y := x.Exp()
	z := y.Sum()
	y.Zero()
	mustFail(t, torch.Runtime, z.Backward, "backward(float32[])", "modified by an inplace operation")
	x.Exp().Sum().Backward() // and goes on working
	torchtest.AllClose(t, x.Grad(), x.Exp(), 1e-6, 0)
}

// TestNumericalGradient compares a small network's gradient with differences.
func TestNumericalGradient(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	g := torch.NewGenerator(1, torch.CPU)
	x, w := g.Randn(s, []int{4, 3}, torch.Float64), g.Randn(s, []int{5, 3}, torch.Float64)
	loss := func(w *torch.Tensor) *torch.Tensor { return x.Linear(w, nil).Gelu().LogSoftmax(1).Mul(x.Sum()).Mean() }
	w.RequireGrad(true)
	loss(w).Backward()
	got := torch.ToSlice[float64](w.Grad())
	flat := torch.ToSlice[float64](w)
	for i := range flat {
		const h = 1e-6
		at := func(d float64) float64 {
			moved := append([]float64(nil), flat...)
			moved[i] += d
			return loss(torch.FromSlice(s, moved, 5, 3)).Item()
		}
		want := (at(h) - at(-h)) / (2 * h)
		if math.Abs(got[i]-want) > 1e-7*(1+math.Abs(want)) {
			t.Errorf("∂/∂w[%d] = %v, differences give %v", i, got[i], want)
		}
	}
}
