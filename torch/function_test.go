package torch_test

import (
	"fmt"
	"math"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// cube has the outputs x³ and scale·y; it saves x and its own first output.
type cube struct {
	scale float64
}

func (c *cube) Forward(ctx *torch.FunctionContext, in []*torch.Tensor) []*torch.Tensor {
	x, y := in[0], in[1]
	if x.Mul(x).RequiresGrad() {
		panic("forward is recorded")
	}
	out := x.Mul(x).Mul(x)
	ctx.SaveForBackward(x, out)
	return []*torch.Tensor{out, y.MulScalar(c.scale)}
}

func (c *cube) Backward(ctx *torch.FunctionContext, grads []*torch.Tensor) []*torch.Tensor {
	saved := ctx.SavedTensors()
	x, out := saved[0], saved[1]
	return []*torch.Tensor{grads[0].Mul(out.Div(x)).MulScalar(3), grads[1].MulScalar(c.scale)}
}

// function is a Function of two closures.
type function struct {
	forward, backward func(ctx *torch.FunctionContext, in []*torch.Tensor) []*torch.Tensor
}

func (f function) Forward(ctx *torch.FunctionContext, in []*torch.Tensor) []*torch.Tensor {
	return f.forward(ctx, in)
}

func (f function) Backward(ctx *torch.FunctionContext, in []*torch.Tensor) []*torch.Tensor {
	return f.backward(ctx, in)
}

func TestApply(t *testing.T) {
	noCallback(t)
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float64{1, -2, 3}).RequireGrad(true)
	y := torch.FromSlice(s, []float64{5, 6}).RequireGrad(true)
	before := torch.Live()
	out := torch.Apply(&cube{scale: 10}, x, y)
	if n := torch.Live() - before; n != 2 {
		t.Errorf("Apply left %d tensors, want its outputs", n)
	}
	if !out[0].RequiresGrad() || out[0].IsLeaf() || out[0].Scope() != s {
		t.Errorf("%v of scope %v", out[0], out[0].Scope())
	}
	torchtest.AllClose(t, out[0], torch.FromSlice(s, []float64{1, -8, 27}), 0, 0)
	torchtest.AllClose(t, out[1], torch.FromSlice(s, []float64{50, 60}), 0, 0)
	out[0].Sum().Add(out[1].Sum()).Backward()
	torchtest.AllClose(t, x.Grad(), torch.FromSlice(s, []float64{3, 12, 27}), 1e-14, 0)
	torchtest.AllClose(t, y.Grad(), torch.FromSlice(s, []float64{10, 10}), 0, 0)

	// One output only: the gradient of the other is zeros.
	torch.ZeroGrad([]*torch.Tensor{x, y})
	torch.Apply(&cube{scale: 10}, x, y)[1].Sum().Backward()
	torchtest.AllClose(t, x.Grad(), s.Zeros([]int{3}, torch.Float64, torch.CPU), 0, 0)

	// Nothing is recorded where nothing is to be.
	registered := torch.Callbacks()
	torch.NoGrad(func() {
		if torch.Apply(&cube{scale: 10}, x, y)[0].RequiresGrad() {
			t.Error("recorded inside NoGrad")
		}
	})
	if torch.Apply(&cube{scale: 10}, x.Detach(), y.Detach())[0].RequiresGrad() || torch.Callbacks() != registered {
		t.Error("recorded though no input requires grad")
	}
}

// TestApplyTwice differentiates x³ of a Function again: 6x, and by the saved
// input and the saved output both.
func TestApplyTwice(t *testing.T) {
	noCallback(t)
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float64{0.5, -2}).RequireGrad(true)
	in := []*torch.Tensor{x}
	first := torch.Gradients(torch.Apply(&cube{scale: 1}, x, x)[0].Sum(), in, true)[0]
	torchtest.AllClose(t, first, x.Mul(x).MulScalar(3), 1e-14, 0)
	second := torch.Gradients(first.Sum(), in, true)[0]
	torchtest.AllClose(t, second, x.MulScalar(6), 1e-14, 0)
	third := torch.Gradients(second.Sum(), in, false)[0]
	torchtest.AllClose(t, third, torch.FromSlice(s, []float64{6, 6}), 1e-14, 0)
}

