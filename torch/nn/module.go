package nn

import (
	"iter"

	"sslmem/torch"
)

// A Module is anything that holds parameters.
type Module interface {
	// Register names the module's tensors and children, always in the same
	// order.
	Register(r *Registry)
}

// A Layer is a module that maps one tensor to one tensor. Its result belongs
// to the scope of x.
type Layer interface {
	Module
	Forward(x *torch.Tensor) *torch.Tensor
}

// A Registry collects the tensors of a module with their full names.
type Registry struct {
	prefix  string
	owner   Module
	entries []entry
	modes   []*bool
}

type entry struct {
	name   string
	slot   **torch.Tensor
	buffer bool
	owner  Module
}

// Param names a tensor that is trained. A nil tensor is left out.
func (r *Registry) Param(name string, slot **torch.Tensor) { r.add(name, slot, false) }

// Buffer names a tensor that is saved but not trained, such as a running mean.
// A nil tensor is left out.
func (r *Registry) Buffer(name string, slot **torch.Tensor) { r.add(name, slot, true) }

func (r *Registry) add(name string, slot **torch.Tensor, buffer bool) {
	if *slot != nil {
		r.entries = append(r.entries, entry{r.prefix + name, slot, buffer, r.owner})
	}
}

// Module names a child; the names of its tensors get the prefix "name.".
func (r *Registry) Module(name string, m Module) {
	prefix, owner := r.prefix, r.owner
	r.prefix, r.owner = prefix+name+".", m
	m.Register(r)
	r.prefix, r.owner = prefix, owner
}

// Training names the flag that [SetTraining] sets.
func (r *Registry) Training(flag *bool) { r.modes = append(r.modes, flag) }

func registry(m Module) *Registry {
	r := &Registry{owner: m}
	m.Register(r)
	return r
}

// Parameters yields the parameters with their names, in order. One that is
// registered twice, as tied weights are, comes once, under its first name.
func Parameters(m Module) iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		seen := map[*torch.Tensor]bool{}
		for _, e := range registry(m).entries {
			if e.buffer || seen[*e.slot] {
				continue
			}
			seen[*e.slot] = true
			if !yield(e.name, *e.slot) {
				return
			}
		}
	}
}

// State yields all tensors, parameters and buffers, with their names, in order:
// PyTorch's state_dict. Tied weights come under each of their names.
func State(m Module) iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		for _, e := range registry(m).entries {
			if !yield(e.name, *e.slot) {
				return
			}
		}
	}
}

// Tensors returns the parameters as a list, for an optimizer.
func Tensors(m Module) []*torch.Tensor {
	var list []*torch.Tensor
	for _, t := range Parameters(m) {
		list = append(list, t)
	}
	return list
}

// NumParameters returns the number of elements of all parameters.
func NumParameters(m Module) int {
	n := 0
	for _, t := range Parameters(m) {
		n += t.Numel()
	}
	return n
}

// SetTraining switches every layer that behaves differently in training, such
// as batch norm.
func SetTraining(m Module, on bool) {
	for _, flag := range registry(m).modes {
		*flag = on
	}
}

// Evaluating runs fn with every layer of m in evaluation mode, and then puts each
// back into the mode that it was in, also after a panic: how a network is
// looked at in the middle of its training. Nothing is written to a layer that is
// in evaluation mode already.
func Evaluating(m Module, fn func()) {
	var changed []*bool
	for _, flag := range registry(m).modes {
		if *flag {
			*flag = false
			changed = append(changed, flag)
		}
	}
	defer func() {
		for _, flag := range changed {
			*flag = true
		}
	}()
	fn()
}

// RequireGrad sets whether a module's parameters are trained. False freezes
// them: no gradients are computed for them, and optimizers pass them over.
// Batch norm moves its statistics all the same in training; see [SetTraining].
func RequireGrad(m Module, on bool) {
	for _, p := range Parameters(m) {
		p.RequireGrad(on)
	}
}

// To moves a module to a device and its [O, C, H, W] weights to a memory
// format. Do it before an optimizer gets the parameters: all tensors of the
// module are replaced by new root tensors with the same values and without
// gradients, and the old ones are freed. Tied weights stay tied.
func To(m Module, device torch.Device, format torch.MemoryFormat) {
	replace(m, func(old *torch.Tensor) *torch.Tensor {
		moved := old.ToDevice(device)
		if moved.Dim() != 4 {
			return moved
		}
		formatted := torch.Root.EmptyFormat(moved.Shape(), moved.DType(), device, format)
		formatted.CopyFrom(moved)
		moved.Free()
		return formatted
	})
}

// ToDType converts the floating-point tensors of a module, such as to
// [torch.BFloat16]; integers, as a batch norm's count, stay as they are. Like
// [To], it replaces the tensors.
func ToDType(m Module, dtype torch.DType) {
	replace(m, func(old *torch.Tensor) *torch.Tensor {
		if !old.DType().IsFloating() {
			return old.ToDType(old.DType())
		}
		return old.ToDType(dtype)
	})
}

// replace puts what convert makes of each tensor, a root tensor of its own, in
// its place and frees the old one.
func replace(m Module, convert func(old *torch.Tensor) *torch.Tensor) {
	torch.NoGrad(func() {
		done := map[*torch.Tensor]*torch.Tensor{}
		for _, e := range registry(m).entries {
			old := *e.slot
			if done[old] == nil {
				next := convert(old)
				if old.RequiresGrad() {
					next = detached(next).RequireGrad(true)
				}
				done[old] = next
			}
			*e.slot = done[old]
		}
		for old := range done {
			old.Free()
		}
	})
}

// detached returns t as a leaf, freeing the handle that was given.
func detached(t *torch.Tensor) *torch.Tensor {
	d := t.Detach()
	t.Free()
	return d
}

// Free gives up all tensors of a module at once, without waiting for the
// garbage collector. The module cannot be used afterwards; freeing it twice
// does nothing.
func Free(m Module) {
	for _, e := range registry(m).entries {
		(*e.slot).Free()
	}
}
