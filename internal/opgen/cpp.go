package main

import (
	"fmt"
	"slices"
	"strings"
)

// cParam is how one exposed argument crosses the C ABI.
func cParams(a Arg) ([]string, error) {
	n := cName(a.Name)
	switch key := typeKey(a); key {
	case "Tensor", "Tensor?":
		return []string{"ct_tensor " + n}, nil
	case "Tensor[]", "Tensor?[]":
		return []string{"const ct_tensor *" + n, "int64_t " + n + "_len"}, nil
	case "int", "SymInt", "int?", "SymInt?":
		return []string{"int64_t " + n}, nil
	case "int[]", "SymInt[]", "int[]?", "SymInt[]?":
		return []string{"const int64_t *" + n, "int64_t " + n + "_len"}, nil
	case "float[]?":
		return []string{"const double *" + n, "int64_t " + n + "_len"}, nil
	case "float", "float?", "Scalar", "Scalar?":
		if a.Whole {
			return []string{"int64_t " + n}, nil
		}
		return []string{"double " + n}, nil
	case "Generator?":
		return []string{"ct_generator " + n}, nil
	case "Device?":
		return []string{"int8_t " + n + "_type", "int8_t " + n + "_index"}, nil
	case "bool", "bool?":
		return []string{"bool " + n}, nil
	case "str", "str?":
		return []string{"const char *" + n, "int64_t " + n + "_len"}, nil
	case "ScalarType", "ScalarType?", "MemoryFormat", "MemoryFormat?":
		return []string{"int8_t " + n}, nil
	default:
		return nil, fmt.Errorf("no C type for the schema type %s", key)
	}
}

func typeKey(a Arg) string {
	key := a.Type
	if a.Gaps {
		key += "?"
	}
	if a.List {
		key += "[]"
	}
	if a.Optional {
		key += "?"
	}
	return key
}

// cName keeps schema names clear of C++ keywords.
func cName(name string) string {
	switch name {
	case "default", "this", "union", "register":
		return name + "_"
	}
	return name
}

// cReturn is the C return type of an op; outs says how many tensors it
// writes through a pointer instead.
func cReturn(o *Op) (typ string, outs int, err error) {
	switch {
	case o.InPlace() || len(o.Returns) == 0:
		return "ct_err", 0, nil
	case len(o.Returns) > 1:
		for _, r := range o.Returns {
			if r.Type != "Tensor" || r.List {
				return "", 0, fmt.Errorf("%s: no C form for the result %s among several", o.GoName, typeKey(r))
			}
		}
		return "ct_err", len(o.Returns), nil
	case o.Returns[0].Type == "Tensor" && o.Returns[0].List:
		return "ct_list", 0, nil
	case o.Returns[0].Type == "Tensor":
		return "ct_ret", 0, nil
	case o.Returns[0].Type == "bool":
		return "ct_flag", 0, nil
	}
	return "", 0, fmt.Errorf("%s: no C form for the result %s", o.GoName, o.Returns[0].Type)
}

// Prototype is the C declaration of an op without the closing semicolon.
func (o *Op) Prototype() (Proto, error) {
	ret, outs, err := cReturn(o)
	if err != nil {
		return Proto{}, err
	}
	p := Proto{Return: ret, Name: o.Symbol()}
	for _, a := range o.Args {
		if !a.Exposed {
			continue
		}
		params, err := cParams(a)
		if err != nil {
			return Proto{}, fmt.Errorf("%s: %w", o.GoName, err)
		}
		p.Params = append(p.Params, params...)
	}
	if outs > 0 {
		p.Params = append(p.Params, "ct_tensor *out")
	}
	return p, nil
}

// cppArg is the expression that ATen's _ops call receives for an argument.
func cppArg(o *Op, a Arg) (string, error) {
	n := cName(a.Name)
	if !a.Exposed {
		return cppDefault(a)
	}
	switch typeKey(a) {
	case "Tensor":
		return "ct::ref(" + n + ")", nil
	case "Tensor?":
		return "ct::optional(" + n + ")", nil
	case "Tensor[]":
		return "ct::list(" + n + ", " + n + "_len)", nil
	case "Tensor?[]":
		return "ct::optional_list(" + n + ", " + n + "_len)", nil
	case "Scalar", "Scalar?":
		if a.Whole || !o.Method() {
			return "at::Scalar(" + n + ")", nil
		}
		return "ct::scalar(" + n + ", " + cName(o.Args[0].Name) + ")", nil
	case "int[]", "SymInt[]":
		form := map[string]string{"int": "ct::ints", "SymInt": "ct::symints"}[a.Type]
		if values := listDefault(a); len(values) > 0 {
			return fmt.Sprintf("%s(%s, %s_len, {%s})", form, n, n, strings.Join(values, ", ")), nil
		}
		return form + "(" + n + ", " + n + "_len)", nil
	case "int[]?":
		return "ct::optional_ints(" + n + ", " + n + "_len)", nil
	case "SymInt[]?":
		return "ct::optional_symints(" + n + ", " + n + "_len)", nil
	case "float[]?":
		return "ct::optional_floats(" + n + ", " + n + "_len)", nil
	case "Generator?":
		return "ct::generator(" + n + ")", nil
	case "Device?":
		return "ct::device(" + n + "_type, " + n + "_index)", nil
	case "str", "str?":
		return "std::string_view(" + n + ", " + n + "_len)", nil
	case "ScalarType", "ScalarType?":
		return "ct::dtype(" + n + ")", nil
	case "MemoryFormat", "MemoryFormat?":
		return "ct::memory_format(" + n + ")", nil
	}
	return n, nil
}