func TestApplyFreed(t *testing.T) {
	noCallback(t)
	before, live := torch.Callbacks(), torch.Live()
	s := torch.NewScope()
	x := torch.FromSlice(s, []float64{1, 2}).RequireGrad(true)
	f := &cube{scale: 1}
	loss := torch.Apply(f, x, x)[0].Sum()
	if n := torch.Callbacks() - before; n != 1 {
		t.Errorf("%d functions, want 1", n)
	}
	loss.BackwardWith(torch.BackwardOptions{RetainGraph: true})
	loss.Backward()
	torchtest.AllClose(t, x.Grad(), x.Mul(x).MulScalar(6), 1e-14, 0)
	// The saved tensors are gone now.
	mustFail(t, torch.Runtime, loss.Backward, "cube", "second time")
	for range 3 { // graphs that no backward pass ever sees
		torch.Apply(f, torch.Apply(f, x, x)...)
	}
	s.Close()
	if n, m := torch.Callbacks()-before, torch.Live()-live; n != 0 || m != 0 {
		t.Errorf("%d functions and %d tensors are left", n, m)
	}
	// A graph of root tensors, freed by name and by the collector.
	r := torch.FromSlice(torch.Root, []float64{1, 2}).RequireGrad(true)
	out := torch.Apply(f, r, r)
	out[0].Free()
	out[1].Free()
	if n := torch.Callbacks() - before; n != 0 {
		t.Errorf("%d functions are left", n)
	}
	torch.Apply(f, r, r)
	r.Free()
	torchtest.Drain(live)
	if n := torch.Callbacks() - before; n != 0 {
		t.Errorf("%d functions are left after a collection", n)
	}
}

func TestFunctionContext(t *testing.T) {
	noCallback(t)
	s := torch.NewScope()
	defer s.Close()
	x, y := torch.FromSlice(s, []float64{1, 2}).RequireGrad(true), torch.FromSlice(s, []float64{3, 4})
	var escaped *torch.FunctionContext
	needs := ""
	f := function{
		func(ctx *torch.FunctionContext, in []*torch.Tensor) []*torch.Tensor {
			escaped = ctx
			needs += fmt.Sprint(ctx.NeedsInputGrad(0), ctx.NeedsInputGrad(1), ctx.NeedsInputGrad(2), ctx.NeedsInputGrad(-1), ";")
			mustFail(t, torch.Value, func() { ctx.SavedTensors() }, "function", "SavedTensors belongs into Backward")
			ctx.SetMaterializeGrads(false)
			half := in[0].MulScalar(0.5)
			ctx.MarkNonDifferentiable(half)
			return []*torch.Tensor{half, in[0].Add(in[1]), in[0].Argmax(0, false), in[0].Neg()}
		},
		func(ctx *torch.FunctionContext, g []*torch.Tensor) []*torch.Tensor {
			needs += fmt.Sprint(ctx.NeedsInputGrad(0), ctx.NeedsInputGrad(1), ctx.NeedsInputGrad(2), ctx.NeedsInputGrad(-1), ";")
			mustFail(t, torch.Value, func() { ctx.SaveForBackward(x) }, "SaveForBackward belongs into Forward")
			if g[0] != nil || g[1] == nil || g[2] != nil || g[3] != nil {
				t.Errorf("gradients %v, want the second only", g)
			}
			if len(ctx.SavedTensors()) != 0 {
				t.Error("nothing was saved")
			}
			return []*torch.Tensor{g[1], g[1].MulScalar(math.NaN())} // y's is ignored
		},
	}
	out := torch.Apply(f, x, y)
	if out[0].RequiresGrad() || !out[1].RequiresGrad() || out[2].RequiresGrad() || !out[3].RequiresGrad() {
		t.Errorf("outputs %v", out)
	}
	out[1].Sum().Backward()
	torchtest.AllClose(t, x.Grad(), torch.FromSlice(s, []float64{1, 1}), 0, 0)
	if want := "true false false false;true false false false;"; needs != want {
		t.Errorf("needs %q, want %q", needs, want)
	}
	for name, fn := range map[string]func(){
		"SaveForBackward":       func() { escaped.SaveForBackward(x) },
		"SavedTensors":          func() { escaped.SavedTensors() },
		"SetMaterializeGrads":   func() { escaped.SetMaterializeGrads(true) },
		"MarkNonDifferentiable": func() { escaped.MarkNonDifferentiable(x) },
	} {
		mustFail(t, torch.Value, fn, name)
	}
}

