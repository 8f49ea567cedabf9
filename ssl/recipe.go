package ssl

import (
	"fmt"
	"slices"

	"sslmem/data/augment"
)

// A Recipe is everything about a training but the images, the seed and the
// device.
type Recipe struct {
	Method string `toml:"method" json:"method"` // one of Methods
	Model  string `toml:"model" json:"model"`   // one of models.Names
	Width  int    `toml:"width" json:"width"`   // channels of the encoder's first stage; 0 means the published number

	Epochs       int     `toml:"epochs" json:"epochs"`
	BatchSize    int     `toml:"batch_size" json:"batch_size"`       // images per step, each in all its views
	LR           float64 `toml:"lr" json:"lr"`                       // of Adam, at the end of the warm-up
	WarmupEpochs float64 `toml:"warmup_epochs" json:"warmup_epochs"` // of linear rise from 0, before the cosine to 0
	WeightDecay  float64 `toml:"weight_decay" json:"weight_decay"`

	Temperature     float64 `toml:"temperature" json:"temperature"`           // of NT-Xent
	ProjectorHidden int     `toml:"projector_hidden" json:"projector_hidden"` // units of the head's hidden layer
	ProjectorDim    int     `toml:"projector_dim" json:"projector_dim"`       // length of the projections

	Augment augment.Recipe `toml:"augment" json:"augment"` // of the views
}

// Check returns an error that names the first field with a value that cannot
// be used.
func (r Recipe) Check() error {
	bad := func(field string, value any, want string) error {
		return fmt.Errorf("recipe: %s is %v but must be %s", field, value, want)
	}
	switch {
	case !slices.Contains(Methods(), r.Method):
		return unknownMethod(r.Method)
	case r.Epochs < 1:
		return bad("epochs", r.Epochs, "at least 1")
	case r.BatchSize < 2:
		return bad("batch_size", r.BatchSize, "at least 2, as a contrastive loss compares images")
	case !(r.LR > 0):
		return bad("lr", r.LR, "above 0")
	case !(r.WarmupEpochs >= 0 && r.WarmupEpochs < float64(r.Epochs)):
		return bad("warmup_epochs", r.WarmupEpochs, "at least 0 and below epochs")
	case !(r.WeightDecay >= 0):
		return bad("weight_decay", r.WeightDecay, "at least 0")
	case !(r.Temperature > 0):
		return bad("temperature", r.Temperature, "above 0")
	case r.ProjectorHidden < 1:
		return bad("projector_hidden", r.ProjectorHidden, "at least 1")
	case r.ProjectorDim < 1:
		return bad("projector_dim", r.ProjectorDim, "at least 1")
	}
	return r.Augment.CheckOpen()
}
