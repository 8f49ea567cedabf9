package gotorchx

import (
	"fmt"
	"reflect"
	"runtime"

	"github.com/wangkuiyi/gotorch"
	gnn "github.com/wangkuiyi/gotorch/nn"

	"sslmem/torch"
	"sslmem/torch/nn"
)

// Module is a gotorch module as a layer of this side. Its tensors are those of
// the gotorch module, with the same memory and gradients, so that optimizers of
// either side train both; see [FromModule].
type Module struct {
	inner    gnn.IModule
	forward  func(gotorch.Tensor) gotorch.Tensor
	slots    []*slot
	training bool
}

// slot is a tensor of the module as both sides have it.
type slot struct {
	field
	ours   *torch.Tensor
	shared *torch.Tensor  // what ours was when the field was set
	theirs gotorch.Tensor // what the field was
}

// FromModule returns a gotorch module as an [nn.Layer]: a network of layers of
// both sides may hold it, mem may score it, [nn.State] yields its tensors under
// PyTorch's names (see [statedict.PyTorchName]) in the order of its fields, and
// [nn.LoadState] writes into them. It returns an error unless the module has a
// method Forward from one gotorch tensor to one, or is a gotorch Sequential, and
// if it does not export all its fields, which gotorch needs too.
//
// Call [nn.Free] when the layer is done with; the gotorch module goes on.
func FromModule(m gnn.IModule) (*Module, error) {
	list, err := fields(m)
	if err != nil {
		return nil, err
	}
	wrapped := &Module{inner: m, training: m.IsTraining()}
	switch f := m.(type) {
	case interface {
		Forward(gotorch.Tensor) gotorch.Tensor
	}:
		wrapped.forward = f.Forward
	case interface {
		Forward(...interface{}) interface{}
	}:
		wrapped.forward = func(x gotorch.Tensor) gotorch.Tensor { return f.Forward(x).(gotorch.Tensor) }
	default:
		return nil, fmt.Errorf("gotorchx: %T has no method Forward(gotorch.Tensor) gotorch.Tensor; give it one, or put it into a module that has", m)
	}
	for _, f := range list {
		theirs := f.tensor()
		t := FromGotorch(torch.Root, theirs)
		wrapped.slots = append(wrapped.slots, &slot{field: f, ours: t, shared: t, theirs: theirs})
	}
	return wrapped, nil
}

// Rename changes the names of the module's tensors, such as by [statedict.ResNetName].
func (m *Module) Rename(name func(string) string) {
	for _, s := range m.slots {
		s.name = name(s.name)
	}
}

// Original returns the key of gotorch's StateDict for the tensor that [nn.State]
// calls name, or "" if there is none.
func (m *Module) Original(name string) string {
	for _, s := range m.slots {
		if s.name == name {
			return s.original
		}
	}
	return ""
}

// Register implements [nn.Module].
func (m *Module) Register(r *nn.Registry) {
	for _, s := range m.slots {
		if s.buffer {
			r.Buffer(s.name, &s.ours)
		} else {
			r.Param(s.name, &s.ours)
		}
	}
	r.Training(&m.training)
}

// Forward returns what the gotorch module makes of x, in x's scope, with
// gradients through both sides. It runs in [Hold]. It panics with [*torch.Error]
// if gotorch fails, and if somebody else has put another tensor into the gotorch
// module, as its SetStateDict does: load by [nn.LoadState] instead, which keeps
// the tensors that optimizers know.
func (m *Module) Forward(x *torch.Tensor) *torch.Tensor {
	m.sync()
	if m.inner.IsTraining() != m.training {
		m.inner.Train(m.training)
	}
	var y *torch.Tensor
	Hold(func() {
		in := ToGotorch(x)
		out := m.forward(in)
		y = FromGotorch(x.Scope(), out)
		runtime.KeepAlive(in.T)
		runtime.KeepAlive(m.inner)
	})
	return y
}

// sync gives the gotorch module the tensors that [nn.To] has put in the place of
// ours.
func (m *Module) sync() {
	for _, s := range m.slots {
		if s.tensor().T != s.theirs.T {
			panic(&torch.Error{Op: "gotorch", Kind: torch.Value,
				Msg: fmt.Sprintf("%s was replaced in the gotorch module, as its SetStateDict does; load with nn.LoadState, or call FromModule again", s.original)})
		}
		if s.ours == s.shared {
			continue
		}
		s.shared, s.theirs = s.ours, ToGotorch(s.ours)
		s.value.Set(reflect.ValueOf(s.theirs))
	}
}

// LayerModule is a layer of this side as a gotorch module; see [ToModule].
type LayerModule struct {
	gnn.Module
	Layer   nn.Layer
	Params  []gotorch.Tensor // the layer's parameters, for gotorch's optimizers
	Buffers []gotorch.Tensor `gotorch:"buffer"`
}

// ToModule returns a layer as a gotorch module that gotorch's Sequential, Train
// and optimizers take. Its Params and Buffers share the layer's tensors, in the
// order of [nn.State]; use [nn.LoadState] on the layer to load them, since
// gotorch's SetStateDict would only change the lists. [nn.To] on the layer ends
// the sharing: move it before.
func ToModule(l nn.Layer) *LayerModule {
	m := &LayerModule{Layer: l}
	trained := map[*torch.Tensor]bool{}
	for _, t := range nn.Parameters(l) {
		trained[t] = true
	}
	for _, t := range nn.State(l) {
		if trained[t] {
			m.Params = append(m.Params, ToGotorch(t))
		} else {
			m.Buffers = append(m.Buffers, ToGotorch(t))
		}
	}
	m.Init(m)
	return m
}

// Forward returns what the layer makes of x, with gradients through both sides.
// Everything in between is freed when it returns, except what the backward pass
// needs. It panics with [*torch.Error] on misuse.
func (m *LayerModule) Forward(x gotorch.Tensor) gotorch.Tensor {
	nn.SetTraining(m.Layer, m.IsTraining())
	s := torch.NewScope()
	defer s.Close()
	return ToGotorch(m.Layer.Forward(FromGotorch(s, x)))
}
