package nn

import "sslmem/torch"

// Embedding is a table of vectors that are looked up by number, as
// torch.nn.Embedding.
type Embedding struct {
	Weight *torch.Tensor // [Num, Dim]
	// PaddingIdx is a row that gets no gradient and starts at zero; −1 means
	// that there is none.
	PaddingIdx int
}

// NewEmbedding returns num vectors of dim numbers each, with PyTorch's default
// weights: standard normal, float32 root tensors on the CPU, and zero in row
// paddingIdx, which is −1 for none. It panics unless the table has that row.
func NewEmbedding(num, dim, paddingIdx int, g *torch.Generator) *Embedding {
	e := &Embedding{Weight: g.Normal(empty(num, dim), 0, 1), PaddingIdx: paddingIdx}
	if paddingIdx >= 0 {
		row := e.Weight.Select(0, paddingIdx)
		row.Zero().Free()
	}
	e.Weight.RequireGrad(true)
	return e
}

// Forward returns the rows that the int64 or int32 tensor x […] names:
// […, Dim]. It panics if one is out of range.
func (e *Embedding) Forward(x *torch.Tensor) *torch.Tensor {
	return e.Weight.Embedding(x, e.PaddingIdx)
}

// Register implements [Module].
func (e *Embedding) Register(r *Registry) { r.Param("weight", &e.Weight) }
