package torch_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// boundOp is a line of ops.txt.
type boundOp struct {
	name    string   // with the overload
	exposed []string // names of the arguments that Go shows beside the receiver
}

func boundOps(t testing.TB) map[string]boundOp {
	t.Helper()
	text, err := os.ReadFile("ops.txt")
	if err != nil {
		t.Fatal(err)
	}
	ops := map[string]boundOp{}
	line := regexp.MustCompile(`(?m)^(\w+)\(([^)]*)\) = ([\w.]+)\(`)
	for _, m := range line.FindAllStringSubmatch(string(text), -1) {
		op := boundOp{name: m[3]}
		if m[2] != "" {
			for _, name := range strings.Split(m[2], ", ") {
				name, _, _ = strings.Cut(name, ":") // a type of its own in Go
				op.exposed = append(op.exposed, name)
			}
		}
		ops[m[1]] = op
	}
	return ops
}

// TestCallEqualsBoundOps calls the ops that are bound by name, and gets what
// PyTorch computed.
func TestCallEqualsBoundOps(t *testing.T) {
	bound := boundOps(t)
	called := 0
	for i, c := range opCases(t, "testdata/ops.json") {
		op, ok := bound[c.Op]
		if !ok {
			continue
		}
		method, ok := reflect.TypeFor[*torch.Tensor]().MethodByName(c.Op)
		if !ok || method.Type.NumIn() != len(c.Args) || len(op.exposed) != len(c.Args)-1 {
			continue
		}
		called++
		t.Run(fmt.Sprintf("%s/%d", c.Op, i), func(t *testing.T) {
			torchtest.NoLeak(t)
			s := torch.NewScope()
			defer s.Close()
			inputs, _ := c.tensors(s)
			inputs = c.receiving(inputs)
			named := torch.Named{}
			for i, name := range op.exposed {
				if typ := method.Type.In(i + 1); c.Args[i+1] != nil || typ.Kind() != reflect.Slice { // else the default
					named[name] = anyArgument(c.Args[i+1], typ, inputs)
				}
			}
			var result torch.IValue
			var err error
			torch.NoGrad(func() { result, err = torch.Call(op.name, inputs[0], named) })
			if err != nil {
				t.Fatal(err)
			}
			if c.Result != nil {
				if result.Bool() != *c.Result {
					t.Errorf("result %v", result)
				}
				return
			}
			outputs := result.Tensors()
			if len(outputs) != len(c.Outputs) {
				t.Fatalf("%d outputs, want %d", len(outputs), len(c.Outputs))
			}
			if c.InPlace && outputs[0] != inputs[0] {
				t.Error("an op in place returned another tensor")
			}
			for i, want := range c.Outputs {
				got := outputs[i]
				if got.DType() != dtypes[want.DType] || got.Scope() != s || !slices.Equal(got.Shape(), want.Shape) {
					t.Errorf("output %d is %v %v in scope %v, want %s %v", i, got.DType(), got.Shape(), got.Scope(), want.DType, want.Shape)
				}
				if got.DType().IsComplex() {
					got = got.ViewAsReal()
				}
				torchtest.Close(t, torch.ToSlice[float64](got), want.Data, got.Shape(), 1e-7, 1e-9)
			}
		})
	}
	if called < 200 {
		t.Errorf("only %d cases were called", called)
	}
}

// anyArgument is goValue as an argument of Call: whole numbers are ints, which
// every schema takes where it takes numbers.
func anyArgument(a any, want reflect.Type, inputs []*torch.Tensor) any {
	v := goValue(a, want, inputs).Interface()
	if f, ok := v.(float64); ok && f == math.Trunc(f) && !math.IsInf(f, 0) {
		return int(f)
	}
	return v
}

