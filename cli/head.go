package cli

import (
	"fmt"
	"os"

	"sslmem/cli/rundir"
	"sslmem/models"
	"sslmem/ssl"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// headPath is where the head of an encoder is kept.
func (r *run) headPath(name string) string {
	return r.dir.Join(rundir.HeadsDir, name+".safetensors")
}

// saveHead keeps the head of a trained encoder, if its method has one and the settings
// say so.
func (r *run) saveHead(name string, t ssl.Trainer) error {
	h, ok := t.(ssl.Header)
	if !ok || !r.settings.KeepHeads {
		return nil
	}
	if err := os.MkdirAll(r.dir.Join(rundir.HeadsDir), 0o777); err != nil {
		return fmt.Errorf("cannot make the folder for heads: %w", err)
	}
	return torch.SaveSafetensors(r.headPath(name), nn.State(h.Head()), nil)
}

// headed is an encoder with the head that it was trained with, in evaluation mode.
type headed struct {
	models.Backbone
	head    nn.Layer
	trainer ssl.Trainer // that the head is a part of
}

// loadHead puts the head of an encoder of the run on top of it. The encoder is the
// result's then, to be freed with it.
func (r *run) loadHead(name string, encoder models.Backbone) (*headed, error) {
	path := r.headPath(name)
	if !exists(path) {
		return nil, fmt.Errorf("there is no %s: the run was trained without keep_heads, or its method, %s, has no head; train it again with: --set keep_heads=true", path, r.settings.Recipe.Method)
	}
	fitted, err := r.fitted()
	if err != nil {
		return nil, err
	}
	s := torch.NewScope()
	defer s.Close()
	state, _, err := torch.LoadSafetensors(s, path)
	if err != nil {
		return nil, err
	}
	t, err := ssl.New(fitted, r.channels, len(r.data.ClassNames()), 0)
	if err != nil {
		return nil, err
	}
	h, ok := t.(ssl.Header)
	if !ok {
		ssl.Free(t)
		return nil, fmt.Errorf("%s has no head", r.settings.Recipe.Method)
	}
	if err := nn.LoadState(h.Head(), state); err != nil {
		ssl.Free(t)
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	nn.To(h.Head(), r.device, torch.ContiguousFormat)
	nn.SetTraining(h.Head(), false)
	return &headed{encoder, h.Head(), t}, nil
}

// Forward returns what the head makes of the features.
func (h *headed) Forward(x *torch.Tensor) *torch.Tensor {
	return h.head.Forward(h.Backbone.Forward(x))
}

// free gives up encoder and head.
func (h *headed) free() {
	ssl.Free(h.trainer)
	nn.Free(h.Backbone)
}
