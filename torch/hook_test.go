package torch_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// noCallback checks at the end of the test that the Go side of every hook and
// function was given back.
func noCallback(t *testing.T) {
	t.Helper()
	torchtest.NoLeak(t)
	before := torch.Callbacks()
	t.Cleanup(func() {
		if n := torch.Callbacks(); n != before {
			t.Errorf("%d hooks and functions are left, before the test %d", n, before)
		}
	})
}

// TestRegisterHook follows the gradient of Σ (2x)²: 8x by x, and 4x by y = 2x.
func TestRegisterHook(t *testing.T) {
	noCallback(t)
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float64{1, -2}).RequireGrad(true)
	y := x.MulScalar(2)
	var order []string
	y.RegisterHook(func(g *torch.Tensor) *torch.Tensor {
		order = append(order, "y"+fmt.Sprint(torch.ToSlice[float64](g)))
		return nil
	})
	removeTriple := x.RegisterHook(func(g *torch.Tensor) *torch.Tensor {
		order = append(order, "triple"+fmt.Sprint(torch.ToSlice[float64](g)))
		return g.MulScalar(3)
	})
	removeLog := x.RegisterHook(func(g *torch.Tensor) *torch.Tensor {
		order = append(order, "log"+fmt.Sprint(torch.ToSlice[float64](g)))
		return nil
	})
	loss := y.Mul(y).Sum()
	pass := func(want ...float64) {
		t.Helper()
		loss.BackwardWith(torch.BackwardOptions{RetainGraph: true})
		torchtest.AllClose(t, x.Grad(), torch.FromSlice(s, want), 0, 0)
		torch.ZeroGrad([]*torch.Tensor{x})
	}
	pass(24, -48)
	want := "[y[4 -8] triple[8 -16] log[24 -48]]"
	if fmt.Sprint(order) != want {
		t.Errorf("hooks ran as %v, want %v", order, want)
	}
	order = nil
	grads := torch.GradientsWith([]*torch.Tensor{loss}, []*torch.Tensor{x, y}, torch.GradientsOptions{RetainGraph: true})
	torchtest.AllClose(t, grads[0], torch.FromSlice(s, []float64{24, -48}), 0, 0)
	torchtest.AllClose(t, grads[1], torch.FromSlice(s, []float64{4, -8}), 0, 0)
	removeTriple()
	removeTriple()
	order = nil
	pass(8, -16)
	if want := "[y[4 -8] log[8 -16]]"; fmt.Sprint(order) != want {
		t.Errorf("hooks ran as %v, want %v", order, want)
	}
	removeLog()
	order = nil
	pass(8, -16)
	if len(order) != 1 {
		t.Errorf("hooks ran after their end: %v", order)
	}
}

// TestRegisterHookEnds frees the tensor instead of removing the hook.
func TestRegisterHookEnds(t *testing.T) {
	noCallback(t)
	before := torch.Callbacks()
	nothing := func(*torch.Tensor) *torch.Tensor { return nil }
	s := torch.NewScope()
	x := vector(s, 1).RequireGrad(true)
	remove := x.RegisterHook(nothing)
	y := x.Exp()
	y.RegisterHook(nothing)
	kept := y.Neg().Keep() // its graph holds y's node
	if n := torch.Callbacks() - before; n != 2 {
		t.Errorf("%d hooks, want 2", n)
	}
	s.Close()
	if n := torch.Callbacks() - before; n != 2 {
		t.Errorf("%d hooks, want both as long as the graph exists", n)
	}
	kept.Free()
	if n := torch.Callbacks() - before; n != 0 {
		t.Errorf("%d hooks, want none after the graph", n)
	}
	remove() // of a tensor that is gone
	s = torch.NewScope()
	defer s.Close()
	z := vector(s, 1).RequireGrad(true)
	for range 1000 {
		z.RegisterHook(nothing)()
	}
	if n := torch.Callbacks() - before; n != 0 {
		t.Errorf("%d hooks, want none after their removal", n)
	}
}

// TestHookRemovesItself runs a hook once, and one that registers another.
func TestHookRemovesItself(t *testing.T) {
	noCallback(t)
	s := torch.NewScope()
	defer s.Close()
	x := vector(s, 1).RequireGrad(true)
	runs, more := 0, 0
	var remove func()
	remove = x.RegisterHook(func(*torch.Tensor) *torch.Tensor {
		runs++
		remove()
		x.RegisterHook(func(*torch.Tensor) *torch.Tensor { more++; return nil })
		return nil
	})
	for range 3 {
		x.Exp().Backward()
	}
	if runs != 1 || more != 2 {
		t.Errorf("%d and %d runs, want 1 and 2", runs, more)
	}
}

// TestHookScope checks that all tensors of a hook are gone with it.
func TestHookScope(t *testing.T) {
	noCallback(t)
	s := torch.NewScope()
	defer s.Close()
	x := vector(s, 1, 2).RequireGrad(true)
	var leaked, kept *torch.Tensor
	x.RegisterHook(func(g *torch.Tensor) *torch.Tensor {
		leaked = g.Add(x).Exp()
		kept = g.Neg().Keep()
		if g.RequiresGrad() || torch.GradEnabled() {
			t.Error("the backward pass is recorded")
		}
		return x // another scope's tensor is fine too
	})
	loss := x.Exp().Sum()
	before := torch.Live()
	loss.Backward()
	if n := torch.Live() - before; n != 1 {
		t.Errorf("the hook left %d tensors, want the kept one", n)
	}
	torchtest.AllClose(t, x.Grad(), x, 0, 0)
	torchtest.AllClose(t, kept, x.Exp().Neg(), 0, 0)
	kept.Free()
	mustFail(t, torch.Closed, func() { leaked.Exp() }, "of a hook or function")
}

