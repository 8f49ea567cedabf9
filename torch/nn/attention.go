package nn

import (
	"fmt"
	"math"

	"sslmem/torch"
)

// MultiheadAttention lets each element of one sequence gather from all elements
// of another, as torch.nn.MultiheadAttention with batch_first=True (Vaswani et
// al. 2017). As a [Layer] it is self-attention.
type MultiheadAttention struct {
	InProjWeight *torch.Tensor // [3·Dim, Dim], of query, key and value
	InProjBias   *torch.Tensor // [3·Dim], or nil
	OutProj      *Linear
	Heads        int
	Dropout      *Dropout // of the attention weights; may be nil
}

// AttentionOptions are the options of attention layers; the zero value means no
// biases and no dropout.
type AttentionOptions struct {
	Bias    bool    // PyTorch's default is true
	Dropout float64 // probability to drop an attention weight in training
}

// NewMultiheadAttention returns attention with the given number of heads over
// vectors of dim numbers, with PyTorch's default weights: the projections of
// query, key and value Xavier uniform, that of the result as in [NewLinear],
// the biases zero. The same seed of g gives PyTorch's numbers; dropout draws
// from g too. It panics unless heads divides dim.
func NewMultiheadAttention(dim, heads int, o AttentionOptions, g *torch.Generator) *MultiheadAttention {
	mustSplit("multihead_attention", dim, heads)
	a := &MultiheadAttention{Heads: heads, OutProj: NewLinear(dim, dim, o.Bias, g), Dropout: attentionDropout(o, g)}
	a.InProjWeight = XavierUniform(empty(3*dim, dim), 1, g).RequireGrad(true)
	if o.Bias {
		a.InProjBias = zeros(3 * dim)
		Constant(a.OutProj.Bias, 0)
	}
	return a
}

func attentionDropout(o AttentionOptions, g *torch.Generator) *Dropout {
	if o.Dropout == 0 {
		return nil
	}
	return NewDropout(o.Dropout, g)
}

func mustSplit(op string, dim, heads int) {
	if heads < 1 || dim%heads != 0 {
		panic(&torch.Error{Op: op, Kind: torch.Value, Msg: fmt.Sprintf("%d heads do not divide %d features", heads, dim)})
	}
}

// AttentionMask says which elements are not seen. The fields are PyTorch's
// arguments of the same names; the zero value hides nothing.
type AttentionMask struct {
	// AttnMask is bool and true where query i does not see key j, or is added
	// to the scores: [L, S], or [N, Heads, L, S] or what broadcasts to that.
	AttnMask *torch.Tensor
	// KeyPaddingMask is bool and true where a key is padding: [N, S].
	KeyPaddingMask *torch.Tensor
	// IsCausal hides the keys behind the query's own position.
	IsCausal bool
}

// Forward returns the attention of x [N, L, Dim] to itself, of x's shape.
func (a *MultiheadAttention) Forward(x *torch.Tensor) *torch.Tensor {
	return a.Attend(x, x, x, AttentionMask{})
}

// Attend returns what the query [N, L, Dim] gathers from the value [N, S, Dim]
// where it is similar to the key [N, S, Dim]: [N, L, Dim]. It panics if the
// shapes do not fit. A query that sees no key gives NaN.
func (a *MultiheadAttention) Attend(query, key, value *torch.Tensor, m AttentionMask) *torch.Tensor {
	var q, k, v *torch.Tensor
	if query == key && key == value {
		q, k, v = unpack(query.Linear(a.InProjWeight, a.InProjBias).Chunk(3, -1))
	} else {
		var bias [3]*torch.Tensor
		if a.InProjBias != nil {
			bias[0], bias[1], bias[2] = unpack(query.Scope().Use(a.InProjBias).Chunk(3, 0))
		}
		wq, wk, wv := unpack(query.Scope().Use(a.InProjWeight).Chunk(3, 0))
		q, k, v = query.Linear(wq, bias[0]), key.Linear(wk, bias[1]), value.Linear(wv, bias[2])
	}
	return a.OutProj.Forward(attendHeads(q, k, v, a.Heads, m, a.Dropout))
}

func unpack(t []*torch.Tensor) (a, b, c *torch.Tensor) { return t[0], t[1], t[2] }

// attendHeads splits q [N, L, Dim] and k and v [N, S, Dim] into heads, which
// attend each for itself, and returns their results side by side, [N, L, Dim].
func attendHeads(q, k, v *torch.Tensor, heads int, m AttentionMask, dropout *Dropout) *torch.Tensor {
	y := attend(splitHeads(q, heads), splitHeads(k, heads), splitHeads(v, heads), m, dropout)
	return y.Transpose(1, 2).Flatten(2, -1)
}

