package nn

import (
	"fmt"
	"iter"
	"slices"
	"strings"

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
	entries []entry
	modes   []*bool
}

type entry struct {
	name   string
	slot   **torch.Tensor
	buffer bool
}

// Param names a tensor that is trained. A nil tensor is left out.
func (r *Registry) Param(name string, slot **torch.Tensor) { r.add(name, slot, false) }

// Buffer names a tensor that is saved but not trained, such as a running mean.
// A nil tensor is left out.
func (r *Registry) Buffer(name string, slot **torch.Tensor) { r.add(name, slot, true) }

func (r *Registry) add(name string, slot **torch.Tensor, buffer bool) {
	if *slot != nil {
		r.entries = append(r.entries, entry{r.prefix + name, slot, buffer})
	}
}

// Module names a child; the names of its tensors get the prefix "name.".
func (r *Registry) Module(name string, m Module) {
	before := r.prefix
	r.prefix += name + "."
	m.Register(r)
	r.prefix = before
}

// Training names the flag that [SetTraining] sets.
func (r *Registry) Training(flag *bool) { r.modes = append(r.modes, flag) }

func registry(m Module) *Registry {
	r := &Registry{}
	m.Register(r)
	return r
}

// Parameters yields the trained tensors with their names, in order.
func Parameters(m Module) iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		for _, e := range registry(m).entries {
			if !e.buffer && !yield(e.name, *e.slot) {
				return
			}
		}
	}
}

// State yields all tensors, parameters and buffers, with their names, in order:
// PyTorch's state_dict.
func State(m Module) iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		for _, e := range registry(m).entries {
			if !yield(e.name, *e.slot) {
				return
			}
		}
	}
}

// Tensors returns the trained tensors as a list, for an optimizer.
func Tensors(m Module) []*torch.Tensor {
	var list []*torch.Tensor
	for _, t := range Parameters(m) {
		list = append(list, t)
	}
	return list
}

// NumParameters returns the number of trained elements.
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

// To moves a module to a device and its [O, C, H, W] weights to a memory
// format. Do it before an optimizer gets the parameters: all tensors of the
// module are replaced by new root tensors with the same values and without
// gradients, and the old ones are freed.
func To(m Module, device torch.Device, format torch.MemoryFormat) {
	torch.NoGrad(func() {
		for _, e := range registry(m).entries {
			old := *e.slot
			moved := old.ToDevice(device)
			if moved.Dim() == 4 {
				formatted := torch.Root.EmptyFormat(moved.Shape(), moved.DType(), device, format)
				formatted.CopyFrom(moved)
				moved.Free()
				moved = formatted
			}
			if old.RequiresGrad() {
				moved = detached(moved).RequireGrad(true)
			}
			*e.slot = moved
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

// LoadState copies the named tensors into the module, converted to the dtypes
// and moved to the devices of the module's own, which stay the same tensors. It
// returns an error that names what is missing, left over, of another shape or
// not usable any more, and then has changed nothing.
func LoadState(m Module, state map[string]*torch.Tensor) error {
	entries := registry(m).entries
	var missing, wrong []string
	known := map[string]bool{}
	for _, e := range entries {
		known[e.name] = true
		src, ok := state[e.name]
		if !ok {
			missing = append(missing, e.name)
			continue
		}
		var got []int
		if err := torch.Try(func() { got = src.Shape() }); err != nil {
			return fmt.Errorf("the weight %s cannot be read: %w", e.name, err)
		}
		if want := (*e.slot).Shape(); !slices.Equal(got, want) {
			wrong = append(wrong, fmt.Sprintf("%s is %v but the model needs %v", e.name, got, want))
		}
	}
	var extra []string
	for name := range state {
		if !known[name] {
			extra = append(extra, name)
		}
	}
	slices.Sort(extra)
	var problems []string
	if len(wrong) > 0 {
		problems = append(problems, "of another shape: "+shorten(wrong))
	}
	if len(missing) > 0 {
		problems = append(problems, "missing: "+shorten(missing))
	}
	if len(extra) > 0 {
		problems = append(problems, "not in the model: "+shorten(extra))
	}
	if len(problems) > 0 {
		return fmt.Errorf("the weights do not fit the model (%s); build the model with the options that they were trained with", strings.Join(problems, "; "))
	}
	return torch.Try(func() {
		torch.NoGrad(func() {
			for _, e := range entries {
				(*e.slot).CopyFrom(state[e.name])
			}
		})
	})
}

// shorten names the first few of a list.
func shorten(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
