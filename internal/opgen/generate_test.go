package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const torchDir = "../../torch"

// The generated files in the tree are what the generator writes now.
func TestGenerate(t *testing.T) {
	files, err := Generate(torchDir)
	if err != nil {
		t.Fatal(err)
	}
	if old := stale(torchDir, files); len(old) > 0 {
		t.Errorf("%q are left over; run go generate ./torch", old)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(torchDir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if string(got) != want {
			t.Errorf("torch/%s is not what ops.txt and shim/core.h give; run go generate ./torch, then ./build.sh", name)
		}
	}
}

func TestGenerateErrors(t *testing.T) {
	const neg = "Neg() = neg(Tensor self) -> Tensor\n  Neg returns −t.\n"
	for name, c := range map[string]struct{ ops, core, want string }{
		"no ops.txt":        {"", "void ct_init(void);\n", "ops.txt"},
		"no core.h":         {neg, "", "core.h"},
		"no cuda/core.h":    {neg, "void ct_init(void);\n", "cuda/core.h"},
		"bad line":          {neg + "Abs\n", "void ct_init(void);\n", "ops.txt: line 3: not of the form"},
		"type without C":    {neg + "Abs(x) = abs(Tensor self, Layout x) -> Tensor\n  Abs.\n", "void ct_init(void);\n", "ops.txt: line 3: Abs: no C type for the schema type Layout"},
		"result without C":  {"Size() = size(Tensor self) -> int\n  Size.\n", "void ct_init(void);\n", "ops.txt: line 1: Size: no C form for the result int"},
		"mixed results":     {"Two() = two(Tensor self) -> (Tensor, int)\n  Two.\n", "void ct_init(void);\n", "ops.txt: line 1: Two: no C form for the result int among several"},
		"taken name":        {"Init() = init(Tensor self) -> Tensor\n  Init.\n", "void ct_init(void);\n", "ops.txt: line 1: the C name ct_init is taken"},
		"default without C": {"Abs() = abs(Tensor self, Device d=cpu) -> Tensor\n  Abs.\n", "void ct_init(void);\n", "Abs: no C++ form for the default cpu of Device d"},
	} {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "shim"), 0o755); err != nil {
			t.Fatal(err)
		}
		for path, text := range map[string]string{"ops.txt": c.ops, "shim/core.h": c.core} {
			if text == "" {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		files, err := Generate(dir)
		if err == nil || !strings.Contains(err.Error(), c.want) || files != nil {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

// An argument that Go does not see is passed as the schema's default.
func TestDefaults(t *testing.T) {
	for schema, want := range map[string]string{
		"Scalar alpha=1":                               "at::Scalar(1)",
		"bool keepdim=False":                           "false",
		"bool sorted=True":                             "true",
		"int dim=-1":                                   "-1",
		"int reduction=Mean":                           "at::Reduction::Mean",
		"SymInt groups=1":                              "1",
		"float eps=1e-08":                              "1e-08",
		"str approximate='none'":                       `"none"`,
		"ScalarType? dtype=None":                       "::std::nullopt",
		"Tensor? weight=None":                          "::std::nullopt",
		"Tensor? weight":                               "::std::nullopt",
		"int[1]? dim=None":                             "{}",
		"int[2] padding=0":                             "at::IntArrayRef({0, 0})",
		"int[] dims=[0, 1]":                            "at::IntArrayRef({0, 1})",
		"str? rounding_mode='floor'":                   `"floor"`,
		`str mode="constant"`:                          `"constant"`,
		"ScalarType? dtype=long":                       "at::kLong",
		"bool? sorted=True":                            "true",
		"Scalar? p=2":                                  "at::Scalar(2)",
		"Device? device=None":                          "::std::nullopt",
		"float[]? scales=None":                         "{}",
		"int[2] stride=[]":                             "{}",
		"SymInt[2] dilation=1":                         "ct::constants({1, 1})",
		"MemoryFormat memory_format=contiguous_format": "at::MemoryFormat::Contiguous",
	} {
		arg, err := parseArg(schema)
		if err != nil {
			t.Errorf("%s: %v", schema, err)
			continue
		}
		if got, err := cppDefault(arg); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", schema, got, err, want)
		}
	}
	if got, err := cppDefault(Arg{Type: "Device", Name: "d", Default: "cpu"}); err == nil {
		t.Errorf("a default of an unknown type gave %s", got)
	}
}

// Each form of result and argument gives its own code on both sides.
func TestForms(t *testing.T) {
	for schema, want := range map[string]struct {
		proto, cpp string
		golang     []string
	}{
		"Neg() = neg(Tensor self) -> Tensor": {
			"ct_ret neg(ct_tensor self)",
			"return guard_tensor([&] { return at::_ops::neg::call(ct::ref(self)); });",
			[]string{"func (t *Tensor) Neg() *Tensor {", `s := join("neg", t)`, `return adopt("neg", s, C.ct_neg(t.h), t)`},
		},
		"Fill(value) = fill_.Scalar(Tensor(a!) self, Scalar value) -> Tensor(a!)": {
			"ct_err fill__Scalar(ct_tensor self, double value)",
			"return guard([&] { at::_ops::fill__Scalar::call(ct::ref(self), ct::scalar(value, self)); });",
			[]string{"func (t *Tensor) Fill(value float64) *Tensor {", "\njoin(", "return t\n"},
		},
		"Sort() = sort(Tensor self, int dim=-1) -> (Tensor values, Tensor indices)": {
			"ct_err sort(ct_tensor self, ct_tensor *out)",
			"return guard([&] { give_all(at::_ops::sort::call(ct::ref(self), -1), out); });",
			[]string{"func (t *Tensor) Sort() (*Tensor, *Tensor) {", "return s.wrap(out[0]), s.wrap(out[1])"},
		},
		"Split(split_size) = split.Tensor(Tensor(a -> *) self, SymInt split_size, int dim=0) -> Tensor(a)[]": {
			"ct_list split_Tensor(ct_tensor self, int64_t split_size)",
			"return guard_list([&] { return at::_ops::split_Tensor::call(ct::ref(self), split_size, 0); });",
			[]string{"func (t *Tensor) Split(splitSize int) []*Tensor {", "return adoptList("},
		},
		"Equal(other) = equal(Tensor self, Tensor other) -> bool": {
			"ct_flag equal(ct_tensor self, ct_tensor other)",
			"return guard_flag([&] { return at::_ops::equal::call(ct::ref(self), ct::ref(other)); });",
			[]string{"func (t *Tensor) Equal(other *Tensor) bool {", "return flag("},
		},
		"Cat(tensors, dim) = cat(Tensor[] tensors, int dim=0) -> Tensor": {
			"ct_ret cat(const ct_tensor *tensors, int64_t tensors_len, int64_t dim)",
			"at::_ops::cat::call(ct::list(tensors, tensors_len), dim)",
			[]string{"func Cat(tensors []*Tensor, dim int) *Tensor {", `join("cat", tensors...)`},
		},
		"Linear(weight, bias) = linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor": {
			"ct_ret linear(ct_tensor input, ct_tensor weight, ct_tensor bias)",
			"at::_ops::linear::call(ct::ref(input), ct::ref(weight), ct::optional(bias))",
			[]string{"(weight *Tensor, bias *Tensor) *Tensor", `s = joinOptional("linear", s, bias)`, "bias.optional()"},
		},
		"Pool(stride, scales) = pool(Tensor self, int[2] stride=1, float[]? scales=None, int[2]? size=None) -> Tensor": {
			"ct_ret pool(ct_tensor self, const int64_t *stride, int64_t stride_len, const double *scales, int64_t scales_len)",
			"at::_ops::pool::call(ct::ref(self), ct::ints(stride, stride_len, {1, 1}), ct::optional_floats(scales, scales_len), {})",
			[]string{"Pool(stride []int, scales []float64) *Tensor", "(*C.double)(unsafe.Pointer(unsafe.SliceData(scales))), C.int64_t(len(scales))"},
		},
		"SumDim(dim) = sum(Tensor self, int[1]? dim, SymInt[]? size=None) -> Tensor": {
			"ct_ret sum(ct_tensor self, const int64_t *dim, int64_t dim_len)",
			"at::_ops::sum::call(ct::ref(self), ct::optional_ints(dim, dim_len), {})",
			[]string{"SumDim(dim []int) *Tensor"},
		},
		"IndexPut(indices, values) = index_put(Tensor self, Tensor?[] indices, Tensor values) -> Tensor": {
			"ct_ret index_put(ct_tensor self, const ct_tensor *indices, int64_t indices_len, ct_tensor values)",
			"at::_ops::index_put::call(ct::ref(self), ct::optional_list(indices, indices_len), ct::ref(values))",
			[]string{`s := join("index_put", t, values)`, `s = joinOptional("index_put", s, indices...)`, "slices.Concat([]*Tensor{t, values}, indices)..."},
		},
		"ForeachAddInPlace(other) = _foreach_add_.List(Tensor(a!)[] self, Tensor[] other, *, Scalar alpha=1) -> ()": {
			"ct_err _foreach_add__List(const ct_tensor *self, int64_t self_len, const ct_tensor *other, int64_t other_len)",
			"return guard([&] { at::_ops::_foreach_add__List::call(ct::list(self, self_len), ct::list(other, other_len), at::Scalar(1)); });",
			[]string{"func ForeachAddInPlace(self []*Tensor, other []*Tensor) {", `join("_foreach_add_", self...)`, `joinMore("_foreach_add_", nil, other)`, "slices.Concat(self, other)...)\n}"},
		},
		"Einsum(equation, tensors) = einsum(str equation, Tensor[] tensors, *, int[]? path=None) -> Tensor": {
			"ct_ret einsum(const char *equation, int64_t equation_len, const ct_tensor *tensors, int64_t tensors_len)",
			"at::_ops::einsum::call(std::string_view(equation, equation_len), ct::list(tensors, tensors_len), {})",
			[]string{"func Einsum(equation string, tensors []*Tensor) *Tensor {"},
		},
		"Draw(generator) = bernoulli(Tensor self, *, Generator? generator=None) -> Tensor": {
			"ct_ret bernoulli(ct_tensor self, ct_generator generator)",
			"at::_ops::bernoulli::call(ct::ref(self), ct::generator(generator))",
			[]string{"Draw(generator *Generator) *Tensor", "defer runtime.KeepAlive(generator)", `generator.handle("bernoulli")`},
		},
		"Linspace(start, steps, dtype, device) = linspace(Scalar start, int steps, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None) -> Tensor": {
			"ct_ret linspace(double start, int64_t steps, int8_t dtype, int8_t device_type, int8_t device_index)",
			"at::_ops::linspace::call(at::Scalar(start), steps, ct::dtype(dtype), ::std::nullopt, ct::device(device_type, device_index))",
			[]string{"func (s *Scope) Linspace(start float64, steps int, dtype DType, device Device) *Tensor {", `s.mustOpen("linspace")`, `mustHave("linspace", device)`},
		},
		"EqInt(other:int) = eq.Scalar(Tensor self, Scalar other) -> Tensor": {
			"ct_ret eq_Scalar(ct_tensor self, int64_t other)",
			"at::_ops::eq_Scalar::call(ct::ref(self), at::Scalar(other))",
			[]string{"EqInt(other int) *Tensor", "C.int64_t(other)"},
		},
		"Loss(target, reduction) = loss(Tensor self, Tensor target, int reduction=Mean) -> Tensor": {
			"ct_ret loss(ct_tensor self, ct_tensor target, int64_t reduction)",
			"at::_ops::loss::call(ct::ref(self), ct::ref(target), reduction)",
			[]string{"Loss(target *Tensor, reduction Reduction) *Tensor"},
		},
	} {
		op, err := parseOp(schema)
		if err != nil {
			t.Error(err)
			continue
		}
		op.Doc = []string{op.GoName + " is documented."}
		p, err := op.Prototype()
		if err != nil {
			t.Error(err)
			continue
		}
		if got := p.Return + " " + p.Name + "(" + paramText(p) + ")"; got != want.proto {
			t.Errorf("prototype %s, want %s", got, want.proto)
		}
		if text, err := writeCpp([]*Op{op}); err != nil || !strings.Contains(text, want.cpp) {
			t.Errorf("%v: C++ lacks %s:\n%s", err, want.cpp, text)
		}
		text, err := goFunc(op)
		if err != nil {
			t.Error(err)
		}
		for _, part := range append(want.golang, "// "+op.Doc[0]+"\nfunc ") {
			if !strings.Contains(text, part) {
				t.Errorf("Go lacks %q:\n%s", part, text)
			}
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string][2]string{
		"kernel_size": {"kernelSize", "kernel_size"},
		"other":       {"other", "other"},
		"type":        {"typeArg", "type"},
		"s":           {"sArg", "s"},
		"default":     {"default", "default_"},
		"end_":        {"end", "end_"},
	} {
		if got := [2]string{goName(name), cName(name)}; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestParseCore(t *testing.T) {
	protos := ParseCore(`#include "types.h"
// ct_none(void); in a comment is no prototype.
void ct_init(void);
const char *ct_version(void);
ct_ret ct_full(const int64_t *size, int64_t dim,
               double value);
`)
	want := []string{"void init(void)", "const char * version(void)", "ct_ret full(const int64_t *size, int64_t dim, double value)"}
	if len(protos) != len(want) {
		t.Fatalf("%+v", protos)
	}
	for i, p := range protos {
		if got := p.Return + " " + p.Name + "(" + paramText(p) + ")"; got != want[i] {
			t.Errorf("%s, want %s", got, want[i])
		}
	}
}

// Whatever changes a call's layout changes the fingerprint.
func TestABI(t *testing.T) {
	base := []Proto{{"void", "a", nil}, {"ct_err", "b", []string{"int64_t n", "double x"}}}
	seen := map[uint32]string{abi(base): "base"}
	for name, protos := range map[string][]Proto{
		"order":         {base[1], base[0]},
		"fewer":         base[:1],
		"another name":  {{"void", "c", nil}, base[1]},
		"another type":  {base[0], {"ct_err", "b", []string{"int32_t n", "double x"}}},
		"another order": {base[0], {"ct_err", "b", []string{"double x", "int64_t n"}}},
		"result":        {base[0], {"ct_ret", "b", base[1].Params}},
	} {
		if other, same := seen[abi(protos)]; same {
			t.Errorf("%s has the fingerprint of %s", name, other)
		}
		seen[abi(protos)] = name
	}
}
