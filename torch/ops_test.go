package torch_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// array is a tensor in a fixture of testdata/make.py.
type array struct {
	DType string  `json:"dtype"`
	Shape []int   `json:"shape"`
	Data  numbers `json:"data"`
	Grad  bool    `json:"grad"`
}

// numbers reads JSON numbers, booleans as 0 and 1, and "inf", "-inf", "nan".
type numbers []float64

func (n *numbers) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	var list []any
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	*n = make(numbers, len(list)) // not nil, which would be null
	for i, v := range list {
		switch v := v.(type) {
		case float64:
			(*n)[i] = v
		case bool:
			if v {
				(*n)[i] = 1
			}
		case string:
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				return err
			}
			(*n)[i] = f
		}
	}
	return nil
}

type opCase struct {
	Op      string             `json:"op"`
	Args    []any              `json:"args"`
	InPlace bool               `json:"inplace"`
	Smooth  bool               `json:"smooth"`
	Inputs  []array            `json:"inputs"`
	Result  *bool              `json:"result"`
	Outputs []array            `json:"outputs"`
	Grads   []numbers          `json:"grads"`
	After   map[string]numbers `json:"after"`
}

var dtypes = map[string]torch.DType{
	"uint8": torch.Uint8, "int8": torch.Int8, "int16": torch.Int16, "int32": torch.Int32, "int64": torch.Int64,
	"float16": torch.Float16, "bfloat16": torch.BFloat16, "complex64": torch.Complex64, "complex128": torch.Complex128,
	"float32": torch.Float32, "float64": torch.Float64, "bool": torch.Bool,
}

// opsOn is where the cases run, and how far results may be off there.
var opsOn = struct {
	device     torch.Device
	rtol, atol float64
}{torch.CPU, 1e-7, 1e-9}

// tensor is a tensor of s; one that takes a gradient is a leaf.
func (a array) tensor(s *torch.Scope) *torch.Tensor {
	if dtypes[a.DType].IsComplex() {
		return torch.FromSlice(s, a.Data).Reshape(append(slices.Clone(a.Shape), 2)).ViewAsComplex().To(opsOn.device, dtypes[a.DType])
	}
	return torch.FromSlice(s, a.Data).Reshape(a.Shape).To(opsOn.device, dtypes[a.DType]).Detach().RequireGrad(a.Grad)
}

func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func opCases(t *testing.T, path string) []opCase {
	var file struct{ Cases []opCase }
	readJSON(t, path, &file)
	return file.Cases
}

// TestOps runs every bound op forwards and backwards, compares it with what
// PyTorch computed, and its gradients with differences of its values.
func TestOps(t *testing.T) {
	for i, c := range opCases(t, "testdata/ops.json") {
		t.Run(fmt.Sprintf("%s/%d", c.Op, i), func(t *testing.T) {
			torchtest.NoLeak(t)
			s := torch.NewScope()
			defer s.Close()
			c.check(t, s)
		})
	}
}

// tensors makes the inputs and names those that take a gradient.
func (c opCase) tensors(s *torch.Scope) (inputs, leaves []*torch.Tensor) {
	for _, a := range c.Inputs {
		x := a.tensor(s)
		inputs = append(inputs, x)
		if a.Grad {
			leaves = append(leaves, x)
		}
	}
	return inputs, leaves
}

// call returns the tensors that the op returns, and its answer if it is a bool.
func (c opCase) call(t *testing.T, s *torch.Scope, inputs []*torch.Tensor) (outputs []*torch.Tensor, answer *bool) {
	for _, r := range callOp(t, s, c.Op, c.Args, inputs) {
		switch r := r.Interface().(type) {
		case *torch.Tensor:
			outputs = append(outputs, r)
		case []*torch.Tensor:
			outputs = append(outputs, r...)
		case bool:
			answer = &r
		}
	}
	return outputs, answer
}

// receiving returns the inputs for one call: an op in place gets a copy of the
// first, for a leaf that takes a gradient must not be changed.
func (c opCase) receiving(inputs []*torch.Tensor) []*torch.Tensor {
	if !c.InPlace {
		return inputs
	}
	return append([]*torch.Tensor{inputs[0].Clone()}, inputs[1:]...)
}

