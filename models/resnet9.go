package models

import (
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
	if width == 0 {
		width = resNet9Width
	}
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
func (m *ResNet9) Forward(x *torch.Tensor) *torch.Tensor {
	x = nn.Sequential{m.Conv1, m.Conv2, residual{m.Res1}, m.Conv3, m.Conv4, residual{m.Res2}}.Forward(x)
	top, at := x.AdaptiveMaxPool2d([]int{1, 1})
	x.Free()
	at.Free()
	return top.Flatten(1, -1)
}

// residual adds its input to what its layers make of it.
type residual struct{ nn.Sequential }

func (r residual) Forward(x *torch.Tensor) *torch.Tensor {
	y := r.Sequential.Forward(x)
	defer y.Free()
	return y.Add(x)
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
