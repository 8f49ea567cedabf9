package models

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sslmem/torch/nn"
)

// UnitTensors are the tensors that make the units of a layer: in each of them a
// unit has the row of its number.
type UnitTensors struct {
	Units int // channels or neurons
	// Weights are the names of parameters, [Units, …]: those of a convolution
	// or linear layer and of the batch norm behind it. A unit whose rows are all
	// 0 gives 0 for every image.
	Weights []string
	// Statistics are the names of the running statistics of that batch norm,
	// [Units].
	Statistics []string
}

// UnitsOf returns the tensors that make the units of a layer, which is one of
// the encoder's Layers: a convolution, its batch norm, the ReLU or maximum
// behind them, a linear layer or the GELU behind it. They are the same for all
// layers that pass the units of one convolution on.
//
// It is an error for a layer with units that no weights of their own make, such
// as the output of a block, which is a sum with the identity.
func UnitsOf(b Backbone, layer string) (UnitTensors, error) {
	var u UnitTensors
	made, ok := b.(interface{ unitModules(layer string) []string })
	if !ok {
		return u, fmt.Errorf("models: the units of a %T are not known", b)
	}
	if !slices.Contains(b.Layers(), layer) {
		return u, fmt.Errorf("models: there is no layer %q; Layers lists those there are", layer)
	}
	modules := made.unitModules(layer)
	if modules == nil {
		return u, fmt.Errorf("models: no weights of their own make the units of layer %q; take that of a convolution, linear layer or batch norm, or the activation behind one", layer)
	}
	trained := map[string]bool{}
	for name := range nn.Parameters(b) {
		trained[name] = true
	}
	for name, t := range nn.State(b) {
		for _, module := range modules {
			switch {
			case !strings.HasPrefix(name, module+".") || t.Dim() == 0:
			case trained[name]:
				u.Weights, u.Units = append(u.Weights, name), t.Size(0)
			default:
				u.Statistics = append(u.Statistics, name)
			}
		}
	}
	return u, nil
}

var (
	resNet9Unit   = regexp.MustCompile(`^(conv[1-4]|res[12]\.[01])(?:\.[0-3])?$`)
	resNetStem    = regexp.MustCompile(`^(?:conv1|bn1|relu|maxpool)$`)
	resNetConv    = regexp.MustCompile(`^(layer\d\.\d+\.)(?:conv|bn)(\d)$`)
	resNetShort   = regexp.MustCompile(`^(layer\d\.\d+\.downsample)(?:\.[01])?$`)
	viTBlockUnits = regexp.MustCompile(`^(blocks\.\d+\.)(attn|mlp\.fc1|mlp\.act|mlp)$`)
)

// unitModules returns the names of the modules that make the units of a layer.
func (m *ResNet9) unitModules(layer string) []string {
	// The pair of convolutions gives what its second gives.
	if layer == "res1" || layer == "res2" {
		layer += ".1"
	}
	if at := resNet9Unit.FindStringSubmatch(layer); at != nil {
		return []string{at[1] + ".0", at[1] + ".1"}
	}
	return nil
}

func (m *ResNet) unitModules(layer string) []string {
	if resNetStem.MatchString(layer) {
		return []string{"conv1", "bn1"}
	}
	if at := resNetConv.FindStringSubmatch(layer); at != nil {
		return []string{at[1] + "conv" + at[2], at[1] + "bn" + at[2]}
	}
	if at := resNetShort.FindStringSubmatch(layer); at != nil {
		return []string{at[1] + ".0", at[1] + ".1"}
	}
	return nil
}

func (m *ViT) unitModules(layer string) []string {
	if layer == "patch_embed" {
		return []string{"patch_embed.proj"}
	}
	at := viTBlockUnits.FindStringSubmatch(layer)
	if at == nil {
		return nil
	}
	linear := map[string]string{"attn": "attn.proj", "mlp.fc1": "mlp.fc1", "mlp.act": "mlp.fc1", "mlp": "mlp.fc2"}
	return []string{at[1] + linear[at[2]]}
}

// UnitLayers lists the layers whose units are measured by default, each behind
// its activation where the encoder shows that: all ReLUs of a ResNet-9, batch
// norms and blocks of other ResNets, which show only the ReLUs of the stem and
// at the end of blocks, so that negative numbers of a batch norm are to be
// taken for the 0 that its ReLU makes of them, and the GELUs of a ViT.
func UnitLayers(b Backbone) []string {
	var layers []string
	for _, name := range b.Layers() {
		switch m := b.(type) {
		case *ResNet9:
			if strings.HasSuffix(name, ".2") {
				layers = append(layers, name)
			}
		case *ResNet:
			if name == "relu" || m.behindReLU(name) {
				layers = append(layers, name)
			}
		case *ViT:
			if strings.HasSuffix(name, ".mlp.act") {
				layers = append(layers, name)
			}
		}
	}
	return layers
}

// behindReLU reports whether the named layer is a batch norm inside of a block,
// which has a ReLU right behind it, or a block.
func (m *ResNet) behindReLU(name string) bool {
	for i, stage := range m.Stages {
		for j, b := range stage {
			block := stageName(i) + "." + strconv.Itoa(j)
			if name == block {
				return true
			}
			for k := range len(b.norms) - 1 {
				if name == block+"."+normNames[k] {
					return true
				}
			}
		}
	}
	return false
}

var deepLayer = regexp.MustCompile(`^(?:conv\d\.0|res\d\.\d\.0|res\d\.sum|conv1|layer\d\.\d+(?:\.conv\d)?|blocks\.\d+(?:\.(?:attn|sum|mlp))?)$`)

// DepthLayers lists the layers that show how something changes with depth: the
// convolutions of a ResNet, without those beside a block, and what blocks give;
// the attention of each block of a ViT, the sum after it, the MLP and the
// output of the block.
func DepthLayers(b Backbone) []string {
	var layers []string
	for _, name := range b.Layers() {
		_, isResNet9 := b.(*ResNet9)
		if deepLayer.MatchString(name) && !(isResNet9 && name == "conv1") {
			layers = append(layers, name)
		}
	}
	return layers
}
