package models

import (
	"math"

	"sslmem/torch"
	"sslmem/torch/nn"
)

// ResNet18 is the network of He et al. (2016) for small images, as SimCLR uses
// it on CIFAR: a 3×3 stem of stride 1 without pooling, then four stages of two
// basic blocks. The parameters are named as torchvision's, without its fc.
type ResNet18 struct {
	Conv1    *nn.Conv2d
	BN1      *nn.BatchNorm
	Layers   [4]nn.Sequential
	features int
}

const resNet18Width = 64

// NewResNet18 returns the network with the given channels of the first stage
// (0 means the published 64; the features are eight times as many) and input
// channels. Weights are drawn as torchvision draws them: convolutions normal
// with variance 2/(Out·k²).
func NewResNet18(width, in int, g *torch.Generator) *ResNet18 {
	if width == 0 {
		width = resNet18Width
	}
	m := &ResNet18{Conv1: fanOut(nn.NewConv2d(in, width, 3, nn.ConvOptions{Padding: 1}, g), g), BN1: nn.NewBatchNorm(width), features: 8 * width}
	c := width
	for i := range m.Layers {
		out, stride := width<<i, 2
		if i == 0 {
			stride = 1
		}
		m.Layers[i] = nn.Sequential{newBasicBlock(c, out, stride, g), newBasicBlock(out, out, 1, g)}
		c = out
	}
	return m
}

// Forward maps images [N, C, H, W] to features [N, 8·width], the mean over the
// remaining pixels.
func (m *ResNet18) Forward(x *torch.Tensor) *torch.Tensor {
	l := m.Layers
	x = nn.Sequential{m.Conv1, m.BN1, nn.ReLU{InPlace: true}, l[0], l[1], l[2], l[3]}.Forward(x)
	defer x.Free()
	return x.AdaptiveAvgPool2d([]int{1, 1}).Flatten(1, -1)
}

// Features implements [Backbone].
func (m *ResNet18) Features() int { return m.features }

// Register implements [nn.Module].
func (m *ResNet18) Register(r *nn.Registry) {
	r.Module("conv1", m.Conv1)
	r.Module("bn1", m.BN1)
	for i, name := range []string{"layer1", "layer2", "layer3", "layer4"} {
		r.Module(name, m.Layers[i])
	}
}

// basicBlock is two 3×3 convolutions beside an identity, or a strided 1×1
// convolution where the shape changes.
type basicBlock struct {
	conv1, conv2 *nn.Conv2d
	bn1, bn2     *nn.BatchNorm
	downsample   nn.Sequential // nil for the identity
}

func newBasicBlock(in, out, stride int, g *torch.Generator) *basicBlock {
	b := &basicBlock{
		conv1: fanOut(nn.NewConv2d(in, out, 3, nn.ConvOptions{Stride: stride, Padding: 1}, g), g),
		bn1:   nn.NewBatchNorm(out),
		conv2: fanOut(nn.NewConv2d(out, out, 3, nn.ConvOptions{Padding: 1}, g), g),
		bn2:   nn.NewBatchNorm(out),
	}
	if stride != 1 || in != out {
		b.downsample = nn.Sequential{fanOut(nn.NewConv2d(in, out, 1, nn.ConvOptions{Stride: stride}, g), g), nn.NewBatchNorm(out)}
	}
	return b
}

func (b *basicBlock) Forward(x *torch.Tensor) *torch.Tensor {
	short := x
	if b.downsample != nil {
		short = b.downsample.Forward(x)
	}
	y := nn.Sequential{b.conv1, b.bn1, nn.ReLU{InPlace: true}, b.conv2, b.bn2}.Forward(x)
	sum := y.AddInPlace(short, 1).ReluInPlace()
	if short != x {
		short.Free()
	}
	return sum
}

func (b *basicBlock) Register(r *nn.Registry) {
	r.Module("conv1", b.conv1)
	r.Module("bn1", b.bn1)
	r.Module("conv2", b.conv2)
	r.Module("bn2", b.bn2)
	if b.downsample != nil {
		r.Module("downsample", b.downsample)
	}
}

// fanOut draws a convolution's weight anew as torchvision does for its ResNets
// (He et al. 2015, fan-out mode).
func fanOut(c *nn.Conv2d, g *torch.Generator) *nn.Conv2d {
	out, k := c.Weight.Size(0), c.Weight.Size(2)
	g.Normal(c.Weight, 0, math.Sqrt(2/float64(out*k*k)))
	return c
}