// splitHeads turns [N, L, Dim] into [N, Heads, L, Dim/Heads].
func splitHeads(x *torch.Tensor, heads int) *torch.Tensor {
	n, l, dim := x.Size(0), x.Size(1), x.Size(2)
	return x.Reshape([]int{n, l, heads, dim / heads}).Transpose(1, 2)
}

// attend returns softmax(q·kᵀ/√D + mask)·v for q [N, Heads, L, D] and k and v
// [N, Heads, S, D].
func attend(q, k, v *torch.Tensor, m AttentionMask, dropout *Dropout) *torch.Tensor {
	dropping := dropout != nil && dropout.Training && dropout.P > 0
	if !dropping && m.AttnMask == nil && m.KeyPaddingMask == nil {
		return q.ScaledDotProductAttention(k, v, nil, m.IsCausal)
	}
	mask := m.additive(q, q.Size(2), k.Size(2))
	if !dropping {
		return q.ScaledDotProductAttention(k, v, mask, false)
	}
	// libtorch's own dropout would draw from its global generator.
	scores := q.MulScalar(1 / math.Sqrt(float64(q.Size(3)))).Matmul(k.Transpose(-2, -1))
	if mask != nil {
		scores = scores.Add(mask)
	}
	return dropout.Forward(scores.Softmax(-1)).Matmul(v)
}

// additive returns the mask as numbers to be added to the scores of l queries
// and s keys, of x's dtype, −∞ where a key is hidden; nil if none is.
func (m AttentionMask) additive(x *torch.Tensor, l, s int) *torch.Tensor {
	var mask *torch.Tensor
	add := func(t *torch.Tensor) {
		if t.DType() == torch.Bool {
			t = x.Scope().Zeros(t.Shape(), x.DType(), x.Device()).MaskedFill(t, math.Inf(-1))
		}
		if mask != nil {
			t = mask.Add(t)
		}
		mask = t
	}
	if m.AttnMask != nil {
		add(x.Scope().Use(m.AttnMask))
	}
	if m.KeyPaddingMask != nil {
		add(x.Scope().Use(m.KeyPaddingMask).Unsqueeze(1).Unsqueeze(1)) // [N, 1, 1, S]
	}
	if m.IsCausal {
		position := x.Scope().Arange(0, float64(max(l, s)), 1, torch.Int64, x.Device())
		add(position.Narrow(0, 0, s).Gt(position.Narrow(0, 0, l).Unsqueeze(1)))
	}
	return mask
}

// Register implements [Module].
func (a *MultiheadAttention) Register(r *Registry) {
	r.Param("in_proj_weight", &a.InProjWeight)
	r.Param("in_proj_bias", &a.InProjBias)
	r.Module("out_proj", a.OutProj)
	if a.Dropout != nil {
		a.Dropout.Register(r)
	}
}

// Attention is the self-attention of timm's vision transformers: one projection
// to queries, keys and values, and one of the result.
type Attention struct {
	QKV     *Linear // Dim to 3·Dim
	Proj    *Linear // Dim to Dim
	Heads   int
	Dropout *Dropout // of the attention weights; may be nil
}

// NewAttention returns self-attention with the given number of heads over
// vectors of dim numbers, drawn like [NewLinear]. The option Bias is timm's
// qkv_bias; the projection of the result has a bias always. It panics unless
// heads divides dim.
func NewAttention(dim, heads int, o AttentionOptions, g *torch.Generator) *Attention {
	mustSplit("attention", dim, heads)
	return &Attention{Heads: heads, QKV: NewLinear(dim, 3*dim, o.Bias, g), Proj: NewLinear(dim, dim, true, g), Dropout: attentionDropout(o, g)}
}

// Forward returns the attention of x [N, L, Dim] to itself, of x's shape. It
// panics if the shape does not fit.
func (a *Attention) Forward(x *torch.Tensor) *torch.Tensor {
	q, k, v := unpack(a.QKV.Forward(x).Chunk(3, -1))
	return a.Proj.Forward(attendHeads(q, k, v, a.Heads, AttentionMask{}, a.Dropout))
}

// Register implements [Module].
func (a *Attention) Register(r *Registry) {
	r.Module("qkv", a.QKV)
	r.Module("proj", a.Proj)
	if a.Dropout != nil {
		a.Dropout.Register(r)
	}
}
