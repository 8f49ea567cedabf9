package nn

import (
	"cmp"

	"sslmem/torch"
)

// TransformerEncoderLayer is self-attention and then a network of two layers
// for each element, each beside an identity, as torch.nn.TransformerEncoderLayer
// with batch_first=True (Vaswani et al. 2017).
type TransformerEncoderLayer struct {
	SelfAttn         *MultiheadAttention
	Linear1, Linear2 *Linear
	Norm1, Norm2     *LayerNorm
	Activation       Layer    // between the linear layers
	Dropout          *Dropout // after the activation
	Dropout1         *Dropout // after the attention
	Dropout2         *Dropout // after the second linear layer
	NormFirst        bool     // normalize what enters a branch, not the sum
}

// TransformerOptions are the options of [NewTransformerEncoderLayer]. The zero
// value has PyTorch's defaults but for dropout, which is off.
type TransformerOptions struct {
	DimFeedforward int     // features between the linear layers; 0 means 2048
	Dropout        float64 // PyTorch's default is .1
	Activation     Layer   // nil means ReLU
	LayerNormEps   float64 // 0 means 1e-5
	NormFirst      bool
}

// NewTransformerEncoderLayer returns a layer over vectors of dim numbers with
// the given number of heads, drawn as PyTorch draws it by default; dropout
// draws from g too. It panics unless heads divides dim.
func NewTransformerEncoderLayer(dim, heads int, o TransformerOptions, g *torch.Generator) *TransformerEncoderLayer {
	o.DimFeedforward = cmp.Or(o.DimFeedforward, 2048)
	if o.Activation == nil {
		o.Activation = ReLU{}
	}
	l := &TransformerEncoderLayer{
		SelfAttn:   NewMultiheadAttention(dim, heads, AttentionOptions{Bias: true, Dropout: o.Dropout}, g),
		Linear1:    NewLinear(dim, o.DimFeedforward, true, g),
		Linear2:    NewLinear(o.DimFeedforward, dim, true, g),
		Norm1:      NewLayerNorm(dim),
		Norm2:      NewLayerNorm(dim),
		Activation: o.Activation,
		Dropout:    NewDropout(o.Dropout, g),
		Dropout1:   NewDropout(o.Dropout, g),
		Dropout2:   NewDropout(o.Dropout, g),
		NormFirst:  o.NormFirst,
	}
	l.Norm1.Eps = cmp.Or(o.LayerNormEps, l.Norm1.Eps)
	l.Norm2.Eps = cmp.Or(o.LayerNormEps, l.Norm2.Eps)
	return l
}

// Forward returns the layer's result for x [N, L, Dim], of x's shape.
func (l *TransformerEncoderLayer) Forward(x *torch.Tensor) *torch.Tensor {
	return l.ForwardMasked(x, AttentionMask{})
}

// ForwardMasked is Forward with elements that are not seen.
func (l *TransformerEncoderLayer) ForwardMasked(x *torch.Tensor, m AttentionMask) *torch.Tensor {
	if l.NormFirst {
		x = x.Add(l.attend(l.Norm1.Forward(x), m))
		return x.Add(l.feedforward(l.Norm2.Forward(x)))
	}
	x = l.Norm1.Forward(x.Add(l.attend(x, m)))
	return l.Norm2.Forward(x.Add(l.feedforward(x)))
}

func (l *TransformerEncoderLayer) attend(x *torch.Tensor, m AttentionMask) *torch.Tensor {
	return l.Dropout1.Forward(l.SelfAttn.Attend(x, x, x, m))
}

func (l *TransformerEncoderLayer) feedforward(x *torch.Tensor) *torch.Tensor {
	return Sequential{l.Linear1, l.Activation, l.Dropout, l.Linear2, l.Dropout2}.Forward(x)
}

// Register implements [Module].
func (l *TransformerEncoderLayer) Register(r *Registry) {
	r.Module("self_attn", l.SelfAttn)
	r.Module("linear1", l.Linear1)
	r.Module("linear2", l.Linear2)
	r.Module("norm1", l.Norm1)
	r.Module("norm2", l.Norm2)
	r.Module("activation", l.Activation)
	r.Module("dropout", l.Dropout)
	r.Module("dropout1", l.Dropout1)
	r.Module("dropout2", l.Dropout2)
}
