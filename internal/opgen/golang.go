package main

import (
	"fmt"
	"go/format"
	"strings"
)

// writeGo writes ops_gen.go: one documented Go method or function an op.
func writeGo(ops []*Op) (string, error) {
	var b strings.Builder
	b.WriteString(header)
	b.WriteString("\npackage torch\n\n/*\n")
	for _, o := range ops {
		fmt.Fprintf(&b, "#cgo noescape ct_%s\n#cgo nocallback ct_%s\n", o.Symbol(), o.Symbol())
	}
	b.WriteString("#include \"shim/api_gen.h\"\n*/\nimport \"C\"\n\nimport \"unsafe\"\n")
	for _, o := range ops {
		text, err := goFunc(o)
		if err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	out, err := format.Source([]byte(b.String()))
	if err != nil {
		return "", fmt.Errorf("generated Go does not parse: %w\n%s", err, b.String())
	}
	return string(out), nil
}

func goFunc(o *Op) (string, error) {
	var params, before, cargs, tensors, optionals []string
	lists := 0
	for i, a := range o.Args {
		if !a.Exposed {
			continue
		}
		n := goName(a.Name)
		if i == 0 && o.Method() {
			tensors = append(tensors, "t")
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
			tensors = append(tensors, n)
			cargs = append(cargs, n+".h")
		case "Tensor?":
			optionals = append(optionals, n)
			cargs = append(cargs, n+".optional()")
		case "Tensor[]":
			lists++
			buf := fmt.Sprintf("buf%d", lists)
			before = append(before, fmt.Sprintf("var %s [16]C.ct_tensor", buf), fmt.Sprintf("%sH := handles(%s[:0], %s)", n, buf, n))
			tensors = append(tensors, n+"...")
			cargs = append(cargs, "unsafe.SliceData("+n+"H)", "C.int64_t(len("+n+"H))")
		case "int[]", "SymInt[]", "int[]?", "SymInt[]?":
			cargs = append(cargs, "(*C.int64_t)(unsafe.Pointer(unsafe.SliceData("+n+")))", "C.int64_t(len("+n+"))")
		case "str", "str?":
			cargs = append(cargs, "(*C.char)(unsafe.Pointer(unsafe.StringData("+n+")))", "C.int64_t(len("+n+"))")
		case "int", "SymInt", "int?", "SymInt?":
			cargs = append(cargs, "C.int64_t("+n+")")
		case "float", "float?", "Scalar", "Scalar?":
			cargs = append(cargs, "C.double("+n+")")
		case "bool", "bool?":
			cargs = append(cargs, "C.bool("+n+")")
		default:
			cargs = append(cargs, "C.int8_t("+n+")")
		}
	}
	receiver := ""
	if o.Method() {
		receiver = "(t *Tensor) "
	}
	op := fmt.Sprintf("%q", o.Name)
	ts := strings.Join(tensors, ", ")
	var body strings.Builder
	fmt.Fprintf(&body, "s := join(%s, %s)\n", op, ts)
	for _, n := range optionals {
		fmt.Fprintf(&body, "s = joinOptional(%s, s, %s)\n", op, n)
		ts += ", " + n
	}
	for _, line := range before {
		body.WriteString(line + "\n")
	}
	ret, outs, err := cReturn(o)
	if err != nil {
		return "", err
	}
	result := ""
	switch {
	case o.InPlace():
		result = "*Tensor"
		fmt.Fprintf(&body, "check(%s, C.ct_%s(%s), %s)\nreturn t\n", op, o.Symbol(), strings.Join(cargs, ", "), ts)
	case outs > 0:
		result = "(" + strings.TrimSuffix(strings.Repeat("*Tensor, ", outs), ", ") + ")"
		cargs = append(cargs, "&out[0]")
		fmt.Fprintf(&body, "var out [%d]C.ct_tensor\ncheck(%s, C.ct_%s(%s), %s)\nreturn ", outs, op, o.Symbol(), strings.Join(cargs, ", "), ts)
		for i := range outs {
			if i > 0 {
				body.WriteString(", ")
			}
			fmt.Fprintf(&body, "s.wrap(out[%d])", i)
		}
		body.WriteString("\n")
	case ret == "ct_list":
		result = "[]*Tensor"
		fmt.Fprintf(&body, "return adoptList(%s, s, C.ct_%s(%s), %s)\n", op, o.Symbol(), strings.Join(cargs, ", "), ts)
	case ret == "ct_flag":
		result = "bool"
		body.Reset()
		fmt.Fprintf(&body, "join(%s, %s)\nreturn flag(%s, C.ct_%s(%s), %s)\n", op, ts, op, o.Symbol(), strings.Join(cargs, ", "), ts)
	default:
		result = "*Tensor"
		fmt.Fprintf(&body, "return adopt(%s, s, C.ct_%s(%s), %s)\n", op, o.Symbol(), strings.Join(cargs, ", "), ts)
	}
	text := body.String()
	if o.InPlace() {
		text = strings.Replace(text, "s := join(", "join(", 1)
	}
	var b strings.Builder
	b.WriteString("\n")
	for _, d := range o.Doc {
		b.WriteString(strings.TrimRight("// "+d, " ") + "\n")
	}
	fmt.Fprintf(&b, "func %s%s(%s) %s {\n%s}\n", receiver, o.GoName, strings.Join(params, ", "), result, text)
	return b.String(), nil
}

func goType(a Arg) (string, error) {
	switch key := typeKey(a); key {
	case "Tensor", "Tensor?":
		return "*Tensor", nil
	case "Tensor[]":
		return "[]*Tensor", nil
	case "int", "SymInt", "int?", "SymInt?":
		return "int", nil
	case "int[]", "SymInt[]", "int[]?", "SymInt[]?":
		return "[]int", nil
	case "float", "float?", "Scalar", "Scalar?":
		return "float64", nil
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