// listDefault returns the entries of the default of a list of ints: a single
// number stands for as many as the list has.
func listDefault(a Arg) []string {
	if a.Default == "" || a.Default == "None" {
		return nil
	}
	if strings.HasPrefix(a.Default, "[") {
		return splitList(strings.Trim(a.Default, "[]"))
	}
	n := 1
	fmt.Sscan(a.ListSize, &n)
	return slices.Repeat([]string{a.Default}, n)
}

func cppDefault(a Arg) (string, error) {
	d := a.Default
	if a.Optional && (d == "" || d == "None") {
		if a.List {
			return "{}", nil
		}
		return "::std::nullopt", nil
	}
	switch typeKey(a) {
	case "int[]", "SymInt[]", "int[]?", "SymInt[]?":
		values := listDefault(a)
		list := "{" + strings.Join(values, ", ") + "}"
		if len(values) == 0 {
			return "{}", nil
		}
		if a.Type == "SymInt" {
			return "ct::constants(" + list + ")", nil
		}
		return "at::IntArrayRef(" + list + ")", nil
	case "bool", "bool?":
		return strings.ToLower(d), nil
	case "str", "str?":
		return `"` + strings.Trim(d, `'"`) + `"`, nil
	case "ScalarType", "ScalarType?":
		return "at::k" + strings.ToUpper(d[:1]) + d[1:], nil
	case "int", "SymInt":
		if d == "Mean" {
			return "at::Reduction::Mean", nil
		}
		return d, nil
	case "Scalar", "Scalar?":
		return "at::Scalar(" + d + ")", nil
	case "MemoryFormat", "MemoryFormat?":
		return "at::MemoryFormat::Contiguous", nil
	case "float", "float?", "int?":
		return d, nil
	}
	return "", fmt.Errorf("no C++ form for the default %s of %s %s", d, typeKey(a), a.Name)
}

// writeCpp writes one of the ops_N_gen.cc: one guarded function an op.
func writeCpp(ops []*Op) (string, error) {
	var b strings.Builder
	b.WriteString(header)
	b.WriteString("#include \"guard.h\"\n\n")
	seen := map[string]bool{}
	for _, o := range ops {
		// In-place overloads live in the header of the functional op.
		if name := baseName(o.Name); !seen[name] {
			seen[name] = true
			fmt.Fprintf(&b, "#include <ATen/ops/%s_ops.h>\n", name)
		}
	}
	b.WriteString("\nnamespace ct {\n")
	for _, o := range ops {
		p, err := o.Prototype()
		if err != nil {
			return "", err
		}
		var args []string
		for _, a := range o.Args {
			e, err := cppArg(o, a)
			if err != nil {
				return "", fmt.Errorf("%s: %w", o.GoName, err)
			}
			args = append(args, e)
		}
		call := fmt.Sprintf("at::_ops::%s::call(%s)", o.ATen(), strings.Join(args, ", "))
		var body string
		switch {
		case o.InPlace() || len(o.Returns) == 0:
			body = "return guard([&] { " + call + "; });"
		case len(o.Returns) > 1:
			body = "return guard([&] { give_all(" + call + ", out); });"
		case p.Return == "ct_list":
			body = "return guard_list([&] { return " + call + "; });"
		case p.Return == "ct_flag":
			body = "return guard_flag([&] { return " + call + "; });"
		default:
			body = "return guard_tensor([&] { return " + call + "; });"
		}
		fmt.Fprintf(&b, "\n%s %s(%s) noexcept {\n  %s\n}\n", p.Return, p.Name, strings.Join(p.Params, ", "), body)
	}
	b.WriteString("\n}  // namespace ct\n")
	return b.String(), nil
}

func baseName(name string) string {
	if strings.HasSuffix(name, "__") {
		return name
	}
	return strings.TrimSuffix(name, "_")
}
