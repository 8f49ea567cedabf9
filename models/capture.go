package models

import (
	"fmt"
	"slices"
	"strconv"

	"sslmem/internal/nearest"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// A capture keeps what named layers give during one forward. The nil capture
// keeps nothing and costs nothing: a model's Forward and ForwardLayers share
// their code.
type capture struct {
	*kept
	prefix string
}

type kept struct {
	scope  *torch.Scope
	wanted map[string]bool
	got    map[string]*torch.Tensor
}

// newCapture returns a capture into x's scope. It panics with *[torch.Error]
// for a name that is not in known.
func newCapture(x *torch.Tensor, known, names []string) *capture {
	k := &kept{scope: x.Scope(), wanted: map[string]bool{}, got: map[string]*torch.Tensor{}}
	for _, name := range names {
		if !slices.Contains(known, name) {
			msg := fmt.Sprintf("the model has no layer %q; Layers lists those it has", name)
			if near, ok := nearest.Word(name, known); ok {
				msg += fmt.Sprintf(", such as %q", near)
			}
			panic(&torch.Error{Op: "forward_layers", Kind: torch.Value, Msg: msg})
		}
		k.wanted[name] = true
	}
	return &capture{kept: k}
}

// in returns the capture for the child of the given name.
func (c *capture) in(name string) *capture {
	if c == nil {
		return nil
	}
	return &capture{c.kept, c.prefix + name + "."}
}

// at is in for the i-th child of a list.
func (c *capture) at(i int) *capture { return c.in(strconv.Itoa(i)) }

// keep keeps x as the output of the layer of the given name, and returns x. The
// caller may free x afterwards, but not change it.
func (c *capture) keep(name string, x *torch.Tensor) *torch.Tensor {
	if c != nil && c.wanted[c.prefix+name] {
		c.got[c.prefix+name] = c.scope.Use(x)
	}
	return x
}

// keepCopy is keep for an x that is overwritten afterwards.
func (c *capture) keepCopy(name string, x *torch.Tensor) *torch.Tensor {
	if c != nil && c.wanted[c.prefix+name] {
		c.got[c.prefix+name] = x.Clone().MoveTo(c.scope)
	}
	return x
}

// sequence applies layers one after the other, as [nn.Sequential] does, and
// keeps what each gives, those inside of others included.
func (c *capture) sequence(layers nn.Sequential, x *torch.Tensor) *torch.Tensor {
	if c == nil {
		return layers.Forward(x)
	}
	for i, l := range layers {
		if inner, ok := l.(nn.Sequential); ok {
			x = c.at(i).sequence(inner, x)
		} else {
			x = l.Forward(x)
		}
		keep := c.keep
		if i+1 < len(layers) {
			if r, ok := layers[i+1].(nn.ReLU); ok && r.InPlace {
				keep = c.keepCopy
			}
		}
		keep(strconv.Itoa(i), x)
	}
	return x
}

// sequenceNames lists the names that sequence gives to layers, in order.
func sequenceNames(prefix string, layers nn.Sequential) []string {
	var names []string
	for i, l := range layers {
		name := prefix + strconv.Itoa(i)
		if inner, ok := l.(nn.Sequential); ok {
			names = append(names, sequenceNames(name+".", inner)...)
		}
		names = append(names, name)
	}
	return names
}
