package main

import (
	"fmt"
	"regexp"
	"strings"
)

// An Arg is one argument of an ATen schema.
type Arg struct {
	Type     string // base type: Tensor, int, SymInt, float, bool, Scalar, str, ScalarType, MemoryFormat, Generator, Device
	List     bool   // Type[]
	ListSize string // the 2 of int[2]; empty when the schema gives none
	Optional bool   // Type?
	Gaps     bool   // Type?[]: entries may be absent
	Mutated  bool   // Tensor(a!)
	Name     string
	Default  string // as written in the schema, or fixed in ops.txt; empty when there is none
	Exposed  bool   // appears in the Go signature
	Whole    bool   // a Scalar that Go gives as an int
}

// An Op is one line of ops.txt: an ATen schema with the name and the
// arguments that Go sees. All other arguments keep the schema's defaults.
type Op struct {
	GoName   string
	Name     string // aten name without namespace: add
	Overload string // Tensor, or empty
	Args     []Arg
	Returns  []Arg // none for an op that changes a list of tensors
	Doc      []string
	Section  string // the word that names the section, and with it the file
	Line     int
	Again    bool // an earlier line binds the same schema with other arguments
}

// ATen is the name of the op's struct in at::_ops: add_Tensor.
func (o *Op) ATen() string {
	if o.Overload == "" {
		return o.Name
	}
	return o.Name + "_" + o.Overload
}

// Symbol is the name of the op in C, without prefix.
func (o *Op) Symbol() string {
	if o.Again {
		return o.ATen() + "_as_" + o.GoName
	}
	return o.ATen()
}

// Method reports whether the first argument is a single tensor, which makes
// the op a method of *Tensor.
func (o *Op) Method() bool {
	return len(o.Args) > 0 && o.Args[0].Type == "Tensor" && !o.Args[0].List && !o.Args[0].Optional
}

// Factory reports whether the op makes a tensor of nothing, which makes it a
// method of *Scope.
func (o *Op) Factory() bool {
	for _, a := range o.Args {
		if a.Type == "Tensor" {
			return false
		}
	}
	return true
}

// InPlace reports whether the op returns its mutated first argument.
func (o *Op) InPlace() bool {
	return len(o.Returns) == 1 && o.Returns[0].Mutated
}

var (
	opLine  = regexp.MustCompile(`^(\w+)\(([^)]*)\)\s*=\s*(\w+)(?:\.(\w+))?\((.*)\) -> (.+)$`)
	argText = regexp.MustCompile(`^(\w+)(\([a-z!*| >-]+\))?(\?)?(?:(\[(\d*)\])(\?)?)?(?:\s+(\w+))?(?:=(.*))?$`)
	section = regexp.MustCompile(`^## (\w+): .+$`)
)

// ParseOps reads ops.txt: each op is one line
//
//	GoName(exposed, arguments) = aten_schema -> returns
//
// followed by indented lines of doc comment. A line "## word: Title" starts a
// section; any other line that starts with # is a comment. An exposed argument
// is given as its name, as name:int for a Scalar that Go passes as an int, or
// as name=value to fix it without exposing it.
func ParseOps(text string) ([]*Op, error) {
	var ops []*Op
	part := ""
	bound := map[string]bool{}
	for n, line := range strings.Split(text, "\n") {
		switch {
		case strings.HasPrefix(line, "##"):
			m := section.FindStringSubmatch(line)
			if m == nil {
				return nil, fmt.Errorf("line %d: a section is named \"## word: Title\", not %q", n+1, line)
			}
			part = m[1]
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, " "):
			if len(ops) == 0 {
				return nil, fmt.Errorf("line %d: doc comment before the first op", n+1)
			}
			op := ops[len(ops)-1]
			op.Doc = append(op.Doc, strings.TrimSpace(line))
		default:
			op, err := parseOp(line)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n+1, err)
			}
			op.Line, op.Section = n+1, part
			op.Again = bound[op.ATen()]
			bound[op.ATen()] = true
			ops = append(ops, op)
		}
	}
	seen := map[string]int{}
	for _, op := range ops {
		if len(op.Doc) == 0 {
			return nil, fmt.Errorf("line %d: %s has no doc comment", op.Line, op.GoName)
		}
		if first, twice := seen[op.GoName]; twice {
			return nil, fmt.Errorf("line %d: %s is already on line %d", op.Line, op.GoName, first)
		}
		seen[op.GoName] = op.Line
	}
	return ops, nil
}

