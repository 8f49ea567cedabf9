package torch

/*
#include "shim/api_gen.h"
*/
import "C"

import (
	"fmt"
	"iter"
	"runtime"

	"sslmem/torch/ptfile"
)

// SavePT writes a file that torch.load of Python opens, also with
// weights_only=True, which is its default. The root is
//
//   - a state dict: an iter.Seq2[string, *Tensor], such as nn.State returns, or
//     a *[Checkpoint]; it becomes an OrderedDict of tensors without
//     requires_grad, as Python's state_dict() returns;
//   - or any value of package ptfile, in which each *[Tensor] stands for itself
//     and each state dict as above.
//
// A training checkpoint is thus a dict:
//
//	d := ptfile.NewDict(ptfile.PlainDict)
//	d.Set("epoch", 3)
//	d.Set("state_dict", nn.State(model))
//	err := torch.SavePT("run.pt", d)
//
// Tensors may be on any device; Python gets them on the CPU. As in PyTorch the
// whole storage under a tensor is written, once for all tensors that share it:
// Clone a small part of a large tensor before saving it. The same values give
// the same bytes.
//
// The file appears complete or not at all. It is an error if a tensor cannot be
// used any more, a value has no place in such a file, two tensors see one
// memory as different dtypes, or the file cannot be written.
func SavePT(path string, root any) error {
	if err := Init(); err != nil {
		return fmt.Errorf("saving %s: %w", path, err)
	}
	w := &ptSaver{scope: NewScope(), storages: map[uintptr]*ptfile.Storage{}, tensors: map[*Tensor]*ptfile.Tensor{}}
	defer w.scope.Close()
	tree, err := rewrite(root, w.value)
	if err == nil {
		err = ptfile.Save(path, tree)
	}
	runtime.KeepAlive(w) // with it the tensors whose memory was written
	if err != nil {
		return fmt.Errorf("saving %s: %w", path, err)
	}
	return nil
}

// A ptSaver describes tensors for a file.
type ptSaver struct {
	scope    *Scope // copies on the CPU live here until the file is written
	storages map[uintptr]*ptfile.Storage
	tensors  map[*Tensor]*ptfile.Tensor
	memory   []*Tensor // holds the bytes of the storages
}

func (w *ptSaver) value(v ptfile.Value) (ptfile.Value, error) {
	switch v := v.(type) {
	case *Tensor:
		if t := w.tensors[v]; t != nil {
			return t, nil
		}
		t, err := w.tensor(v)
		if err != nil {
			return nil, err
		}
		w.tensors[v] = t
		return t, nil
	case *Checkpoint:
		return w.state(v.All())
	case iter.Seq2[string, *Tensor]:
		return w.state(v)
	case func(func(string, *Tensor) bool):
		return w.state(v)
	}
	return v, nil
}

func (w *ptSaver) state(tensors iter.Seq2[string, *Tensor]) (ptfile.Value, error) {
	d := ptfile.NewDict(ptfile.OrderedDict)
	for name, x := range tensors {
		if _, ok := d.Get(name); ok {
			return nil, fmt.Errorf("the name %q is given twice", name)
		}
		t, err := w.tensor(x)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		t.RequiresGrad = false
		if err := d.Set(name, t); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (w *ptSaver) tensor(x *Tensor) (t *ptfile.Tensor, err error) {
	const op = "SavePT"
	tryErr := Try(func() {
		m := x.describe(op)
		var at C.ct_layout
		check(op, C.ct_storage(x.h, &at), x)
		t = &ptfile.Tensor{
			DType: ptfile.DType(DType(m.dtype).String()), Offset: int64(at.offset),
			RequiresGrad: bool(m.requires_grad), Conj: bool(at.conj), Neg: bool(at.neg),
			Shape: make([]int64, m.dim), Strides: make([]int64, m.dim),
		}
		for i := range t.Shape {
			t.Shape[i], t.Strides[i] = int64(m.size[i]), int64(at.stride[i])
		}
		t.Storage, err = w.storage(x, t.DType, at)
	})
	if tryErr != nil {
		return nil, tryErr
	}
	return t, err
}

// storage returns the storage of x, with its bytes.
func (w *ptSaver) storage(x *Tensor, dtype ptfile.DType, at C.ct_layout) (*ptfile.Storage, error) {
	const op = "SavePT"
	st, err := ptfile.NewStorage(dtype, int64(at.bytes))
	if err != nil {
		return nil, err
	}
	if old := w.storages[uintptr(at.storage)]; old != nil {
		if old.DType != st.DType || old.Untyped != st.Untyped {
			return nil, fmt.Errorf("one memory is seen as %s and as %s, which PyTorch cannot save; Clone one of the tensors", old.DType, dtype)
		}
		return old, nil
	}
	size, stride := C.int64_t(at.bytes), C.int64_t(1)
	base := adopt(op, w.scope, C.ct_on_storage(x.h, &size, &stride, 1, 0, C.int8_t(Uint8)), x)
	if base.Device() != CPU {
		base = base.ToDevice(CPU)
	}
	st.Data = Data[uint8](base)[:st.Bytes()]
	w.storages[uintptr(at.storage)] = st
	w.memory = append(w.memory, base)
	return st, nil
}
