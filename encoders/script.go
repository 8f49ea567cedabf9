package encoders

import (
	"errors"
	"fmt"

	"sslmem/models"
	"sslmem/torch"
)

// openScript loads a TorchScript module.
func (e *Encoder) openScript(o Options) error {
	if o.Key != "" || o.Prefix != "" || o.Config != (models.Config{}) {
		return errors.New("a TorchScript module is a whole network; leave out architecture, key and prefix")
	}
	m, err := torch.LoadScript(e.Path)
	if err != nil {
		return err
	}
	if err := m.SetTraining(false); err != nil {
		e.note("The module is frozen: it stays in the mode in which it was saved.")
	}
	if err := m.To(o.Device, torch.Float32); err != nil {
		m.Free()
		return err
	}
	for name, t := range m.NamedParameters() {
		t.Free()
		if name == "fc.weight" || name == "head.weight" {
			e.note("The module has a classifier (%s), and what it gives may be logits: export it without, with model.fc = torch.nn.Identity() or the like, for the features before it.", name)
		}
	}
	e.Network, e.close = script{m}, m.Free
	return nil
}

// A script computes features by a TorchScript module.
type script struct{ module *torch.ScriptModule }

// Forward returns what the module gives for images [N, C, H, W], float32 [N, D],
// flattened if it has more dimensions. It panics with *[torch.Error] if that is no
// tensor.
func (s script) Forward(x *torch.Tensor) *torch.Tensor {
	const op = "script.forward"
	v, err := s.module.Forward(x)
	if err != nil {
		var e *torch.Error
		if !errors.As(err, &e) {
			e = &torch.Error{Op: op, Kind: torch.Value, Msg: err.Error()}
		}
		panic(e)
	}
	y, ok := v.Any().(*torch.Tensor)
	if !ok {
		panic(&torch.Error{Op: op, Kind: torch.Value, Msg: fmt.Sprintf("the script gives %v, but a tensor of features is wanted; export a module that returns nothing else", v)})
	}
	if y.Dim() > 2 {
		y = y.Flatten(1, -1)
	}
	return y.ToDType(torch.Float32)
}