func parseOp(line string) (*Op, error) {
	m := opLine.FindStringSubmatch(line)
	if m == nil {
		return nil, fmt.Errorf("not of the form GoName(args) = schema -> returns: %q", line)
	}
	op := &Op{GoName: m[1], Name: m[3], Overload: m[4]}
	exposed, fixed := map[string]bool{}, map[string]string{}
	whole := map[string]bool{}
	for _, text := range splitList(m[2]) {
		name, value, isFixed := strings.Cut(text, "=")
		name, typ, isTyped := strings.Cut(name, ":")
		switch {
		case isFixed:
			fixed[name] = value
		case isTyped && typ != "int":
			return nil, fmt.Errorf("%s: %s can be given as an int only, not as %s", op.GoName, name, typ)
		default:
			exposed[name], whole[name] = true, isTyped
		}
	}
	for _, text := range splitList(m[5]) {
		if text == "*" {
			continue
		}
		arg, err := parseArg(text)
		if err != nil {
			return nil, err
		}
		if len(op.Args) == 0 && arg.Type == "Tensor" && !arg.Optional {
			exposed[arg.Name] = true // self, or the list that the op works on
		}
		if value, ok := fixed[arg.Name]; ok {
			arg.Default = value
			delete(fixed, arg.Name)
		}
		arg.Exposed, arg.Whole = exposed[arg.Name], whole[arg.Name]
		delete(exposed, arg.Name)
		if arg.Whole && typeKey(arg) != "Scalar" {
			return nil, fmt.Errorf("%s: argument %s is no Scalar, so it has its own type", op.GoName, arg.Name)
		}
		if !arg.Exposed && arg.Type == "Generator" {
			return nil, fmt.Errorf("%s: argument %s must be exposed, so that nothing draws from the global generator", op.GoName, arg.Name)
		}
		if !arg.Exposed && arg.Default == "" && !arg.Optional {
			return nil, fmt.Errorf("%s: argument %s has no default, so it must be exposed", op.GoName, arg.Name)
		}
		op.Args = append(op.Args, arg)
	}
	for _, text := range splitList(m[2]) {
		name, _, _ := strings.Cut(text, "=")
		name, _, _ = strings.Cut(name, ":")
		if _, left := fixed[name]; left || exposed[name] {
			return nil, fmt.Errorf("%s: the schema has no argument %s", op.GoName, name)
		}
	}
	returns := strings.TrimSuffix(strings.TrimPrefix(m[6], "("), ")")
	if m[6][0] != '(' {
		returns = m[6]
	}
	for _, text := range splitList(returns) {
		arg, err := parseArg(text)
		if err != nil {
			return nil, err
		}
		op.Returns = append(op.Returns, arg)
	}
	if len(op.Returns) == 0 && !(len(op.Args) > 0 && op.Args[0].List && op.Args[0].Mutated) {
		return nil, fmt.Errorf("%s: the schema has no result", op.GoName)
	}
	return op, nil
}

func parseArg(text string) (Arg, error) {
	m := argText.FindStringSubmatch(text)
	if m == nil {
		return Arg{}, fmt.Errorf("cannot read the schema argument %q", text)
	}
	list := m[4] != ""
	return Arg{
		Type:     m[1],
		Mutated:  strings.Contains(m[2], "!"),
		List:     list,
		ListSize: m[5],
		Optional: m[6] != "" || !list && m[3] != "",
		Gaps:     list && m[3] != "",
		Name:     m[7],
		Default:  m[8],
	}, nil
}

// splitList splits at commas that are outside brackets.
func splitList(s string) []string {
	var parts []string
	depth, start := 0, 0
	for i, r := range s {
		switch r {
		case '[', '(':
			depth++
		case ']', ')':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, strings.TrimSpace(s[start:i]))
				start = i + 1
			}
		}
	}
	if last := strings.TrimSpace(s[start:]); last != "" {
		parts = append(parts, last)
	}
	return parts
}