func call(t testing.TB, name string, args ...any) torch.IValue {
	t.Helper()
	v, err := torch.Call(name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func floats(v torch.IValue) []float64 { return torch.ToSlice[float64](v.Tensor()) }

func near(t *testing.T, what string, got []float64, want ...float64) {
	t.Helper()
	t.Run(what, func(t *testing.T) { torchtest.Close(t, got, want, nil, 1e-6, 1e-6) })
}

func TestCallNamesAndOverloads(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := vector(s, 1, 2)
	near(t, "overload", floats(call(t, "aten::add.Tensor", x, x)), 2, 4)
	near(t, "no namespace", floats(call(t, "add.Tensor", x, x)), 2, 4)
	near(t, "the overload that fits: Tensor", floats(call(t, "add", x, x)), 2, 4)
	near(t, "the overload that fits: Scalar", floats(call(t, "add", x, 3)), 4, 5)
	near(t, "keyword", floats(call(t, "add", x, x, torch.Named{"alpha": 2})), 3, 6)
	near(t, "all by name", floats(call(t, "add", torch.Named{"alpha": 0.5, "other": x, "self": x})), 1.5, 3)
	near(t, "the overload of no name comes first", floats(call(t, "std", x)), math.Sqrt(.5))
	near(t, "default", floats(call(t, "leaky_relu", vector(s, -1, 1))), -.01, 1)
	near(t, "default overridden", floats(call(t, "leaky_relu", vector(s, -1, 1), .5)), -.5, 1)
	near(t, "one int for int[2]", floats(call(t, "avg_pool2d", x.Reshape([]int{1, 1, 1, 2}), 1)), 1, 2)
	near(t, "None for a nil slice", floats(call(t, "linalg_vector_norm", x, 1, []int(nil))), 3)
	near(t, "string", floats(call(t, "gelu", x, torch.Named{"approximate": "tanh"})), .8411920, 1.9545977)
	near(t, "list with None", floats(call(t, "index.Tensor", x.Reshape([]int{2, 1}), []*torch.Tensor{nil, s.Zeros([]int{1}, torch.Int64, torch.CPU)})), 1, 2)
	near(t, "scalars", floats(call(t, "clamp", x, nil, 1.5)), 1, 1.5)
	near(t, "complex", floats(call(t, "real", call(t, "mul", x, 2i).Tensor())), 0, 0)
	if got := call(t, "add.out", x, x, torch.Named{"out": x}).Tensor(); got != x {
		t.Error("out= is not returned as the operand itself")
	}
	near(t, "out", torch.ToSlice[float64](x), 2, 4)
	if got := call(t, "size", x, -1).Int(); got != 2 {
		t.Errorf("size %v", got)
	}
	if got := call(t, "_foreach_mul_.Scalar", []*torch.Tensor{x, x}, .5); !got.IsNone() {
		t.Errorf("an operator without results returned %v", got)
	}
	near(t, "foreach", torch.ToSlice[float64](x), .5, 1)
	if v := call(t, "sort", x, torch.Named{"descending": true}); v.Len() != 2 || v.At(1).Tensor().DType() != torch.Int64 {
		t.Errorf("sort gave %v", v)
	}
	if v := call(t, "can_cast", torch.Float32, torch.Int64); v.Bool() {
		t.Error("float32 casts to int64")
	}
	if v := call(t, "result_type", x, 1); v.Int() != int(torch.Float32) {
		t.Errorf("result type %v", v)
	}
}

// Operators without a method, against closed forms and PyTorch's documentation.
func TestCallUnboundOps(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	a := torch.FromSlice(s, []float64{0, -math.Pi / 3, math.Pi / 3, 0}, 2, 2)
	near(t, "matrix_exp of a rotation", floats(call(t, "linalg_matrix_exp", a)), .5, -math.Sqrt(.75), math.Sqrt(.75), .5)
	near(t, "bessel_j0", floats(call(t, "special_bessel_j0", torch.FromSlice(s, []float64{0, 1, 2.404825557695773}))), 1, math.J0(1), 0)
	near(t, "erfinv", floats(call(t, "erfinv", torch.FromSlice(s, []float64{math.Erf(.3)}))), .3)
	near(t, "lgamma", floats(call(t, "lgamma", torch.FromSlice(s, []float64{5}))), math.Log(24))
	v, err := s.Call("linspace", 0, 1, 5, torch.Named{"dtype": torch.Float64})
	if err != nil {
		t.Fatal(err)
	}
	if v.Tensor().Scope() != s || v.Tensor().DType() != torch.Float64 {
		t.Errorf("linspace gave %v in scope %v", v, v.Tensor().Scope())
	}
	near(t, "linspace", floats(v), 0, .25, .5, .75, 1)
	g := torch.NewGenerator(7, torch.CPU)
	drawn, err := s.Call("randn", []int{3}, torch.Named{"generator": g, "dtype": torch.Float32, "device": torch.CPU})
	if err != nil {
		t.Fatal(err)
	}
	g.Seed(7)
	torchtest.AllClose(t, drawn.Tensor(), g.Randn(s, []int{3}, torch.Float32), 0, 0)
	like := call(t, "empty_like", s.Zeros([]int{1, 2, 3, 3}, torch.Float32, torch.CPU), torch.Named{"memory_format": torch.ChannelsLast})
	if !like.Tensor().IsContiguous(torch.ChannelsLast) {
		t.Error("the memory format was lost")
	}
}

func TestCallIsDifferentiable(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float64{.5, 2}).RequireGrad(true)
	call(t, "lgamma", x).Tensor().Sum().Backward()
	near(t, "digamma", torch.ToSlice[float64](x.Grad()), floats(call(t, "digamma", x.Detach()))...)
	x.SetGrad(nil)
}

func TestCallScopes(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	deep := s.Child()
	defer deep.Close()
	root := torch.Scalar(torch.Root, 1.0)
	defer root.Free()
	x, y := vector(s, 1), vector(deep, 2)
	if got := call(t, "cat", []*torch.Tensor{x, y, root.Reshape([]int{1})}).Tensor().Scope(); got != deep {
		t.Errorf("the result of a list is in %v", got)
	}
	if got := call(t, "add.Tensor", x, root, torch.Named{"alpha": 2}).Tensor().Scope(); got != s {
		t.Errorf("the result is in %v", got)
	}
	lifted, err := s.Call("add.Tensor", y, x)
	if err != nil || lifted.Tensor().Scope() != s {
		t.Errorf("%v in the wrong scope, or %v", lifted, err)
	}
	kept := call(t, "zeros", []int{2}).Tensor()
	if kept.Scope() != torch.Root {
		t.Error("a factory's result is not in Root")
	}
	kept.Free()
}

func TestCallErrors(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	gone := torch.NewScope()
	closed := vector(gone, 1)
	gone.Close()
	x := vector(s, 1, 2)
	for _, c := range []struct {
		op   string
		args []any
		kind torch.Kind
		want []string
	}{
		{"aten::no_such_op", []any{x}, torch.Value, []string{"torch: aten::no_such_op(", "no such operator", "LoadLibrary"}},
		{"nothing::here.at", nil, torch.Value, []string{"no such operator"}},
		{"add.Tensor", []any{x}, torch.Value, []string{"argument other is missing", "aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor"}},
		{"add.Tensor", []any{x, "2"}, torch.Value, []string{"argument other (number 2) must be *Tensor, not string", "schema"}},
		{"add.Tensor", []any{x, x, 2}, torch.Value, []string{"3 arguments are given by position, but it takes 2", "Named"}},
		{"add.Tensor", []any{x, x, torch.Named{"beta": 2}}, torch.Value, []string{"no argument beta"}},
		{"add.Tensor", []any{x, x, torch.Named{"other": x}}, torch.Value, []string{"other is given twice"}},
		{"add.out", []any{x, x}, torch.Value, []string{"argument out is missing", "Named"}},
		{"sum.dim_IntList", []any{x, 1.5}, torch.Value, []string{"argument dim (number 2) must be []int or nil, not float64"}},
		{"sum.dim_IntList", []any{x, []float64{1}}, torch.Value, []string{"not []float64"}},
		{"sum.dim_IntList", []any{x, []int{0}, 1}, torch.Value, []string{"argument keepdim (number 3) must be bool, not int"}},
		{"to.dtype", []any{x, torch.DType(77)}, torch.Value, []string{"no dtype 77"}},
		{"zeros", []any{[]int{1}, torch.Named{"layout": 99}}, torch.Value, []string{"no layout 99"}},
		{"to.dtype", []any{x, 6}, torch.Value, []string{"must be DType, not int"}},
		{"to.dtype", []any{x, torch.Float32, torch.Named{"memory_format": 0}}, torch.Value, []string{"must be MemoryFormat or nil, not int"}},
		{"relu", []any{nil}, torch.Value, []string{"argument self (number 1) must be *Tensor, not nil"}},
		{"cat", []any{[]*torch.Tensor{x, nil}}, torch.Value, []string{"no overload takes these arguments", "must be []*Tensor, not a slice of *Tensor and, at 1, nil", "aten::cat(Tensor[] tensors"}},
		{"add", []any{"a", "b"}, torch.Value, []string{"no overload", "aten::add.Tensor(", "aten::add.Scalar("}},
		{"relu", []any{make(chan int)}, torch.Value, []string{"argument 1: a value of type chan int"}},
		{"relu", []any{torch.Named{}, x}, torch.Value, []string{"Named comes last"}},
		{"relu", []any{torch.Named{"self": []any{1, func() {}}}}, torch.Value, []string{"argument self: entry 1: a value of type func()"}},
		{"relu", []any{closed}, torch.Closed, []string{"relu: argument 1: used after its scope of depth 1 was closed"}},
		{"mm", []any{x, x}, torch.Runtime, []string{"mm(float32[2], float32[2])", "must be a matrix"}},
		{"softmax.int", []any{x, 3}, torch.Index, []string{"Dimension out of range"}},
		{"relu", []any{map[int]int{}}, torch.Value, []string{"string keys"}},
	} {
		_, err := torch.Call(c.op, c.args...)
		var e *torch.Error
		if !errors.As(err, &e) {
			t.Errorf("%s%v: error %v, want a *torch.Error", c.op, c.args, err)
			continue
		}
		if e.Kind != c.kind {
			t.Errorf("%s: kind %v, want %v", err, e.Kind, c.kind)
		}
		for _, part := range c.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q lacks %q", err, part)
			}
		}
	}
	if _, err := gone.Call("zeros", []int{1}); err == nil || !strings.Contains(err.Error(), "scope of depth 1 was closed") {
		t.Errorf("a closed scope: %v", err)
	}
}