func (c opCase) check(t *testing.T, s *torch.Scope) {
	inputs, leaves := c.tensors(s)
	receiver := c.receiving(inputs)
	outputs, answer := c.call(t, s, receiver)
	if (answer == nil) != (c.Result == nil) || answer != nil && *answer != *c.Result {
		t.Errorf("the answer is wrong or missing")
	}
	if len(outputs) != len(c.Outputs) {
		t.Fatalf("%d outputs, want %d", len(outputs), len(c.Outputs))
	}
	if c.InPlace && outputs[0] != receiver[0] {
		t.Error("an op in place returned another tensor")
	}
	var loss *torch.Tensor
	for i, want := range c.Outputs {
		got := outputs[i]
		if got.DType() != dtypes[want.DType] {
			t.Errorf("output %d is %v, want %s", i, got.DType(), want.DType)
		}
		if !slices.Equal(got.Shape(), want.Shape) {
			t.Fatalf("output %d has shape %v, want %v", i, got.Shape(), want.Shape)
		}
		if got.DType().IsComplex() {
			got = got.ViewAsReal()
		}
		torchtest.Close(t, torch.ToSlice[float64](got), want.Data, got.Shape(), opsOn.rtol, opsOn.atol)
		if got.RequiresGrad() {
			part := weights(s, got.Shape()).Mul(got).Sum()
			if loss != nil {
				part = part.Add(loss)
			}
			loss = part
		}
	}
	for i, before := range c.Inputs {
		if _, changed := c.After[strconv.Itoa(i)]; !changed && !before.Grad && !dtypes[before.DType].IsComplex() {
			torchtest.Close(t, torch.ToSlice[float64](inputs[i]), before.Data, before.Shape, 0, 0)
		}
	}
	for i, after := range c.After {
		n, _ := strconv.Atoi(i)
		torchtest.Close(t, torch.ToSlice[float64](inputs[n]), after, c.Inputs[n].Shape, opsOn.rtol, opsOn.atol)
	}
	if (loss == nil) != (len(c.Grads) == 0) {
		t.Fatalf("differentiable: %v, in PyTorch: %v", loss != nil, len(c.Grads) > 0)
	}
	if loss == nil {
		return
	}
	loss.Backward()
	for i, want := range c.Grads {
		got := inputs[i].Grad()
		if (got == nil) != (want == nil) {
			t.Errorf("input %d has the gradient %v, want %v", i, got, want)
		} else if got != nil {
			torchtest.Close(t, torch.ToSlice[float64](got), want, c.Inputs[i].Shape, opsOn.rtol, opsOn.atol)
		}
	}
	if c.Smooth {
		torchtest.GradCheck(t, func() []*torch.Tensor {
			outputs, _ := c.call(t, s, c.receiving(inputs))
			return outputs
		}, leaves...)
	}
}

// weights is the function of the same name in testdata/make.py.
func weights(s *torch.Scope, shape []int) *torch.Tensor {
	n := 1
	for _, size := range shape {
		n *= size
	}
	w := make([]float64, n)
	for i := range w {
		w[i] = float64((7*i)%11-5) / 4
	}
	return torch.FromSlice(s, w).Reshape(shape).ToDevice(opsOn.device)
}

// callOp calls the method, or the function, of this name.
func callOp(t *testing.T, s *torch.Scope, op string, args []any, inputs []*torch.Tensor) []reflect.Value {
	fn := reflect.ValueOf(functions[op])
	if !fn.IsValid() {
		method, ok := reflect.TypeFor[*torch.Tensor]().MethodByName(op)
		if !ok {
			if fn = reflect.ValueOf(s).MethodByName(op); !fn.IsValid() {
				t.Fatalf("there is no method %s", op)
			}
		} else {
			fn = method.Func
		}
	}
	if fn.Type().NumIn() != len(args) {
		t.Fatalf("%s takes %d arguments, the case has %d", op, fn.Type().NumIn(), len(args))
	}
	in := make([]reflect.Value, len(args))
	for i, a := range args {
		in[i] = goValue(a, fn.Type().In(i), inputs)
	}
	return fn.Call(in)
}

// functions are the bound ops that are no methods.
var functions = map[string]any{
	"Cat": torch.Cat, "Stack": torch.Stack, "Einsum": torch.Einsum, "Meshgrid": torch.Meshgrid,
	"CartesianProd": torch.CartesianProd, "BlockDiag": torch.BlockDiag, "ChainMatmul": torch.ChainMatmul,
	"ForeachAdd": torch.ForeachAdd, "ForeachMulScalar": torch.ForeachMulScalar, "ForeachSqrt": torch.ForeachSqrt,
	"ForeachNorm": torch.ForeachNorm, "ForeachZero": torch.ForeachZero, "ForeachCopy": torch.ForeachCopy,
	"ForeachAddInPlace": torch.ForeachAddInPlace, "ForeachAddScalarInPlace": torch.ForeachAddScalarInPlace,
	"ForeachMulInPlace": torch.ForeachMulInPlace, "ForeachMulScalarInPlace": torch.ForeachMulScalarInPlace,
	"ForeachMulTensorInPlace": torch.ForeachMulTensorInPlace, "ForeachDivInPlace": torch.ForeachDivInPlace,
	"ForeachSqrtInPlace": torch.ForeachSqrtInPlace, "ForeachLerpInPlace": torch.ForeachLerpInPlace,
	"ForeachAddcmulInPlace": torch.ForeachAddcmulInPlace, "ForeachAddcdivInPlace": torch.ForeachAddcdivInPlace,
	"FusedSGD": torch.FusedSGD, "FusedAdam": torch.FusedAdam, "FusedAdamW": torch.FusedAdamW,
}

