package main

import (
	"fmt"
	"go/format"
	"slices"
	"strings"
)

// writeGo writes one of the ops_WORD_gen.go: one documented Go method or
// function an op.
func writeGo(ops []*Op) (string, error) {
	var directives, funcs strings.Builder
	for _, o := range ops {
		fmt.Fprintf(&directives, "#cgo noescape ct_%s\n#cgo nocallback ct_%s\n", o.Symbol(), o.Symbol())
		text, err := goFunc(o)
		if err != nil {
			return "", err
		}
		funcs.WriteString(text)
	}
	var b strings.Builder
	b.WriteString(header + "\npackage torch\n\n/*\n" + directives.String() + "#include \"shim/api_gen.h\"\n*/\nimport \"C\"\n\n")
	for _, name := range []string{"runtime", "slices", "unsafe"} {
		if strings.Contains(funcs.String(), name+".") {
			fmt.Fprintf(&b, "import %q\n", name)
		}
	}
	b.WriteString(funcs.String())
	out, err := format.Source([]byte(b.String()))
	if err != nil {
		return "", fmt.Errorf("generated Go does not parse: %w\n%s", err, b.String())
	}
	return string(out), nil
}

// operands are the tensors among the arguments of a Go function.
type operands struct {
	single   []string // *Tensor
	optional []string // *Tensor that may be nil
	lists    []string // []*Tensor
	gaps     []string // []*Tensor whose entries may be nil
}

// scope returns the lines that find the scope of the results.
func (x operands) scope(op string) string {
	var b strings.Builder
	lists := x.lists
	if len(x.single) > 0 || len(lists) == 0 {
		fmt.Fprintf(&b, "s := join(%s)\n", strings.Join(append([]string{op}, x.single...), ", "))
	} else {
		fmt.Fprintf(&b, "s := join(%s, %s...)\n", op, lists[0])
		lists = lists[1:]
	}
	for _, n := range lists {
		fmt.Fprintf(&b, "s = joinMore(%s, s, %s)\n", op, n)
	}
	if len(x.optional) > 0 {
		fmt.Fprintf(&b, "s = joinOptional(%s, s, %s)\n", op, strings.Join(x.optional, ", "))
	}
	for _, n := range x.gaps {
		fmt.Fprintf(&b, "s = joinOptional(%s, s, %s...)\n", op, n)
	}
	return b.String()
}

// all returns the operands as the end of an argument list: what an error names
// and what must stay alive during the call.
func (x operands) all() string {
	single, lists := slices.Concat(x.single, x.optional), slices.Concat(x.lists, x.gaps)
	switch {
	case len(single)+len(lists) == 0:
		return ""
	case len(lists) == 0:
		return ", " + strings.Join(single, ", ")
	case len(single) == 0 && len(lists) == 1:
		return ", " + lists[0] + "..."
	case len(single) > 0:
		lists = append([]string{"[]*Tensor{" + strings.Join(single, ", ") + "}"}, lists...)
	}
	return ", slices.Concat(" + strings.Join(lists, ", ") + ")..."
}