func TestSchemas(t *testing.T) {
	all := torch.Schemas("aten::add")
	if !slices.Contains(all, "aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor") || len(all) < 4 {
		t.Errorf("schemas of add: %q", all)
	}
	if one := torch.Schemas("add_.Scalar"); len(one) != 1 {
		t.Errorf("schemas of add_.Scalar: %q", one)
	}
	for name, want := range map[string]bool{"aten::relu": true, "relu": true, "relu.nothing": false, "": false, "x::y": false, "aten::": false} {
		if torch.HasOp(name) != want {
			t.Errorf("HasOp(%q) is %v", name, !want)
		}
	}
}

func TestCallConcurrently(t *testing.T) {
	torchtest.NoLeak(t)
	shared := torch.Scalar(torch.Root, 2.0)
	defer shared.Free()
	names := []string{"exp2", "log1p", "square", "mul", "nothing", "atan2", "hypot", "sub"}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for round := range 50 {
				s := torch.NewScope()
				name := names[(i+round)%len(names)]
				_, err := torch.Call(name, s.Use(shared))
				two := name == "mul" || name == "atan2" || name == "hypot" || name == "sub"
				if wrong := two || name == "nothing"; wrong != (err != nil) {
					t.Errorf("%s: %v", name, err)
				}
				if two {
					if v, err := torch.Call(name, shared, s.Use(shared)); err != nil || v.Tensor().Scope() != s {
						t.Errorf("%s: %v, %v", name, v, err)
					}
				}
				s.Close()
			}
		})
	}
	wg.Wait()
}

