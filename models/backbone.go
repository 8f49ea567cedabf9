package models

import (
	"fmt"
	"strings"

	"sslmem/torch"
	"sslmem/torch/nn"
)

// A Backbone maps images [N, C, H, W] to features [N, Features].
type Backbone interface {
	nn.Layer
	// Features returns the number of features per image.
	Features() int
}

// Config names an encoder.
type Config struct {
	Model      string `toml:"model" json:"model"`             // one of Names
	Width      int    `toml:"width" json:"width"`             // channels of the first stage; 0 means the published number
	InChannels int    `toml:"in_channels" json:"in_channels"` // 1 or 3
}

// Names lists the encoders that [New] builds.
func Names() []string { return []string{"resnet9", "resnet18"} }

// New builds an encoder in training mode, with weights drawn from g on the CPU.
func New(c Config, g *torch.Generator) (Backbone, error) {
	if c.InChannels < 1 {
		return nil, fmt.Errorf("model %s: in_channels is %d but must be at least 1", c.Model, c.InChannels)
	}
	if c.Width < 0 || c.Width > 4096 {
		return nil, fmt.Errorf("model %s: width is %d but must lie between 1 and 4096, or be 0 for the published width", c.Model, c.Width)
	}
	switch c.Model {
	case "resnet9":
		return NewResNet9(c.Width, c.InChannels, g), nil
	case "resnet18":
		return NewResNet18(c.Width, c.InChannels, g), nil
	}
	return nil, fmt.Errorf("unknown model %q; known are %s", c.Model, strings.Join(Names(), ", "))
}
