package models

import (
	"cmp"
	"fmt"
	"strconv"

	"sslmem/torch"
	"sslmem/torch/nn"
)

// A Stem is what a ResNet does before its first stage.
type Stem string

const (
	// CIFARStem is a 3×3 convolution of stride 1 without pooling, as SimCLR
	// uses it for images of 32 pixels (Chen et al. 2020, appendix B.9).
	CIFARStem Stem = "cifar"
	// ImageNetStem is a 7×7 convolution of stride 2 and a 3×3 maximum of
	// stride 2, as published and in torchvision.
	ImageNetStem Stem = "imagenet"
)

// ResNetOptions are the options of [NewResNet]. The zero value is the network
// for small color images.
type ResNetOptions struct {
	Width            int  // channels of the first stage; 0 means the published 64, 128 is SimCLR's "2×"
	InChannels       int  // 0 means 3
	Stem             Stem // "" means CIFARStem
	ZeroInitResidual bool // start the last batch norm of every block at 0, so that blocks start as identities (Goyal et al. 2017)
	Classes          int  // of the classifier fc; 0 means none
}

// ResNet is the network of He et al. (2016), in torchvision's version 1.5: where
// a bottleneck block halves the image, its 3×3 convolution does. The
// parameters have torchvision's names.
type ResNet struct {
	Conv1    *nn.Conv2d
	BN1      *nn.BatchNorm
	Stages   [4]nn.ModuleList[*ResNetBlock] // layer1 to layer4
	FC       *nn.Linear                     // the classifier, or nil
	Stem     Stem
	features int
}

const resNetWidth = 64

// resNetBlocks lists the blocks of the stages by depth.
var resNetBlocks = map[int][4]int{18: {2, 2, 2, 2}, 34: {3, 4, 6, 3}, 50: {3, 4, 6, 3}, 101: {3, 4, 23, 3}}

// NewResNet returns the network of 18, 34, 50 or 101 layers in training mode.
// The first two are of basic blocks, the others of bottlenecks, whose
// features are four times as many. Weights are drawn as torchvision draws
// them: convolutions normal with variance 2/(Out·k²), fc as [nn.NewLinear]. It
// panics with *[torch.Error] for another depth or stem.
func NewResNet(depth int, o ResNetOptions, g *torch.Generator) *ResNet {
	blocks, ok := resNetBlocks[depth]
	if !ok {
		panic(&torch.Error{Op: "resnet", Kind: torch.Value, Msg: fmt.Sprintf("there is no ResNet of %d layers; take 18, 34, 50 or 101", depth)})
	}
	o.Width = cmp.Or(o.Width, resNetWidth)
	o.InChannels = cmp.Or(o.InChannels, 3)
	m := &ResNet{Stem: o.Stem, BN1: nn.NewBatchNorm(o.Width)}
	switch o.Stem {
	case "", CIFARStem:
		m.Stem = CIFARStem
		m.Conv1 = fanOut(nn.NewConv2d(o.InChannels, o.Width, 3, nn.ConvOptions{Padding: 1}, g), g)
	case ImageNetStem:
		m.Conv1 = fanOut(nn.NewConv2d(o.InChannels, o.Width, 7, nn.ConvOptions{Stride: 2, Padding: 3}, g), g)
	default:
		panic(&torch.Error{Op: "resnet", Kind: torch.Value, Msg: fmt.Sprintf("there is no stem %q; take %q or %q", o.Stem, CIFARStem, ImageNetStem)})
	}
	c := o.Width
	for i := range m.Stages {
		width := o.Width << i
		for j := range blocks[i] {
			stride := 1
			if i > 0 && j == 0 {
				stride = 2
			}
			var b *ResNetBlock
			if depth < 50 {
				b = newBasicBlock(c, width, stride, g)
			} else {
				b = newBottleneck(c, width, stride, g)
			}
			if o.ZeroInitResidual {
				nn.Constant(b.norms[len(b.norms)-1].Weight, 0)
			}
			m.Stages[i] = append(m.Stages[i], b)
			c = b.out()
		}
	}
	m.features = c
	if o.Classes > 0 {
		m.FC = nn.NewLinear(c, o.Classes, true, g)
	}
	return m
}

