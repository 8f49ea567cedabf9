package models

import (
	"sslmem/torch"
	"sslmem/torch/nn"
)

// A ResNetBlock is a row of convolutions beside an identity, or beside a
// strided 1×1 convolution where the shape changes.
type ResNetBlock struct {
	convs      []*nn.Conv2d
	norms      []*nn.BatchNorm
	downsample nn.Sequential // nil for the identity
}

// The names of a block's layers in torchvision.
var (
	convNames = [...]string{"conv1", "conv2", "conv3"}
	normNames = [...]string{"bn1", "bn2", "bn3"}
)

// newBasicBlock returns two 3×3 convolutions.
func newBasicBlock(in, out, stride int, g *torch.Generator) *ResNetBlock {
	b := &ResNetBlock{}
	b.add(in, out, 3, stride, g)
	b.add(out, out, 3, 1, g)
	return b.beside(in, stride, g)
}

// newBottleneck returns a 3×3 convolution, strided, between 1×1 ones that
// narrow to width and widen to four times as much.
func newBottleneck(in, width, stride int, g *torch.Generator) *ResNetBlock {
	b := &ResNetBlock{}
	b.add(in, width, 1, 1, g)
	b.add(width, width, 3, stride, g)
	b.add(width, 4*width, 1, 1, g)
	return b.beside(in, stride, g)
}

func (b *ResNetBlock) add(in, out, k, stride int, g *torch.Generator) {
	b.convs = append(b.convs, fanOut(nn.NewConv2d(in, out, k, nn.ConvOptions{Stride: stride, Padding: k / 2}, g), g))
	b.norms = append(b.norms, nn.NewBatchNorm(out))
}

func (b *ResNetBlock) beside(in, stride int, g *torch.Generator) *ResNetBlock {
	if out := b.out(); stride != 1 || in != out {
		b.downsample = nn.Sequential{fanOut(nn.NewConv2d(in, out, 1, nn.ConvOptions{Stride: stride}, g), g), nn.NewBatchNorm(out)}
	}
	return b
}

// out returns the number of channels that the block gives.
func (b *ResNetBlock) out() int { return b.convs[len(b.convs)-1].Weight.Size(0) }

// Forward maps x [N, In, H, W] to [N, Out, ⌈H/stride⌉, ⌈W/stride⌉].
func (b *ResNetBlock) Forward(x *torch.Tensor) *torch.Tensor { return b.forward(x, nil) }

// forward frees what it computes on the way, which without gradients makes a
// deep network as small as one block.
func (b *ResNetBlock) forward(x *torch.Tensor, c *capture) *torch.Tensor {
	return torch.Tidy(x, func(x *torch.Tensor) *torch.Tensor {
		short := x
		if b.downsample != nil {
			short = c.keep("downsample", c.in("downsample").sequence(b.downsample, x))
		}
		y, last := x, len(b.convs)-1
		for i, conv := range b.convs {
			y = c.keep(convNames[i], conv.Forward(y))
			y = c.keepCopy(normNames[i], b.norms[i].Forward(y))
			if i < last {
				y = y.ReluInPlace()
			}
		}
		return y.AddInPlace(short, 1).ReluInPlace()
	})
}

// layers lists the names of the block's layers, in the order of its forward.
func (b *ResNetBlock) layers() []string {
	var names []string
	if b.downsample != nil {
		names = append(sequenceNames("downsample.", b.downsample), "downsample")
	}
	for i := range b.convs {
		names = append(names, convNames[i], normNames[i])
	}
	return names
}

// Register implements [nn.Module].
func (b *ResNetBlock) Register(r *nn.Registry) {
	for i := range b.convs {
		r.Module(convNames[i], b.convs[i])
		r.Module(normNames[i], b.norms[i])
	}
	if b.downsample != nil {
		r.Module("downsample", b.downsample)
	}
}
