package nn

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sslmem/torch"
)

// LoadState copies the named tensors into the module, converted to the dtypes
// and moved to the devices of the module's own, which stay the same tensors. It
// returns an error that names what is missing, left over, of another shape or
// not usable any more, and then has changed nothing. [LoadMatching] takes what
// fits, and [StripPrefix] changes names.
func LoadState(m Module, state map[string]*torch.Tensor) error {
	f, err := compare(m, state)
	if err != nil {
		return err
	}
	var problems []string
	if len(f.wrong) > 0 {
		problems = append(problems, "of another shape: "+shorten(f.wrong))
	}
	if len(f.missing) > 0 {
		problems = append(problems, "missing: "+shorten(f.missing))
	}
	if len(f.unexpected) > 0 {
		problems = append(problems, "not in the model: "+shorten(f.unexpected))
	}
	if len(problems) > 0 {
		return fmt.Errorf("the weights do not fit the model (%s); build the model with the options that they were trained with", strings.Join(problems, "; "))
	}
	return f.copy(state)
}

// LoadMatching is LoadState for a state that need not be whole, PyTorch's
// load_state_dict with strict=False: an encoder from a classifier, say. It
// copies the tensors whose names the module knows and returns the names that
// the state lacks, in the module's order, and those that the module lacks,
// sorted. One of another shape is an error, and then nothing has changed. A
// caller should look at missing: a module that shares no name with the state
// is left as it was without an error.
func LoadMatching(m Module, state map[string]*torch.Tensor) (missing, unexpected []string, err error) {
	f, err := compare(m, state)
	if err != nil {
		return nil, nil, err
	}
	if len(f.wrong) > 0 {
		return nil, nil, fmt.Errorf("the weights do not fit the model (of another shape: %s); leave them out of the state, or build the model with the options that they were trained with", shorten(f.wrong))
	}
	return f.missing, f.unexpected, f.copy(state)
}

// fit is what a state and a module have in common and what not.
type fit struct {
	common              []entry
	wrong               []string // shapes
	missing, unexpected []string
}

func compare(m Module, state map[string]*torch.Tensor) (f fit, err error) {
	known := map[string]bool{}
	for _, e := range registry(m).entries {
		known[e.name] = true
		src, ok := state[e.name]
		if !ok {
			f.missing = append(f.missing, e.name)
			continue
		}
		var got, want []int
		if err := torch.Try(func() { got = src.Shape() }); err != nil {
			return f, fmt.Errorf("the weight %s cannot be read: %w", e.name, err)
		}
		if err := torch.Try(func() { want = (*e.slot).Shape() }); err != nil {
			return f, fmt.Errorf("the module's own %s cannot be used: %w", e.name, err)
		}
		if !slices.Equal(got, want) {
			f.wrong = append(f.wrong, fmt.Sprintf("%s is %v but the model needs %v", e.name, got, want))
		}
		f.common = append(f.common, e)
	}
	for name := range state {
		if !known[name] {
			f.unexpected = append(f.unexpected, name)
		}
	}
	slices.Sort(f.unexpected)
	return f, nil
}

func (f fit) copy(state map[string]*torch.Tensor) error {
	return torch.Try(func() {
		torch.NoGrad(func() {
			for _, e := range f.common {
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

// StripPrefix returns a copy of the map with prefix taken from the names that
// start with it; the others stay. PyTorch's DataParallel puts "module." before every
// name, and a network that was part of a larger one has its field's name there.
func StripPrefix(state map[string]*torch.Tensor, prefix string) map[string]*torch.Tensor {
	out := make(map[string]*torch.Tensor, len(state))
	for name, t := range state {
		out[strings.TrimPrefix(name, prefix)] = t
	}
	return out
}

// CopyState makes the tensors of dst equal to those of src, of the same names
// and shapes, on whatever devices they are: how a teacher or a target network
// starts. It returns the errors of [LoadState].
func CopyState(dst, src Module) error {
	return LoadState(dst, maps.Collect(State(src)))
}

// CloneState returns copies of a module's tensors, in s and without history:
// what [LoadState] needs to return to them later, after a trial or to the best
// epoch.
func CloneState(s *torch.Scope, m Module) map[string]*torch.Tensor {
	state := map[string]*torch.Tensor{}
	torch.NoGrad(func() {
		for name, t := range State(m) {
			state[name] = t.Clone().MoveTo(s)
		}
	})
	return state
}