// goValue makes the argument of type want of what the JSON says.
func goValue(a any, want reflect.Type, inputs []*torch.Tensor) reflect.Value {
	switch a := a.(type) {
	case nil:
		return reflect.Zero(want)
	case []any:
		list := reflect.MakeSlice(want, 0, len(a))
		for _, v := range a {
			list = reflect.Append(list, reflect.ValueOf(v).Convert(want.Elem()))
		}
		return list
	case map[string]any:
		for kind, v := range a {
			switch kind {
			case "tensor":
				return reflect.ValueOf(inputs[int(v.(float64))])
			case "generator":
				return reflect.ValueOf(torch.NewGenerator(uint64(v.(float64)), opsOn.device))
			case "dtype":
				return reflect.ValueOf(dtypes[v.(string)])
			case "device":
				return reflect.ValueOf(opsOn.device)
			}
		}
		var list []*torch.Tensor
		for _, i := range a["tensors"].([]any) {
			if i == nil {
				list = append(list, nil)
			} else {
				list = append(list, inputs[int(i.(float64))])
			}
		}
		return reflect.ValueOf(list)
	}
	return reflect.ValueOf(a).Convert(want)
}

// TestOpsComplete makes sure that no op of ops.txt lacks a case.
func TestOpsComplete(t *testing.T) {
	have := map[string]bool{}
	for _, c := range opCases(t, "testdata/ops.json") {
		have[c.Op] = true
	}
	for name := range atenNames(t) {
		if !have[name] {
			t.Errorf("testdata/make.py has no case of %s", name)
		}
	}
}

// atenNames returns the ATen name of every op of ops.txt by its Go name.
func atenNames(t *testing.T) map[string]string {
	text, err := os.ReadFile("ops.txt")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^(\w+)\(.*?\) = (\w+)`).FindAllStringSubmatch(string(text), -1) {
		names[m[1]] = m[2]
	}
	return names
}

// TestOpsRefuseFreedOperands gives every op each of its operands freed.
func TestOpsRefuseFreedOperands(t *testing.T) {
	torchtest.NoLeak(t)
	names := atenNames(t)
	for _, c := range opCases(t, "testdata/ops.json") {
		for i := range c.Inputs {
			s := torch.NewScope()
			inputs, _ := c.tensors(s)
			inputs[i].Free()
			err := torch.Try(func() { c.call(t, s, inputs) })
			var e *torch.Error
			if !errors.As(err, &e) || e.Kind != torch.Closed || e.Op != names[c.Op] {
				t.Errorf("%s with input %d freed: error %v", c.Op, i, err)
			}
			s.Close()
		}
	}
}

// TestFixturesCurrent makes the fixtures again where python3 has PyTorch.
func TestFixturesCurrent(t *testing.T) {
	if testing.Short() {
		t.Skip("starting PyTorch takes seconds")
	}
	version, err := exec.Command("python3", "-c", "import torch; print(torch.__version__.split('+')[0], end='')").Output()
	if err != nil || string(version) != torch.Version() {
		t.Skipf("python3 has no PyTorch %s", torch.Version())
	}
	dir := t.TempDir()
	if out, err := exec.Command("python3", "testdata/make.py", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range []string{"ops.json", "random.json"} {
		var now, before any
		readJSON(t, filepath.Join(dir, name), &now)
		readJSON(t, filepath.Join("testdata", name), &before)
		if where := difference(now, before); where != "" {
			t.Errorf("%s differs from what testdata/make.py writes at %s", name, where)
		}
	}
}

// difference returns the path to the first place where two JSON values differ
// by more than rounding, or "".
func difference(a, b any) string {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return "/"
		}
		for k := range a {
			if d := difference(a[k], b[k]); d != "" {
				return "/" + k + d
			}
		}
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return "/"
		}
		for i := range a {
			if d := difference(a[i], b[i]); d != "" {
				return fmt.Sprintf("/%d%s", i, d)
			}
		}
	case float64:
		if b, ok := b.(float64); !ok || math.Abs(a-b) > 1e-6*(1+math.Abs(b)) {
			return "/"
		}
	default:
		if a != b {
			return "/"
		}
	}
	return ""
}
