package torch_test

import (
	"runtime"
	"slices"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

func TestJoin(t *testing.T) {
	torchtest.NoLeak(t)
	root := vector(torch.Root, 1)
	outer := torch.NewScope()
	defer outer.Close()
	inner, sibling := outer.Child(), outer.Child()
	defer inner.Close()
	defer sibling.Close()
	a, b, c := vector(outer, 1), vector(inner, 2), vector(sibling, 3)
	for name, p := range map[string]struct {
		got  *torch.Tensor
		want *torch.Scope
	}{
		"root and root":               {root.Add(root), torch.Root},
		"root and outer":              {root.Add(a), outer},
		"outer and root":              {a.Add(root), outer},
		"outer and inner":             {a.Add(b), inner},
		"inner and outer":             {b.Add(a), inner},
		"first of two equally deep":   {b.Add(c), inner},
		"first of two, the other way": {c.Add(b), sibling},
		"an optional operand":         {a.Reshape([]int{1, 1}).Linear(root.Reshape([]int{1, 1}), b), inner},
		"the last of a list":          {torch.Cat([]*torch.Tensor{root, a, c}, 0), sibling},
		"an index":                    {root.Index(torch.FromSlice(inner, []int64{0})), inner},
		"in place stays":              {a.AddInPlace(b, 1), outer},
	} {
		if p.got.Scope() != p.want {
			t.Errorf("%s: scope %v, want %v", name, p.got.Scope(), p.want)
		}
	}
	for _, part := range b.Split(1, 0) {
		if part.Scope() != inner {
			t.Errorf("part of a split in %v", part.Scope())
		}
	}
}

func TestUseSharesMemory(t *testing.T) {
	torchtest.NoLeak(t)
	x := vector(torch.Root, 1, 2)
	defer x.Free()
	s := torch.NewScope()
	y := s.Use(x)
	y.MulScalarInPlace(3)
	if y.Scope() != s || y == x {
		t.Errorf("Use gave %p in %v for %p", y, y.Scope(), x)
	}
	s.Close()
	if got := torch.ToSlice[float32](x); !slices.Equal(got, []float32{3, 6}) {
		t.Errorf("x is %v after the scope of its second name was closed", got)
	}
	mustFail(t, torch.Closed, func() { y.Neg() }, "neg", "of depth 1")
}

func TestUseAfterClose(t *testing.T) {
	torchtest.NoLeak(t)
	outer := torch.NewScope()
	s := outer.Child()
	x, y := vector(s, 1), vector(outer, 1)
	s.Close()
	s.Close()
	mustFail(t, torch.Closed, func() { x.Add(y) }, "add", "scope of depth 2 was closed")
	mustFail(t, torch.Closed, func() { y.Add(x) }, "add", "scope of depth 2 was closed")
	mustFail(t, torch.Closed, func() { y.Linear(y, x) }, "linear")
	mustFail(t, torch.Closed, func() { torch.Cat([]*torch.Tensor{y, x}, 0) }, "cat")
	mustFail(t, torch.Closed, func() { x.Shape() }, "Shape")
	mustFail(t, torch.Closed, func() { x.Item() }, "Item")
	mustFail(t, torch.Closed, func() { x.Backward() }, "backward")
	mustFail(t, torch.Closed, func() { x.Keep() }, "MoveTo")
	mustFail(t, torch.Closed, func() { y.MoveTo(s) }, "MoveTo", "scope of depth 2 was closed")
	mustFail(t, torch.Closed, func() { s.Use(y) }, "Use")
	mustFail(t, torch.Closed, func() { s.Child() }, "Child")
	mustFail(t, torch.Closed, func() { s.Zeros([]int{1}, torch.Float32, torch.CPU) }, "full")
	mustFail(t, torch.Closed, func() { torch.FromSlice(s, []float32{1}) }, "FromSlice")
	mustFail(t, torch.Closed, func() { y.Add(nil) }, "add", "nil")
	x.Free() // nothing left to do
	outer.Close()
	mustFail(t, torch.Closed, func() { y.Neg() }, "depth 1")
	torch.Root.Close()
}

// TestCloseOrder closes the outer scope first: each scope frees its own only.
func TestCloseOrder(t *testing.T) {
	torchtest.NoLeak(t)
	outer := torch.NewScope()
	inner := outer.Child()
	x := inner.Use(vector(outer, 1, 2))
	outer.Close()
	if got := torch.ToSlice[float32](x); !slices.Equal(got, []float32{1, 2}) {
		t.Errorf("%v after the outer scope was closed", got)
	}
	inner.Close()
}

func TestFree(t *testing.T) {
	torchtest.NoLeak(t)
	before := torch.Live()
	s := torch.NewScope()
	defer s.Close()
	x, root := vector(s, 1), vector(torch.Root, 2)
	x.Free()
	x.Free()
	root.Free()
	if n := torch.Live() - before; n != 0 || s.Len() != 0 {
		t.Errorf("%d more tensors live, %d in the scope", n, s.Len())
	}
	mustFail(t, torch.Closed, func() { x.Neg() }, "neg", "freed")
	mustFail(t, torch.Closed, func() { root.Neg() }, "neg", "freed")
}

func TestMoveToAndKeep(t *testing.T) {
	torchtest.NoLeak(t)
	outer := torch.NewScope()
	inner := outer.Child()
	x, y, z := vector(inner, 1), vector(inner, 2), vector(inner, 3)
	if x.MoveTo(outer) != x || x.Scope() != outer {
		t.Errorf("MoveTo gave a tensor of %v", x.Scope())
	}
	if y.Keep().Scope() != torch.Root {
		t.Errorf("Keep gave a tensor of %v", y.Scope())
	}
	y.Keep()
	if inner.Len() != 1 || outer.Len() != 1 || torch.Root.Len() != 0 {
		t.Errorf("%d in inner, %d in outer, want 1 and 1", inner.Len(), outer.Len())
	}
	inner.Close()
	mustFail(t, torch.Closed, func() { z.Neg() })
	outer.Close()
	if y.Item() != 2 {
		t.Error("a kept tensor lost its value")
	}
	s := torch.NewScope()
	y.MoveTo(s)
	s.Close()
	mustFail(t, torch.Closed, func() { y.Neg() })
}

// TestLongLivedScope moves thousands of tensors through one scope, which must
// use their places again.
func TestLongLivedScope(t *testing.T) {
	torchtest.NoLeak(t)
	long := torch.NewScope()
	defer long.Close()
	vector(long, 0)
	for range 1000 {
		inner := long.Child()
		x, y := vector(inner, 1).MoveTo(long), vector(inner, 2).MoveTo(long)
		inner.Close()
		x.Free()
		if y.Item() != 2 || long.Len() != 2 {
			t.Fatalf("%v in a scope of %d", y.Item(), long.Len())
		}
		y.Free()
	}
	if n := long.Slots(); n > 3 {
		t.Errorf("the scope has %d places for at most 3 tensors at a time", n)
	}
}

func TestDo(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x, root := vector(s, 2), vector(torch.Root, 5)
	defer root.Free()
	var inside *torch.Scope
	y := s.Do(func(in *torch.Scope) *torch.Tensor {
		inside = in
		return in.Use(x).Exp().Log().Neg()
	})
	if y.Scope() != s || math32(y) != -2 || s.Len() != 2 {
		t.Errorf("%v in %v, which has %d tensors", y, y.Scope(), s.Len())
	}
	mustFail(t, torch.Closed, func() { inside.Use(x) })
	if s.Do(func(*torch.Scope) *torch.Tensor { return nil }) != nil {
		t.Error("nil was not passed on")
	}
	if s.Do(func(*torch.Scope) *torch.Tensor { return x }) != x {
		t.Error("a result of the outer scope was not passed on")
	}
	z := s.Do(func(*torch.Scope) *torch.Tensor { return root })
	if z.Scope() != s || root.Scope() != torch.Root {
		t.Errorf("a root tensor went to %v, its name in %v", root.Scope(), z.Scope())
	}
	mustFail(t, torch.Index, func() {
		s.Do(func(in *torch.Scope) *torch.Tensor { inside = in; return in.Use(x).Softmax(7) })
	})
	mustFail(t, torch.Closed, func() { inside.Use(x) }) // closed by the panic
	kept := torch.Root.Do(func(in *torch.Scope) *torch.Tensor { return vector(in, 1, 2).Sum() })
	if kept.Scope() != torch.Root || kept.Item() != 3 {
		t.Errorf("%v in %v", kept, kept.Scope())
	}
}

func TestTidy(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := vector(s, 1, 2)
	y := torch.Tidy(x, func(x *torch.Tensor) *torch.Tensor { return x.Exp().AddScalar(1).Log() })
	if y.Scope() != s || s.Len() != 2 {
		t.Errorf("result in %v, which has %d tensors", y.Scope(), s.Len())
	}
}

// TestForgottenScope checks the safety net: a scope that nobody closed.
func TestForgottenScope(t *testing.T) {
	torchtest.NoLeak(t)
	before := torch.Live()
	x := func() *torch.Tensor {
		s := torch.NewScope()
		vector(s, 1)
		return vector(s, 2)
	}()
	runtime.GC()
	if torch.Live() != before+2 || x.Item() != 2 {
		t.Error("a scope was collected while one of its tensors was in use")
	}
	runtime.KeepAlive(x)
	x = nil
	if n := torchtest.Drain(before); n != before {
		t.Errorf("%d tensors live, want %d", n, before)
	}
}

func TestScopeString(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	if s.String() != "of depth 1" || s.Child().Child().String() != "of depth 3" || torch.Root.String() != "root" {
		t.Errorf("%v, %v", s, torch.Root)
	}
}

func math32(x *torch.Tensor) float64 { return float64(float32(x.Item())) }
