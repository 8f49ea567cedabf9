package models

import (
	"cmp"

	"sslmem/torch"
	"sslmem/torch/nn"
)

// ResNet9 is the eight-convolution network of "Localizing Memorization in SSL
// Vision Encoders" (arXiv 2409.19069): 3×3 convolutions with bias, batch norm
// and ReLU of 32, 64, (64, 64), 128, 256, (256, 256) channels, each pair in
// brackets with a residual connection, and a 2×2 maximum after each of the
// four single ones. The maximum over the remaining pixels gives the features.
type ResNet9 struct {
	Conv1, Conv2, Conv3, Conv4 nn.Sequential
	Res1, Res2                 nn.Sequential
	features                   int
}

const resNet9Width = 32

// NewResNet9 returns the network with the given channels of the first layer
// (0 means the published 32; the features are eight times as many) and input
// channels. Images must be at least 16 pixels high and wide.
func NewResNet9(width, in int, g *torch.Generator) *ResNet9 {
	width = cmp.Or(width, resNet9Width)
	block := func(in, out int, pool bool) nn.Sequential {
		s := nn.Sequential{
			nn.NewConv2d(in, out, 3, nn.ConvOptions{Padding: 1, Bias: true}, g),
			nn.NewBatchNorm(out),
			nn.ReLU{InPlace: true},
		}
		if pool {
			s = append(s, nn.MaxPool2d{Kernel: 2})
		}
		return s
	}
	pair := func(c int) nn.Sequential { return nn.Sequential{block(c, c, false), block(c, c, false)} }
	return &ResNet9{
		Conv1:    block(in, width, true),
		Conv2:    block(width, 2*width, true),
		Res1:     pair(2 * width),
		Conv3:    block(2*width, 4*width, true),
		Conv4:    block(4*width, 8*width, true),
		Res2:     pair(8 * width),
		features: 8 * width,
	}
}

// Forward maps images [N, C, H, W] to features [N, 8·width].
func (m *ResNet9) Forward(x *torch.Tensor) *torch.Tensor { return m.forward(x, nil) }

// ForwardLayers implements [Backbone].
func (m *ResNet9) ForwardLayers(x *torch.Tensor, names ...string) (*torch.Tensor, map[string]*torch.Tensor) {
	c := newCapture(x, m.Layers(), names)
	return m.forward(x, c), c.got
}

func (m *ResNet9) forward(x *torch.Tensor, c *capture) *torch.Tensor {
	for _, p := range m.parts() {
		y := c.keep(p.name, c.in(p.name).sequence(p.layers, x))
		if p.residual {
			sum := c.keep(p.name+".sum", y.Add(x))
			y.Free()
			y = sum
		}
		x = y
	}
	top, at := x.AdaptiveMaxPool2d([]int{1, 1})
	x.Free()
	at.Free()
	return top.Flatten(1, -1)
}

// Layers implements [Backbone]: "conv1.0" to "conv1.3" are the convolution,
// batch norm, ReLU and maximum of "conv1"; "res1" is the pair of convolutions
// and "res1.sum" what it gives together with its input.
func (m *ResNet9) Layers() []string {
	var names []string
	for _, p := range m.parts() {
		names = append(append(names, sequenceNames(p.name+".", p.layers)...), p.name)
		if p.residual {
			names = append(names, p.name+".sum")
		}
	}
	return names
}

// A part is a row of layers, beside an identity if it is residual.
type part struct {
	name     string
	layers   nn.Sequential
	residual bool
}

func (m *ResNet9) parts() []part {
	return []part{
		{"conv1", m.Conv1, false}, {"conv2", m.Conv2, false}, {"res1", m.Res1, true},
		{"conv3", m.Conv3, false}, {"conv4", m.Conv4, false}, {"res2", m.Res2, true},
	}
}

// Features implements [Backbone].
func (m *ResNet9) Features() int { return m.features }

// Register implements [nn.Module].
func (m *ResNet9) Register(r *nn.Registry) {
	r.Module("conv1", m.Conv1)
	r.Module("conv2", m.Conv2)
	r.Module("res1", m.Res1)
	r.Module("conv3", m.Conv3)
	r.Module("conv4", m.Conv4)
	r.Module("res2", m.Res2)
}
