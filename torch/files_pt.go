package torch

/*
#cgo noescape ct_storage
#cgo nocallback ct_storage
#cgo noescape ct_on_storage
#cgo nocallback ct_on_storage
#include "shim/api_gen.h"
*/
import "C"

import (
	"fmt"
	"iter"
	"runtime"
	"unsafe"

	"sslmem/torch/ptfile"
)

// PTOptions say which tensors of a PyTorch file [LoadPT] takes.
type PTOptions struct {
	// Key names the entry that holds the weights, where the file has several,
	// such as "teacher" and "student" of DINO. A path through nested dicts has
	// slashes: "model/encoder". Without a key LoadPT finds the weights itself.
	Key string

	// Prefix keeps the tensors whose names begin with it, such as "backbone.",
	// and removes it from their names. Prefixes that a wrapper gave to all
	// names, "module." and "_orig_mod.", are removed before that in any case.
	Prefix string
}

// A Checkpoint is what [LoadPT] read from a PyTorch file.
type Checkpoint struct {
	Names   []string           // names of the tensors, in the order of the file
	Tensors map[string]*Tensor // tensors by name

	Key     string       // where in the file they were: "", "state_dict", "teacher"
	Prefix  string       // what was removed from the front of their names: "module.", or ""
	Skipped []string     // names that were left out: without the prefix of the options, or no tensors
	Root    ptfile.Value // everything in the file, such as the epoch; tensors are descriptions here
}

// All ranges over names and tensors in the order of the file.
func (c *Checkpoint) All() iter.Seq2[string, *Tensor] {
	return func(yield func(string, *Tensor) bool) {
		for _, name := range c.Names {
			if !yield(name, c.Tensors[name]) {
				return
			}
		}
	}
}

// LoadPT reads the weights of a .pt or .pth file that torch.save of PyTorch 1.6
// or later wrote into s, on the CPU. The file may hold a state_dict, or a
// training checkpoint that has one under "state_dict", "model" or the like.
// Nothing in the file is run, whoever wrote it, and other parts of it, such as
// the state of an optimizer, are not read from disk; see package ptfile.
//
// Tensors that share memory in the file share it here. Strides and
// requires_grad are as in the file. Use [Scope] Root for tensors that are to
// live on without a scope.
//
// It is an error, and s then has nothing of it, if the file cannot be read, is
// no such file, holds no or several state_dicts (name one with Key), or has an
// entry among the weights that is an object of an unknown Python class. Objects
// elsewhere in the file, such as a configuration, do not matter.
func LoadPT(s *Scope, path string, opts PTOptions) (*Checkpoint, error) {
	f, err := openPT(path, ptfile.Options{Opaque: true})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	state, key, err := findState(f.Root, opts.Key)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", path, err)
	}
	c := &Checkpoint{Tensors: map[string]*Tensor{}, Key: key, Root: f.Root}
	entries, err := c.choose(state, opts.Prefix)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", path, err)
	}
	l := newPTLoader(s, f)
	defer l.temporary.Close()
	for i, t := range entries {
		x, err := l.tensor(t)
		if err != nil {
			l.discard()
			return nil, fmt.Errorf("loading tensor %q of %s: %w", c.Names[i], path, err)
		}
		c.Tensors[c.Names[i]] = x
	}
	return c, nil
}

// LoadPTTree reads everything in a PyTorch file into s, on the CPU, and returns
// what torch.load would: the values of package ptfile, with a *[Tensor] for
// each tensor. It is how the state of an optimizer comes back. It is an error,
// and s then has nothing of it, if the file cannot be read or holds an object
// of an unknown Python class.
func LoadPTTree(s *Scope, path string) (ptfile.Value, error) {
	f, err := openPT(path, ptfile.Options{})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	l := newPTLoader(s, f)
	defer l.temporary.Close()
	root, err := rewrite(f.Root, func(v ptfile.Value) (ptfile.Value, error) {
		if t, ok := v.(*ptfile.Tensor); ok {
			return l.tensor(t)
		}
		return v, nil
	})
	if err != nil {
		l.discard()
		return nil, fmt.Errorf("loading %s: %w", path, err)
	}
	return root, nil
}

func openPT(path string, opts ptfile.Options) (*ptfile.File, error) {
	if err := Init(); err != nil {
		return nil, fmt.Errorf("loading %s: %w", path, err)
	}
	return ptfile.Open(path, opts)
}

// A ptLoader turns descriptions of tensors into tensors of a scope. Each
// storage is read once, straight into the memory of its tensors.
type ptLoader struct {
	scope     *Scope
	temporary *Scope
	file      *ptfile.File
	storages  map[*ptfile.Storage]*Tensor // uint8 vectors of temporary
	tensors   map[*ptfile.Tensor]*Tensor
}

func newPTLoader(s *Scope, f *ptfile.File) *ptLoader {
	return &ptLoader{s, NewScope(), f, map[*ptfile.Storage]*Tensor{}, map[*ptfile.Tensor]*Tensor{}}
}

// discard frees what was loaded.
func (l *ptLoader) discard() {
	for _, t := range l.tensors {
		t.Free()
	}
}

func (l *ptLoader) tensor(t *ptfile.Tensor) (*Tensor, error) {
	if x := l.tensors[t]; x != nil {
		return x, nil
	}
	var x *Tensor
	var readErr error
	err := Try(func() {
		var base *Tensor
		if base, readErr = l.storage(t.Storage); readErr == nil {
			x = l.view(base, t)
		}
	})
	if err == nil {
		err = readErr
	}
	if err != nil {
		return nil, err
	}
	l.tensors[t] = x
	return x, nil
}

// storage returns the bytes of a storage as a vector.
func (l *ptLoader) storage(st *ptfile.Storage) (*Tensor, error) {
	if base := l.storages[st]; base != nil {
		return base, nil
	}
	base := l.temporary.Empty([]int{int(st.Bytes())}, Uint8, CPU)
	memory := Data[uint8](base)
	if err := l.file.ReadStorage(st, memory); err != nil {
		return nil, err
	}
	if st.DType == ptfile.Bool {
		if err := checkBools(memory); err != nil {
			return nil, err
		}
	}
	runtime.KeepAlive(base)
	l.storages[st] = base
	return base, nil
}

// view makes a tensor of l's scope on a storage.
func (l *ptLoader) view(base *Tensor, t *ptfile.Tensor) *Tensor {
	const op = "LoadPT"
	l.scope.mustOpen(op)
	dtype, ok := dtypeNamed(string(t.DType))
	if !ok {
		panic(&Error{Op: op, Kind: Value, Msg: fmt.Sprintf("no dtype of this program has elements of type %s", t.DType)})
	}
	if t.Conj || t.Neg {
		panic(&Error{Op: op, Kind: Value, Msg: "the tensor is a lazily conjugated or negated view; in Python, save x.resolve_conj().resolve_neg() instead"})
	}
	if len(t.Shape) > 16 {
		panic(&Error{Op: op, Kind: Value, Msg: fmt.Sprintf("the tensor has %d dimensions, more than 16", len(t.Shape))})
	}
	size, stride := (*C.int64_t)(unsafe.SliceData(t.Shape)), (*C.int64_t)(unsafe.SliceData(t.Strides))
	x := adopt(op, l.scope, C.ct_on_storage(base.h, size, stride, C.int64_t(len(t.Shape)), C.int64_t(t.Offset), C.int8_t(dtype)), base)
	if t.RequiresGrad {
		x.RequireGrad(true)
	}
	return x
}
