package nn

import (
	"sync"

	"sslmem/torch"
)

// A Script is a TorchScript module of PyTorch as a layer: its forward takes one
// tensor and returns one. Its weights are named, trained, saved and moved as
// those of other layers are.
type Script struct {
	module   *torch.ScriptModule
	mu       sync.Mutex // guards what Forward brings up to date
	tensors  []scriptTensor
	training bool // as the layer has it
	inside   bool // as the module has it
}

type scriptTensor struct {
	name   string
	t      *torch.Tensor
	inside *torch.Tensor // what the module has; another after t was replaced
	buffer bool
}

// NewScript returns m as a layer in evaluation mode. Free m when the layer is
// not needed any more, beside [Free] for the layer.
func NewScript(m *torch.ScriptModule) *Script {
	l := &Script{module: m}
	_ = m.SetTraining(false) // it fails for frozen modules, which always evaluate
	for name, t := range m.NamedParameters() {
		l.tensors = append(l.tensors, scriptTensor{name, t, t, false})
	}
	for name, t := range m.NamedBuffers() {
		l.tensors = append(l.tensors, scriptTensor{name, t, t, true})
	}
	return l
}

// Register implements [Module].
func (l *Script) Register(r *Registry) {
	for i := range l.tensors {
		if t := &l.tensors[i]; t.buffer {
			r.Buffer(t.name, &t.t)
		} else {
			r.Param(t.name, &t.t)
		}
	}
	r.Training(&l.training)
}

// Forward returns what the module's forward makes of x. It panics with a
// *[torch.Error] if the script fails or returns anything but one tensor.
func (l *Script) Forward(x *torch.Tensor) *torch.Tensor {
	l.update()
	out, err := l.module.Forward(x)
	if err != nil {
		panic(err)
	}
	return out.Tensor()
}

// update gives the module the tensors and the mode that the layer has.
func (l *Script) update() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.tensors {
		if t := &l.tensors[i]; t.t != t.inside {
			if err := l.module.SetTensor(t.name, t.t); err != nil {
				panic(err)
			}
			t.inside = t.t
		}
	}
	if l.inside != l.training {
		if err := l.module.SetTraining(l.training); err != nil {
			panic(err)
		}
		l.inside = l.training
	}
}
