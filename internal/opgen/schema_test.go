package main

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseOps(t *testing.T) {
	ops, err := ParseOps(`# A comment.

SumDim(dim) = sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor
  SumDim returns the sum
  over dimensions.
Fill(value) = fill_.Scalar(Tensor(a!) self, Scalar value) -> Tensor(a!)
  Fill fills.
Cat(dim) = cat(Tensor[] tensors, int dim=0) -> Tensor
  Cat joins.
Split(split_size) = split.Tensor(Tensor(a -> *) self, SymInt split_size, int dim=0) -> Tensor(a)[]
  Split cuts.
Sort() = sort(Tensor self, int dim=-1) -> (Tensor values, Tensor indices)
  Sort sorts.
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []*Op{
		{
			GoName: "SumDim", Name: "sum", Overload: "dim_IntList", Line: 3,
			Args: []Arg{
				{Type: "Tensor", Name: "self", Exposed: true},
				{Type: "int", List: true, ListSize: "1", Optional: true, Name: "dim", Exposed: true},
				{Type: "bool", Name: "keepdim", Default: "False"},
				{Type: "ScalarType", Optional: true, Name: "dtype", Default: "None"},
			},
			Returns: []Arg{{Type: "Tensor"}},
			Doc:     []string{"SumDim returns the sum", "over dimensions."},
		},
		{
			GoName: "Fill", Name: "fill_", Overload: "Scalar", Line: 6,
			Args: []Arg{
				{Type: "Tensor", Mutated: true, Name: "self", Exposed: true},
				{Type: "Scalar", Name: "value", Exposed: true},
			},
			Returns: []Arg{{Type: "Tensor", Mutated: true}},
			Doc:     []string{"Fill fills."},
		},
		{
			GoName: "Cat", Name: "cat", Line: 8,
			Args: []Arg{
				{Type: "Tensor", List: true, Name: "tensors", Exposed: true},
				{Type: "int", Name: "dim", Default: "0", Exposed: true},
			},
			Returns: []Arg{{Type: "Tensor"}},
			Doc:     []string{"Cat joins."},
		},
		{
			GoName: "Split", Name: "split", Overload: "Tensor", Line: 10,
			Args: []Arg{
				{Type: "Tensor", Name: "self", Exposed: true},
				{Type: "SymInt", Name: "split_size", Exposed: true},
				{Type: "int", Name: "dim", Default: "0"},
			},
			Returns: []Arg{{Type: "Tensor", List: true}},
			Doc:     []string{"Split cuts."},
		},
		{
			GoName: "Sort", Name: "sort", Line: 12,
			Args: []Arg{
				{Type: "Tensor", Name: "self", Exposed: true},
				{Type: "int", Name: "dim", Default: "-1"},
			},
			Returns: []Arg{{Type: "Tensor", Name: "values"}, {Type: "Tensor", Name: "indices"}},
			Doc:     []string{"Sort sorts."},
		},
	}
	if len(ops) != len(want) {
		t.Fatalf("%d ops, want %d", len(ops), len(want))
	}
	for i, op := range ops {
		if !reflect.DeepEqual(op, want[i]) {
			t.Errorf("op %d is\n%+v, want\n%+v", i, op, want[i])
		}
	}
	for _, c := range []struct {
		op              int
		symbol          string
		method, inPlace bool
	}{
		{0, "sum_dim_IntList", true, false},
		{1, "fill__Scalar", true, true},
		{2, "cat", false, false},
		{4, "sort", true, false},
	} {
		op := ops[c.op]
		if op.Symbol() != c.symbol || op.Method() != c.method || op.InPlace() != c.inPlace {
			t.Errorf("%s: symbol %s, method %v, in place %v", op.GoName, op.Symbol(), op.Method(), op.InPlace())
		}
	}
}

// What ops.txt says of arguments: hidden, fixed, given as an int; and a schema
// that is bound twice.
func TestParseArguments(t *testing.T) {
	ops, err := ParseOps(`## loss: Losses
Clamp(min) = clamp(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor
  Clamp limits.
ClampMax(max) = clamp(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor
  ClampMax limits.
EqInt(other:int) = eq.Scalar(Tensor self, Scalar other) -> Tensor
  EqInt compares.
GeluTanh(approximate='tanh') = gelu(Tensor self, *, str approximate='none') -> Tensor
  GeluTanh approximates.
Put(indices) = put(Tensor self, Tensor?[] indices) -> Tensor
  Put puts.
`)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"clamp", "clamp_as_ClampMax", "eq_Scalar", "gelu", "put"} {
		if ops[i].Symbol() != want || ops[i].Section != "loss" {
			t.Errorf("%s has the symbol %s, want %s, and the section %s", ops[i].GoName, ops[i].Symbol(), want, ops[i].Section)
		}
	}
	for _, c := range []struct{ got, want Arg }{
		{ops[1].Args[1], Arg{Type: "Scalar", Optional: true, Name: "min", Default: "None"}},
		{ops[1].Args[2], Arg{Type: "Scalar", Optional: true, Name: "max", Default: "None", Exposed: true}},
		{ops[2].Args[1], Arg{Type: "Scalar", Name: "other", Exposed: true, Whole: true}},
		{ops[3].Args[1], Arg{Type: "str", Name: "approximate", Default: "'tanh'"}},
		{ops[4].Args[1], Arg{Type: "Tensor", List: true, Gaps: true, Name: "indices", Exposed: true}},
	} {
		if c.got != c.want {
			t.Errorf("%+v, want %+v", c.got, c.want)
		}
	}
}

func TestParseOpsErrors(t *testing.T) {
	const neg = "Neg() = neg(Tensor self) -> Tensor\n  Neg returns −t.\n"
	for name, c := range map[string]struct{ text, want string }{
		"no schema":         {"Neg()\n  Neg.\n", "line 1: not of the form"},
		"no result":         {neg + "Abs() = abs(Tensor self)\n  Abs.\n", "line 3: not of the form"},
		"no argument list":  {"Neg = neg(Tensor self) -> Tensor\n", "line 1: not of the form"},
		"early doc comment": {"\n  Neg returns −t.\n" + neg, "line 2: doc comment before the first op"},
		"no doc comment":    {neg + "# Next\nAbs() = abs(Tensor self) -> Tensor\n", "line 4: Abs has no doc comment"},
		"hidden argument":   {"Mm() = mm(Tensor self, Tensor mat2) -> Tensor\n  Mm.\n", "line 1: Mm: argument mat2 has no default, so it must be exposed"},
		"unknown argument":  {"Neg(dim) = neg(Tensor self) -> Tensor\n  Neg.\n", "line 1: Neg: the schema has no argument dim"},
		"two unknown":       {"Neg(b, a) = neg(Tensor self) -> Tensor\n  Neg.\n", "line 1: Neg: the schema has no argument b"},
		"empty result":      {"Neg() = neg(Tensor self) -> ()\n  Neg.\n", "line 1: Neg: the schema has no result"},
		"duplicate name":    {neg + "\n" + neg, "line 4: Neg is already on line 1"},
		"strange argument":  {"Index() = index(Tensor self, Tensor[][] indices) -> Tensor\n  Index.\n", `line 1: cannot read the schema argument "Tensor[][] indices"`},
		"strange result":    {"Neg() = neg(Tensor self) -> Tensor[][]\n  Neg.\n", `line 1: cannot read the schema argument "Tensor[][]"`},
		"global generator":  {"Draw() = bernoulli(Tensor self, *, Generator? generator=None) -> Tensor\n  Draw.\n", "line 1: Draw: argument generator must be exposed"},
		"unknown fixed":     {"Neg(a=1) = neg(Tensor self) -> Tensor\n  Neg.\n", "line 1: Neg: the schema has no argument a"},
		"unknown int":       {"Neg(a:int) = neg(Tensor self) -> Tensor\n  Neg.\n", "line 1: Neg: the schema has no argument a"},
		"strange type":      {"Eq(other:bool) = eq(Tensor self, Scalar other) -> Tensor\n  Eq.\n", "line 1: Eq: other can be given as an int only, not as bool"},
		"int for a tensor":  {"Eq(other:int) = eq(Tensor self, Tensor other) -> Tensor\n  Eq.\n", "line 1: Eq: argument other is no Scalar"},
		"section":           {"## Pointwise\n" + neg, `line 1: a section is named "## word: Title"`},
	} {
		_, err := ParseOps(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestSplitList(t *testing.T) {
	for text, want := range map[string][]string{
		"":                          nil,
		" a ":                       {"a"},
		"int[2] a=[0, 1], Tensor b": {"int[2] a=[0, 1]", "Tensor b"},
		"Tensor(a -> *) a, (b, c)":  {"Tensor(a -> *) a", "(b, c)"},
		"a, ":                       {"a"},
	} {
		if got := splitList(text); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzParseOps(f *testing.F) {
	f.Add("Neg() = neg(Tensor self) -> Tensor\n  Neg returns −t.\n")
	f.Add("Sort() = sort(Tensor self, int[1]? dim=[0, 1]) -> (Tensor values, Tensor indices)\n  Sort.\n")
	f.Add("F(a) = f_.x(Tensor(a!) a, *, str b='none') -> Tensor(a!)\n  F.\n")
	f.Add("F() = f() -> ()\n  F.\n")
	f.Fuzz(func(t *testing.T, text string) {
		ops, err := ParseOps(text)
		if err != nil {
			return
		}
		names := map[string]bool{}
		for _, o := range ops {
			if names[o.GoName] || len(o.Doc) == 0 || len(o.Returns) == 0 {
				t.Errorf("accepted %+v", o)
			}
			names[o.GoName] = true
			_, _ = o.Prototype() // must not panic
		}
	})
}
