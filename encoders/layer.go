package encoders

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sslmem/internal/nearest"
	"sslmem/models"
	"sslmem/torch"
)

// FeaturesLayer stands for the features of an encoder in the place of a layer's name.
const FeaturesLayer = "features"

// Layers lists the layers of the encoder in the order in which they are computed, the
// features last; a TorchScript module shows nothing else.
func (e *Encoder) Layers() []string {
	if b, ok := e.Backbone(); ok {
		return append(slices.Clone(b.Layers()), FeaturesLayer)
	}
	return []string{FeaturesLayer}
}

// Layer returns a network that gives the output of a layer in the place of features,
// [N, …] of any shape, in which the encoder and it have their weights in common. It is
// an error if there is no layer of that name.
func (e *Encoder) Layer(name string) (Network, error) {
	b, ok := e.Backbone()
	switch {
	case name == FeaturesLayer:
		return e.Network, nil
	case !ok:
		return nil, errors.New("the layers of a TorchScript module cannot be looked at; export one that gives what the layer gives")
	case slices.Contains(b.Layers(), name):
		return layer{b, name}, nil
	}
	if near, ok := nearest.Word(name, b.Layers()); ok {
		return nil, fmt.Errorf("there is no layer %q; did you mean %q?", name, near)
	}
	return nil, fmt.Errorf("there is no layer %q; there are %s", name, strings.Join(e.Layers(), ", "))
}

// A layer gives the output of a layer.
type layer struct {
	models.Backbone
	name string
}

// Forward implements [Network].
func (l layer) Forward(x *torch.Tensor) *torch.Tensor {
	_, outputs := l.ForwardLayers(x, l.name)
	return outputs[l.name]
}