// TestHookCreateGraph differentiates through a hook: with g → g², x³ has the
// gradient 9x⁴, and that 36x³.
func TestHookCreateGraph(t *testing.T) {
	noCallback(t)
	s := torch.NewScope()
	defer s.Close()
	x := torch.Scalar(s, 2.0).RequireGrad(true)
	remove := x.RegisterHook(func(g *torch.Tensor) *torch.Tensor { return g.Mul(g) })
	first := torch.Gradients(x.Pow(3), []*torch.Tensor{x}, true)[0]
	remove()
	second := torch.Gradients(first, []*torch.Tensor{x}, false)[0]
	if first.Item() != 144 || second.Item() != 288 {
		t.Errorf("%v and %v, want 144 and 288", first.Item(), second.Item())
	}
}

func TestHookPanics(t *testing.T) {
	noCallback(t)
	s := torch.NewScope()
	defer s.Close()
	x := vector(s, 1, 2).RequireGrad(true)
	with := func(hook func(g *torch.Tensor) *torch.Tensor, fn func()) {
		t.Helper()
		remove := x.RegisterHook(hook)
		defer remove()
		fn()
	}
	// A *torch.Error is the cause of another.
	with(func(g *torch.Tensor) *torch.Tensor { return g.Softmax(7) }, func() {
		e := mustFail(t, torch.Index, func() { x.Exp().Sum().Backward() }, "backward(float32[])", "hook", "softmax(float32[2])")
		if cause, ok := e.Err.(*torch.Error); !ok || cause.Op != "softmax" {
			t.Errorf("the cause is %v", e.Err)
		}
		mustFail(t, torch.Index, func() { torch.Gradients(x.Exp().Sum(), []*torch.Tensor{x}, false) }, "gradients(", "softmax")
	})
	// Other values come back as they are.
	mine := errors.New("mine")
	for _, value := range []any{mine, "text", 7} {
		with(func(*torch.Tensor) *torch.Tensor { panic(value) }, func() {
			defer func() {
				if r := recover(); r != value {
					t.Errorf("recovered %v, want %v", r, value)
				}
			}()
			x.Exp().Sum().Backward()
		})
	}
	with(func(*torch.Tensor) *torch.Tensor { var p *int; *p = 1; return nil }, func() {
		defer func() {
			if e, ok := recover().(runtime.Error); !ok || !strings.Contains(e.Error(), "nil pointer") {
				t.Errorf("recovered %v, want a nil pointer dereference", e)
			}
		}()
		x.Exp().Sum().Backward()
	})
	// A gradient of another kind is refused.
	with(func(g *torch.Tensor) *torch.Tensor { return g.Sum() }, func() {
		mustFail(t, torch.Runtime, func() { x.Exp().Sum().Backward() }, "backward", "hook", "size")
	})
	with(func(g *torch.Tensor) *torch.Tensor {
		s := torch.NewScope()
		defer s.Close()
		return s.Use(g).Exp()
	}, func() {
		mustFail(t, torch.Closed, func() { x.Exp().Sum().Backward() }, "result of a hook", "closed")
	})
	x.Exp().Sum().Backward() // the engine still works
	torchtest.AllClose(t, x.Grad(), x.Exp(), 0, 0)

	nothing := func(*torch.Tensor) *torch.Tensor { return nil }
	mustFail(t, torch.Value, func() { x.Detach().RegisterHook(nothing) }, "register_hook(float32[2])", "does not require grad")
	mustFail(t, torch.Value, func() { x.Detach().RegisterPostAccumulateGradHook(func(*torch.Tensor) {}) }, "require grad")
	mustFail(t, torch.Value, func() { x.Exp().RegisterPostAccumulateGradHook(func(*torch.Tensor) {}) }, "leaves")
}

// TestHookBackward runs a whole backward pass inside of a hook, and one that
// fails inside of that.
func TestHookBackward(t *testing.T) {
	noCallback(t)
	s := torch.NewScope()
	defer s.Close()
	x, w := torch.Scalar(s, 2.0).RequireGrad(true), torch.Scalar(s, 3.0).RequireGrad(true)
	x.RegisterHook(func(g *torch.Tensor) *torch.Tensor {
		torch.EnableGrad(func() { w.Mul(g).Mul(w).Backward() })
		return nil
	})
	x.Mul(x).Backward()
	if x.Grad().Item() != 4 || w.Grad().Item() != 24 {
		t.Errorf("%v and %v, want 4 and 24", x.Grad().Item(), w.Grad().Item())
	}
	w.RegisterHook(func(*torch.Tensor) *torch.Tensor { panic("inside") })
	defer func() {
		if r := recover(); r != "inside" {
			t.Errorf("recovered %v", r)
		}
	}()
	x.Mul(x).Backward()
}

// TestPostAccumulateGradHook steps down a parabola inside the backward pass.
func TestPostAccumulateGradHook(t *testing.T) {
	noCallback(t)
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float64{4, -8}).RequireGrad(true)
	var seen []float64
	remove := x.RegisterPostAccumulateGradHook(func(x *torch.Tensor) {
		seen = append(seen, torch.ToSlice[float64](x.Grad())...)
		torch.NoGrad(func() { x.AddInPlace(x.Grad(), -0.25) })
		x.SetGrad(nil)
	})
	for range 2 {
		x.Mul(x).Sum().Backward()
	}
	torchtest.AllClose(t, x, torch.FromSlice(s, []float64{1, -2}), 0, 0)
	torchtest.Close(t, seen, []float64{8, -16, 4, -8}, nil, 0, 0)
	remove()
	x.Mul(x).Sum().Backward()
	torchtest.AllClose(t, x.Grad(), torch.FromSlice(s, []float64{2, -4}), 0, 0)
}
