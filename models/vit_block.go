package models

import (
	"sslmem/torch"
	"sslmem/torch/nn"
)

// A ViTBlock is self-attention and then two linear layers for each token, each
// beside an identity and behind a layer norm.
type ViTBlock struct {
	Norm1, Norm2 *nn.LayerNorm
	Attn         *nn.Attention
	FC1, FC2     *nn.Linear   // of the mlp, four times as wide between
	Drop         *nn.DropPath // of both branches; nil drops nothing
}

// viTBlockLayers are the names of a block's layers in timm, in the order of
// its forward, and "sum", the block's input and attention together, which no
// module gives.
var viTBlockLayers = []string{"norm1", "attn", "sum", "norm2", "mlp.fc1", "mlp.act", "mlp"}

// NewViTBlock returns a block in training mode, drawn as [NewViT] draws it, of whose
// options it takes Dim, Heads and NoQKVBias. Drop is the probability to drop a
// branch, drawn from g too. It panics with *[torch.Error] if Heads does not divide
// Dim.
func NewViTBlock(o ViTOptions, drop float64, g *torch.Generator) *ViTBlock {
	b := &ViTBlock{
		Norm1: layerNorm(o.Dim),
		Norm2: layerNorm(o.Dim),
		Attn:  nn.NewAttention(o.Dim, o.Heads, nn.AttentionOptions{Bias: !o.NoQKVBias}, g),
		FC1:   truncLinear(nn.NewLinear(o.Dim, 4*o.Dim, true, g), g),
		FC2:   truncLinear(nn.NewLinear(4*o.Dim, o.Dim, true, g), g),
	}
	truncLinear(b.Attn.QKV, g)
	truncLinear(b.Attn.Proj, g)
	if drop > 0 {
		b.Drop = nn.NewDropPath(drop, g)
	}
	return b
}

// layerNorm has the eps of vision transformers.
func layerNorm(dim int) *nn.LayerNorm {
	l := nn.NewLayerNorm(dim)
	l.Eps = 1e-6
	return l
}

// truncLinear draws a linear layer anew as timm does for its ViTs.
func truncLinear(l *nn.Linear, g *torch.Generator) *nn.Linear {
	nn.TruncNormal(l.Weight, 0, .02, -2, 2, g)
	if l.Bias != nil {
		nn.Constant(l.Bias, 0)
	}
	return l
}

// Forward maps tokens [N, L, Dim] to tokens.
func (b *ViTBlock) Forward(x *torch.Tensor) *torch.Tensor { return b.forward(x, nil) }

// forward frees what it computes on the way, which without gradients makes a
// deep network as small as one block.
func (b *ViTBlock) forward(x *torch.Tensor, c *capture) *torch.Tensor {
	return torch.Tidy(x, func(x *torch.Tensor) *torch.Tensor {
		y := c.keep("norm1", b.Norm1.Forward(x))
		y = c.keep("attn", b.Attn.Forward(y))
		x = c.keep("sum", x.Add(b.drop(y)))
		y = c.keep("norm2", b.Norm2.Forward(x))
		y = c.keep("mlp.fc1", b.FC1.Forward(y))
		y = c.keep("mlp.act", y.Gelu())
		y = c.keep("mlp", b.FC2.Forward(y))
		return x.Add(b.drop(y))
	})
}

func (b *ViTBlock) drop(x *torch.Tensor) *torch.Tensor {
	if b.Drop == nil {
		return x
	}
	return b.Drop.Forward(x)
}

// Register implements [nn.Module].
func (b *ViTBlock) Register(r *nn.Registry) {
	r.Module("norm1", b.Norm1)
	r.Module("attn", b.Attn)
	r.Module("norm2", b.Norm2)
	r.Module("mlp.fc1", b.FC1)
	r.Module("mlp.fc2", b.FC2)
	if b.Drop != nil {
		b.Drop.Register(r)
	}
}
