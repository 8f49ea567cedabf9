package format

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// dtype is numpy.dtype while a pickle is read.
type dtype struct {
	kind  Kind
	size  int
	order binary.ByteOrder
}

// global pushes a name, if it is among those that a pickle may refer to.
func (p *pickle) global(op byte) error {
	var module, name string
	if op == 'c' {
		var err error
		if module, err = p.line(); err != nil {
			return err
		}
		if name, err = p.line(); err != nil {
			return err
		}
	} else {
		two, err := p.pop(2)
		if err != nil {
			return err
		}
		module, _ = two[0].(string)
		name, _ = two[1].(string)
	}
	g := global(module + "." + name)
	if !known[g] {
		return fmt.Errorf("it refers to %q, which no data set needs: it is refused", string(g))
	}
	p.push(g)
	return nil
}

// build takes the two instructions of which objects are made.
func (p *pickle) build(op byte) error {
	two, err := p.pop(2)
	if err != nil {
		return err
	}
	args, ok := two[1].(Tuple)
	if !ok {
		return fmt.Errorf("an object is built of %T instead of a tuple", two[1])
	}
	if op == 'R' {
		g, _ := two[0].(global)
		return p.reduce(g, args)
	}
	switch v := two[0].(type) {
	case *dtype:
		if len(args) > 1 {
			if s, _ := args[1].(string); s == ">" {
				v.order = binary.BigEndian
			}
		}
	case *Array:
		if err := v.setState(args); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%T cannot be built", two[0])
	}
	p.push(two[0])
	return nil
}

// reduce pushes what a call of one of the known names gives.
func (p *pickle) reduce(g global, args Tuple) error {
	switch {
	case strings.HasSuffix(string(g), "._reconstruct"):
		p.push(&Array{})
		return nil
	case g == "numpy.dtype" && len(args) > 0:
		name, _ := args[0].(string)
		d, err := parseDtype(name)
		if err != nil {
			return err
		}
		p.push(&d)
		return nil
	case g == "_codecs.encode" && len(args) == 2 && args[1] == any("latin1"):
		s, _ := args[0].(string)
		b := make([]byte, 0, len(s))
		for _, r := range s {
			if r > 255 {
				return fmt.Errorf("text that stands for bytes has the character %q", r)
			}
			b = append(b, byte(r))
		}
		p.push(string(b))
		return nil
	}
	return fmt.Errorf("a call of %q with %d arguments is not known", string(g), len(args))
}

// parseDtype reads a type such as "u1", "|u1", "<f8" or ">i4".
func parseDtype(s string) (dtype, error) {
	d := dtype{order: binary.LittleEndian}
	text := strings.TrimLeft(s, "|<=>")
	if strings.HasPrefix(s, ">") {
		d.order = binary.BigEndian
	}
	if len(text) == 2 && len(s)-len(text) <= 1 {
		d.kind, d.size = Kind(text[0]), int(text[1]-'0')
		switch {
		case d.kind == Bool && d.size == 1,
			(d.kind == Int || d.kind == Uint) && (d.size == 1 || d.size == 2 || d.size == 4 || d.size == 8),
			d.kind == Float && (d.size == 4 || d.size == 8):
			return d, nil
		}
	}
	return dtype{}, fmt.Errorf("elements of type %q are not supported, only bool, whole numbers and floats of at most 8 bytes", s)
}

// setState fills an array: (version, shape, dtype, is Fortran, bytes).
func (a *Array) setState(state Tuple) error {
	if len(state) != 5 {
		return fmt.Errorf("an array is made of 5 values, not %d", len(state))
	}
	shape, ok1 := state[1].(Tuple)
	d, ok2 := state[2].(*dtype)
	fortran, ok3 := state[3].(bool)
	raw, ok4 := state[4].(string)
	if n, ok := state[3].(int64); ok {
		fortran, ok3 = n != 0, true
	}
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return fmt.Errorf("an array is made of a shape, a type, an order and bytes, not of %T, %T, %T and %T", state[1], state[2], state[3], state[4])
	}
	a.Shape = nil
	for _, v := range shape {
		n, ok := v.(int64)
		if !ok || n < 0 || n > maxElements {
			return fmt.Errorf("%T is no length of a dimension, or one beyond every limit", v) // %v of nested tuples may have no end
		}
		a.Shape = append(a.Shape, int(n))
	}
	a.Kind, a.Size, a.Order, a.Fortran = d.kind, d.size, d.order, fortran
	if want, ok := bytesOf(a.Shape, a.Size); !ok || want != int64(len(raw)) {
		return fmt.Errorf("an array of shape %v has %d bytes", a.Shape, len(raw))
	}
	a.Data = []byte(raw)
	return nil
}