func goFunc(o *Op) (string, error) {
	var params, before, cargs []string
	var tensors operands
	op := fmt.Sprintf("%q", o.Name)
	lists := 0
	for i, a := range o.Args {
		if !a.Exposed {
			continue
		}
		n := goName(a.Name)
		if i == 0 && o.Method() {
			tensors.single = append(tensors.single, "t")
			cargs = append(cargs, "t.h")
			continue
		}
		typ, err := goType(a)
		if err != nil {
			return "", fmt.Errorf("%s: %w", o.GoName, err)
		}
		params = append(params, n+" "+typ)
		switch typeKey(a) {
		case "Tensor":
			tensors.single = append(tensors.single, n)
			cargs = append(cargs, n+".h")
		case "Tensor?":
			tensors.optional = append(tensors.optional, n)
			cargs = append(cargs, n+".optional()")
		case "Tensor[]", "Tensor?[]":
			lists++
			buf := fmt.Sprintf("buf%d", lists)
			before = append(before, fmt.Sprintf("var %s [16]C.ct_tensor", buf), fmt.Sprintf("%sH := handles(%s[:0], %s)", n, buf, n))
			if a.Gaps {
				tensors.gaps = append(tensors.gaps, n)
			} else {
				tensors.lists = append(tensors.lists, n)
			}
			cargs = append(cargs, "unsafe.SliceData("+n+"H)", "C.int64_t(len("+n+"H))")
		case "int[]", "SymInt[]", "int[]?", "SymInt[]?":
			cargs = append(cargs, "(*C.int64_t)(unsafe.Pointer(unsafe.SliceData("+n+")))", "C.int64_t(len("+n+"))")
		case "float[]?":
			cargs = append(cargs, "(*C.double)(unsafe.Pointer(unsafe.SliceData("+n+")))", "C.int64_t(len("+n+"))")
		case "str", "str?":
			cargs = append(cargs, "(*C.char)(unsafe.Pointer(unsafe.StringData("+n+")))", "C.int64_t(len("+n+"))")
		case "int", "SymInt", "int?", "SymInt?":
			cargs = append(cargs, "C.int64_t("+n+")")
		case "float", "float?", "Scalar", "Scalar?":
			if a.Whole {
				cargs = append(cargs, "C.int64_t("+n+")")
			} else {
				cargs = append(cargs, "C.double("+n+")")
			}
		case "bool", "bool?":
			cargs = append(cargs, "C.bool("+n+")")
		case "Generator?":
			before = append(before, "defer runtime.KeepAlive("+n+")")
			cargs = append(cargs, n+".handle("+op+")")
		case "Device?":
			before = append(before, fmt.Sprintf("mustHave(%s, %s)", op, n))
			cargs = append(cargs, "C.int8_t("+n+".Type)", "C.int8_t("+n+".Index)")
		default:
			cargs = append(cargs, "C.int8_t("+n+")")
		}
	}
	receiver, scope := "", tensors.scope(op)
	switch {
	case o.Method():
		receiver = "(t *Tensor) "
	case o.Factory():
		receiver = "(s *Scope) "
		scope = fmt.Sprintf("s.mustOpen(%s)\n", op)
	}
	ret, outs, err := cReturn(o)
	if err != nil {
		return "", err
	}
	result, body := " *Tensor", ""
	call := func(args []string) string { return fmt.Sprintf("C.ct_%s(%s)", o.Symbol(), strings.Join(args, ", ")) }
	switch {
	case o.InPlace():
		body = fmt.Sprintf("check(%s, %s%s)\nreturn t\n", op, call(cargs), tensors.all())
	case len(o.Returns) == 0:
		result = ""
		body = fmt.Sprintf("check(%s, %s%s)\n", op, call(cargs), tensors.all())
	case outs > 0:
		result = " (" + strings.Join(slices.Repeat([]string{"*Tensor"}, outs), ", ") + ")"
		var wrapped []string
		for i := range outs {
			wrapped = append(wrapped, fmt.Sprintf("s.wrap(out[%d])", i))
		}
		body = fmt.Sprintf("var out [%d]C.ct_tensor\ncheck(%s, %s%s)\nreturn %s\n",
			outs, op, call(append(cargs, "&out[0]")), tensors.all(), strings.Join(wrapped, ", "))
	case ret == "ct_list":
		result = " []*Tensor"
		body = fmt.Sprintf("return adoptList(%s, s, %s%s)\n", op, call(cargs), tensors.all())
	case ret == "ct_flag":
		result = " bool"
		body = fmt.Sprintf("return flag(%s, %s%s)\n", op, call(cargs), tensors.all())
	default:
		body = fmt.Sprintf("return adopt(%s, s, %s%s)\n", op, call(cargs), tensors.all())
	}
	if !strings.Contains(body, "s.wrap(") && !strings.Contains(body, ", s, ") { // the operands are checked all the same
		scope = strings.NewReplacer("s := ", "", "s = ", "", op+", s, ", op+", nil, ").Replace(scope)
	}
	var b strings.Builder
	b.WriteString("\n")
	for _, d := range o.Doc {
		b.WriteString(strings.TrimRight("// "+d, " ") + "\n")
	}
	fmt.Fprintf(&b, "func %s%s(%s)%s {\n%s", receiver, o.GoName, strings.Join(params, ", "), result, scope)
	for _, line := range before {
		b.WriteString(line + "\n")
	}
	b.WriteString(body + "}\n")
	return b.String(), nil
}

// enums are the Go types of ints that stand for a choice, by argument name.
var enums = map[string]string{"reduction": "Reduction", "interpolation_mode": "Interpolation", "padding_mode": "GridPadding"}

func goType(a Arg) (string, error) {
	switch key := typeKey(a); key {
	case "Tensor", "Tensor?":
		return "*Tensor", nil
	case "Tensor[]", "Tensor?[]":
		return "[]*Tensor", nil
	case "int", "SymInt", "int?", "SymInt?":
		if typ, ok := enums[a.Name]; ok {
			return typ, nil
		}
		return "int", nil
	case "int[]", "SymInt[]", "int[]?", "SymInt[]?":
		return "[]int", nil
	case "float", "float?", "Scalar", "Scalar?":
		if a.Whole {
			return "int", nil
		}
		return "float64", nil
	case "float[]?":
		return "[]float64", nil
	case "Generator?":
		return "*Generator", nil
	case "Device?":
		return "Device", nil
	case "bool", "bool?":
		return "bool", nil
	case "str", "str?":
		return "string", nil
	case "ScalarType", "ScalarType?":
		return "DType", nil
	case "MemoryFormat", "MemoryFormat?":
		return "MemoryFormat", nil
	default:
		return "", fmt.Errorf("no Go type for the schema type %s", key)
	}
}

// goName turns kernel_size into kernelSize and avoids keywords.
func goName(name string) string {
	parts := strings.Split(name, "_")
	for i := 1; i < len(parts); i++ {
		if parts[i] != "" {
			parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
		}
	}
	switch n := strings.Join(parts, ""); n {
	case "range", "type", "func", "var", "select", "len", "cap", "min", "max", "t", "s":
		return n + "Arg"
	default:
		return n
	}
}