// NewResNet18 returns the 18-layer network for small images with the given
// channels of the first stage (0 means the published 64; the features are
// eight times as many) and input channels; see [NewResNet].
func NewResNet18(width, in int, g *torch.Generator) *ResNet {
	return NewResNet(18, ResNetOptions{Width: width, InChannels: in}, g)
}

// Forward maps images [N, C, H, W] to features [N, Features], the mean over the
// remaining pixels. The classifier takes no part; see [ResNet.Classify].
func (m *ResNet) Forward(x *torch.Tensor) *torch.Tensor { return m.forward(x, nil) }

// Classify maps images [N, C, H, W] to the logits of the classes [N, Classes],
// as torchvision's forward does. It panics with *[torch.Error] if the network
// was built without classes.
func (m *ResNet) Classify(x *torch.Tensor) *torch.Tensor { return classify(m.FC, m.Forward(x)) }

// ForwardLayers implements [Backbone].
func (m *ResNet) ForwardLayers(x *torch.Tensor, names ...string) (*torch.Tensor, map[string]*torch.Tensor) {
	c := newCapture(x, m.Layers(), names)
	return m.forward(x, c), c.got
}

func (m *ResNet) forward(x *torch.Tensor, c *capture) *torch.Tensor {
	x = c.keep("conv1", m.Conv1.Forward(x))
	x = c.keepCopy("bn1", m.BN1.Forward(x))
	x = c.keep("relu", x.ReluInPlace())
	if m.Stem == ImageNetStem {
		x = c.keep("maxpool", nn.MaxPool2d{Kernel: 3, Stride: 2, Padding: 1}.Forward(x))
	}
	for i, stage := range m.Stages {
		name := stageName(i)
		inner := c.in(name)
		for j, b := range stage {
			x = inner.keep(strconv.Itoa(j), b.forward(x, inner.at(j)))
		}
		c.keep(name, x)
	}
	defer x.Free()
	return c.keep("avgpool", x.AdaptiveAvgPool2d([]int{1, 1})).Flatten(1, -1)
}

// Layers implements [Backbone]: the layers under their names in torchvision,
// each block after its convolutions and batch norms. "relu" is that of the
// stem; a block's output is what its last ReLU gives.
func (m *ResNet) Layers() []string {
	names := []string{"conv1", "bn1", "relu"}
	if m.Stem == ImageNetStem {
		names = append(names, "maxpool")
	}
	for i, stage := range m.Stages {
		for j, b := range stage {
			block := stageName(i) + "." + strconv.Itoa(j)
			for _, layer := range b.layers() {
				names = append(names, block+"."+layer)
			}
			names = append(names, block)
		}
		names = append(names, stageName(i))
	}
	return append(names, "avgpool")
}

func stageName(i int) string { return [...]string{"layer1", "layer2", "layer3", "layer4"}[i] }

// Features implements [Backbone].
func (m *ResNet) Features() int { return m.features }

// Register implements [nn.Module].
func (m *ResNet) Register(r *nn.Registry) {
	r.Module("conv1", m.Conv1)
	r.Module("bn1", m.BN1)
	for i, stage := range m.Stages {
		r.Module(stageName(i), stage)
	}
	if m.FC != nil {
		r.Module("fc", m.FC)
	}
}

// fanOut draws a convolution's weight anew as torchvision does for its ResNets.
func fanOut(c *nn.Conv2d, g *torch.Generator) *nn.Conv2d {
	nn.KaimingNormal(c.Weight, nn.FanOut, nn.ReLUGain, g)
	return c
}
