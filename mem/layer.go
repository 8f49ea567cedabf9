package mem

import (
	"fmt"
	"slices"

	"sslmem/internal/nearest"
	"sslmem/torch"
)

// A LayerEncoder maps images to features and gives what its layers put out on
// the way, as all encoders of package models do. Any other network can be
// looked into layer by layer once it offers these two methods.
type LayerEncoder interface {
	// Layers lists the names of the layers in the order in which they are
	// computed.
	Layers() []string
	// ForwardLayers maps images [N, C, H, W] to features [N, D] and the outputs
	// of the named layers, each with N as its first dimension, all in the scope
	// of the images. An image's rows may not depend on its batch: the network
	// is in evaluation mode. It panics with *[torch.Error] for a name that is
	// not one of Layers.
	ForwardLayers(x *torch.Tensor, names ...string) (features *torch.Tensor, layers map[string]*torch.Tensor)
}

// FeaturesLayer stands for the features of an encoder in a list of layers. It
// comes after all others.
const FeaturesLayer = "features"

// Maps says how what a layer gives for an image, such as the maps of a
// convolution [C, H, W] or tokens [L, D], becomes the vector that distances are
// taken of.
type Maps string

const (
	// FlatMaps takes all numbers as one vector, C·H·W or L·D long. It is the
	// default: layer memorization is defined by the distance between outputs,
	// and where on a map something is found is a part of the output.
	FlatMaps Maps = "flat"
	// MeanMaps takes the mean over the map, or over the tokens, C or D long.
	// It asks whether a layer sees the same in two views wherever it is, and is
	// not what has been published.
	MeanMaps Maps = "mean"
)

// MapsNames returns all values of [Maps], the default first.
func MapsNames() []Maps { return []Maps{FlatMaps, MeanMaps} }

// ParseMaps returns the treatment of maps of the given name.
func ParseMaps(name string) (Maps, error) {
	if i := slices.Index(MapsNames(), Maps(name)); i >= 0 {
		return MapsNames()[i], nil
	}
	return "", fmt.Errorf("mem: %q is no way to treat maps; use one of %s", name, joinNames(MapsNames()))
}

// vectors returns one row for each image, [N, D], of the output y of a layer.
func (m Maps) vectors(y *torch.Tensor) *torch.Tensor {
	if m == MeanMaps {
		return unitMeans(y)
	}
	return y.Flatten(1, -1)
}

// unitMeans returns the mean over all that is not a unit: over the map of a
// channel [N, C, H, W], over the tokens [N, L, D].
func unitMeans(y *torch.Tensor) *torch.Tensor {
	switch y.Dim() {
	case 2:
		return y
	case 3:
		return y.MeanDim([]int{1}, false)
	case 4:
		return y.MeanDim([]int{2, 3}, false)
	}
	panic(&torch.Error{Op: "layer", Kind: torch.Value, Msg: fmt.Sprintf("the layer gave shape %v; its units are known for [N, D], [N, L, D] and [N, C, H, W] only", y.Shape())})
}

// resolveLayers returns the named layers in the order in which they are
// computed, and all of them with the features for nil. Every encoder must have
// them.
func resolveLayers(names []string, encoders ...LayerEncoder) ([]string, error) {
	order := append(slices.Clone(encoders[0].Layers()), FeaturesLayer)
	if names == nil {
		names = order
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("mem: the list of layers is empty; name at least one")
	}
	at := make(map[string]int, len(order))
	for i, name := range order {
		at[name] = i
	}
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		for _, e := range encoders {
			known := append(slices.Clone(e.Layers()), FeaturesLayer)
			if !slices.Contains(known, name) {
				return nil, unknownLayer(name, known)
			}
		}
		if seen[name] {
			return nil, fmt.Errorf("mem: layer %q is named twice", name)
		}
		seen[name] = true
	}
	sorted := slices.Clone(names)
	slices.SortFunc(sorted, func(a, b string) int { return at[a] - at[b] })
	return sorted, nil
}

func unknownLayer(name string, known []string) error {
	if near, ok := nearest.Word(name, known); ok {
		return fmt.Errorf("mem: an encoder has no layer %q; did you mean %q?", name, near)
	}
	return fmt.Errorf("mem: an encoder has no layer %q; it has %q", name, known)
}

// forwardLayers calls use for the output of each of the named layers for x, in
// order, inside of [torch.NoGrad], and frees it afterwards. It panics with
// *[torch.Error] unless there is a row for each image.
func forwardLayers(e LayerEncoder, x *torch.Tensor, names []string, use func(layer int, y *torch.Tensor)) {
	inner := names
	withFeatures := names[len(names)-1] == FeaturesLayer
	if withFeatures {
		inner = names[:len(names)-1]
	}
	torch.NoGrad(func() {
		features, layers := e.ForwardLayers(x, inner...)
		if withFeatures {
			layers[FeaturesLayer] = features
		}
		for i, name := range names {
			y := layers[name]
			if y == nil {
				panic(&torch.Error{Op: "layer", Kind: torch.Value, Msg: fmt.Sprintf("the encoder gave nothing for layer %q", name)})
			}
			if shape := y.Shape(); len(shape) < 2 || shape[0] != x.Size(0) {
				panic(&torch.Error{Op: "layer", Kind: torch.Value, Msg: fmt.Sprintf("layer %q gave shape %v for %d images; it must give one row each", name, shape, x.Size(0))})
			}
			use(i, y)
			y.Free()
		}
	})
}
