package cli

import (
	"encoding/json"
	"fmt"

	"sslmem/data/augment"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// The entries of an encoder's metadata, which say what it is to whoever finds the
// file outside of its run.
const (
	encoderKey = "sslmem.encoder" // a models.Config
	viewsKey   = "sslmem.views"   // the augment.Recipe it was trained on, fitted to the images
)

// describeEncoder returns the metadata of an encoder of the run.
func (r *run) describeEncoder() (map[string]string, error) {
	fitted, err := r.fitted()
	if err != nil {
		return nil, err
	}
	metadata := map[string]string{}
	for key, value := range map[string]any{encoderKey: fitted.ModelConfig(r.channels), viewsKey: fitted.Augment} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("cannot describe the encoder: %w", err)
		}
		metadata[key] = string(text)
	}
	return metadata, nil
}

// A savedEncoder is an encoder that was read from a file, in evaluation mode.
type savedEncoder struct {
	models.Backbone
	config models.Config
	views  augment.Recipe // those it was trained on; of size 0 if the file does not say
}

// readEncoder reads an encoder that a run has saved, onto a device.
func readEncoder(path string, device torch.Device) (*savedEncoder, error) {
	s := torch.NewScope()
	defer s.Close()
	state, metadata, err := torch.LoadSafetensors(s, path)
	if err != nil {
		return nil, err
	}
	e := &savedEncoder{}
	if metadata[encoderKey] == "" {
		return nil, fmt.Errorf("%s does not say what encoder it holds (no %s in its metadata); give an encoder of a run, such as runs/001-train/encoders/e0.safetensors", path, encoderKey)
	}
	if err := json.Unmarshal([]byte(metadata[encoderKey]), &e.config); err != nil {
		return nil, fmt.Errorf("%s: %s in its metadata cannot be read: %w", path, encoderKey, err)
	}
	if text := metadata[viewsKey]; text != "" {
		if err := json.Unmarshal([]byte(text), &e.views); err != nil {
			return nil, fmt.Errorf("%s: %s in its metadata cannot be read: %w", path, viewsKey, err)
		}
	}
	if e.Backbone, err = models.New(e.config, torch.NewGenerator(0, torch.CPU)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := nn.LoadState(e.Backbone, state); err != nil {
		nn.Free(e.Backbone)
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	nn.To(e.Backbone, device, torch.ChannelsLast)
	nn.SetTraining(e.Backbone, false)
	return e, nil
}
