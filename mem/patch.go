package mem

import (
	"fmt"

	"sslmem/torch"
	"sslmem/torch/nn"
)

// A Patch is a change of an encoder: new values for some of its tensors, by
// name. Functions that make one leave the encoder alone; [Patched] looks at it
// with the change, and [nn.LoadMatching] makes it lasting.
type Patch map[string]*torch.Tensor

// Patched runs fn with the tensors of m changed as p says, and then puts back
// what they were, bit for bit, also after an error or a panic. Nobody else may
// use m meanwhile. It is an error if m lacks a tensor of p or has one of
// another shape; fn is then not run.
func Patched(m nn.Module, p Patch, fn func() error) (err error) {
	s := torch.NewScope()
	defer s.Close()
	kept := Patch{}
	for name, t := range nn.State(m) {
		if p[name] != nil {
			kept[name] = s.Use(t).Detach().Clone()
		}
	}
	if err := load(m, p); err != nil {
		return err
	}
	defer func() {
		if back := load(m, kept); err == nil {
			err = back
		}
	}()
	return fn()
}

// load copies the tensors of p into m.
func load(m nn.Module, p Patch) error {
	_, unknown, err := nn.LoadMatching(m, p)
	if err == nil && len(unknown) > 0 {
		err = fmt.Errorf("there is no tensor %q in it", unknown)
	}
	if err != nil {
		return fmt.Errorf("mem: the encoder cannot be changed: %w", err)
	}
	return nil
}

// state returns the tensors of m by name.
func state(m nn.Module) map[string]*torch.Tensor {
	tensors := map[string]*torch.Tensor{}
	for name, t := range nn.State(m) {
		tensors[name] = t
	}
	return tensors
}