func TestIValue(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := vector(s, 1, 2)
	v := call(t, "split.Tensor", x, 1)
	if v.String() != "[float32[1], float32[1]]" || v.Len() != 2 || len(v.Tensors()) != 2 {
		t.Errorf("split gave %v", v)
	}
	if call(t, "item", x.Select(0, 1)).Float() != 2 {
		t.Error("item")
	}
	for what, fn := range map[string]func(){
		"a tensor": func() { v.Tensor() }, "an int": func() { v.Int() }, "a bool": func() { v.Bool() }, "a string": func() { v.Text() },
		"a float": func() { v.Float() }, "not an int": func() { v.Ints() }, "a device": func() { v.Device() },
		"a complex": func() { v.Complex() }, "a list, tuple or dict": func() { v.At(0).Len() }, "a list or tuple": func() { v.At(0).Floats() },
	} {
		mustFail(t, torch.Value, fn, "torch: IValue: ", "is not", what)
	}
	mustFail(t, torch.Index, func() { v.At(2) }, "no entry 2 of 2")
	mustFail(t, torch.Index, func() { v.Get("a") }, `no entry "a"`)
	if (torch.IValue{}).String() != "None" || !(torch.IValue{}).IsNone() {
		t.Error("the zero value is not None")
	}
}

func BenchmarkCall(b *testing.B) {
	s := torch.NewScope()
	defer s.Close()
	x := s.Ones([]int{2, 2}, torch.Float32, torch.CPU)
	for name, add := range map[string]func(){
		"bound": func() { x.Add(x).Free() },
		"boxed": func() { call(b, "aten::add.Tensor", x, x).Tensor().Free() },
	} {
		b.Run("add/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				add()
			}
		})
	}
}