// TestApplyAliases returns inputs, views of them, one tensor twice, and a
// tensor of somebody else: none of these gets the function's history itself.
func TestApplyAliases(t *testing.T) {
	noCallback(t)
	s := torch.NewScope()
	defer s.Close()
	x, other := torch.FromSlice(s, []float64{1, 2}).RequireGrad(true), torch.FromSlice(s, []float64{7, 8})
	f := function{
		func(ctx *torch.FunctionContext, in []*torch.Tensor) []*torch.Tensor {
			y := in[0].MulScalar(2)
			ctx.SaveForBackward(y, in[0], other)
			return []*torch.Tensor{in[0], in[0].View([]int{2, 1}), y, y, other}
		},
		func(ctx *torch.FunctionContext, g []*torch.Tensor) []*torch.Tensor {
			saved := ctx.SavedTensors()
			torchtest.AllClose(t, saved[0], x.MulScalar(2), 0, 0)
			torchtest.AllClose(t, saved[1], x, 0, 0)
			torchtest.AllClose(t, saved[2], other, 0, 0)
			return []*torch.Tensor{g[0].Add(g[1].View([]int{2})).Add(g[2].MulScalar(10)).Add(g[3].MulScalar(100)).Add(g[4].MulScalar(1000))}
		},
	}
	for i, want := range []float64{1, 1, 10, 100, 1000} {
		torch.ZeroGrad([]*torch.Tensor{x})
		torch.Apply(f, x)[i].Sum().Backward()
		torchtest.AllClose(t, x.Grad(), torch.FromSlice(s, []float64{want, want}), 0, 0)
	}
	if other.RequiresGrad() || !x.IsLeaf() {
		t.Error("an operand was drawn into the graph")
	}
}

func TestApplyFails(t *testing.T) {
	noCallback(t)
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float64{1, 2}).RequireGrad(true)
	same := func(_ *torch.FunctionContext, in []*torch.Tensor) []*torch.Tensor { return in }
	exp := func(ctx *torch.FunctionContext, in []*torch.Tensor) []*torch.Tensor {
		ctx.SaveForBackward(in...)
		return []*torch.Tensor{in[0].Exp()}
	}
	type call = func(*torch.FunctionContext, []*torch.Tensor) []*torch.Tensor
	apply := func(forward, backward call) func() {
		return func() { torch.Apply(function{forward, backward}, x)[0].Sum().Backward() }
	}
	before := torch.Live()
	mustFail(t, torch.Index, apply(func(_ *torch.FunctionContext, in []*torch.Tensor) []*torch.Tensor {
		return []*torch.Tensor{in[0].Softmax(5)}
	}, same), "softmax")
	mustFail(t, torch.Closed, apply(func(*torch.FunctionContext, []*torch.Tensor) []*torch.Tensor { return []*torch.Tensor{nil} }, same), "function", "nil")
	if n := torch.Live() - before; n != 0 {
		t.Errorf("the failures left %d tensors", n)
	}
	mustFail(t, torch.Value, apply(exp, func(*torch.FunctionContext, []*torch.Tensor) []*torch.Tensor { return nil }), "backward", "function", "0 gradients for 1 inputs")
	mustFail(t, torch.Runtime, apply(exp, func(_ *torch.FunctionContext, g []*torch.Tensor) []*torch.Tensor {
		return []*torch.Tensor{g[0].Expand([]int{3, 2}).T()}
	}), "functionBackward", "invalid gradient")
	mustFail(t, torch.Index, apply(exp, func(_ *torch.FunctionContext, g []*torch.Tensor) []*torch.Tensor {
		return []*torch.Tensor{g[0].Softmax(5)}
	}), "backward", "softmax")
	func() {
		defer func() {
			if r := recover(); r != "mine" {
				t.Errorf("recovered %v", r)
			}
		}()
		apply(exp, func(*torch.FunctionContext, []*torch.Tensor) []*torch.Tensor { panic("mine") })()
	}()
	// What was saved must not change.
	y := torch.Apply(&cube{scale: 1}, x, x)
	torch.NoGrad(func() { x.Zero() })
	mustFail(t, torch.Runtime, y[0].Sum().Backward, "cube", "modified by an inplace operation")
}
