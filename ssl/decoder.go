package ssl

import (
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// A decoder predicts the patches of a view from the tokens of those that are
// visible, as that of MAE (He et al. 2022, section 3): a mask token takes the place of
// each hidden patch, all get the fixed embedding of their position, and blocks of
// attention follow.
type decoder struct {
	embed     *nn.Linear    // from the width of the encoder
	maskToken *torch.Tensor // [1, 1, Dim]
	positions *torch.Tensor // [1, prefix + L, Dim]
	blocks    nn.ModuleList[*models.ViTBlock]
	norm      *nn.LayerNorm
	pred      *nn.Linear // to the pixels of a patch

	prefix int // tokens before those of the patches
}

// newDecoder returns a decoder for the tokens of an encoder with options v.
func newDecoder(o *MAEOptions, v models.ViTOptions, g *torch.Generator) *decoder {
	d := &decoder{prefix: 1, norm: nn.NewLayerNorm(o.DecoderDim)}
	if v.NoClassToken {
		d.prefix = 0
	}
	d.norm.Eps = 1e-6
	d.embed = nn.NewLinear(v.Dim, o.DecoderDim, true, g)
	d.maskToken = torch.Root.Zeros([]int{1, 1, o.DecoderDim}, torch.Float32, torch.CPU).RequireGrad(true)
	d.positions = models.SinCosPositions(v.ImageSize/v.PatchSize, o.DecoderDim, d.prefix)
	for range o.DecoderDepth {
		d.blocks = append(d.blocks, models.NewViTBlock(models.ViTOptions{Dim: o.DecoderDim, Heads: o.DecoderHeads}, 0, g))
	}
	d.pred = nn.NewLinear(o.DecoderDim, v.PatchSize*v.PatchSize*v.InChannels, true, g)
	nn.Constant(d.embed.Bias, 0)
	nn.Constant(d.pred.Bias, 0)
	return d
}

// decode maps the tokens [N, prefix + K, D] of the first K patches in an order, int64
// [N, L], to predictions of all patches in their places, [N, L, P].
func (d *decoder) decode(tokens, order *torch.Tensor) *torch.Tensor {
	x := d.embed.Forward(tokens)
	n, visible, dim := x.Size(0), x.Size(1)-d.prefix, x.Size(2)
	patches := order.Size(1)
	mask := x.Scope().Use(d.maskToken).Expand([]int{n, patches - visible, dim})
	all := torch.Cat([]*torch.Tensor{x.Narrow(1, d.prefix, visible), mask}, 1)
	all = takeRows(all, order.ArgSort(1, false))
	x = torch.Cat([]*torch.Tensor{x.Narrow(1, 0, d.prefix), all}, 1).Add(d.positions)
	for _, b := range d.blocks {
		x = b.Forward(x)
	}
	return d.pred.Forward(d.norm.Forward(x)).Narrow(1, d.prefix, patches)
}

// Register implements [nn.Module].
func (d *decoder) Register(r *nn.Registry) {
	r.Module("decoder_embed", d.embed)
	r.Param("mask_token", &d.maskToken)
	r.Buffer("decoder_pos_embed", &d.positions)
	r.Module("decoder_blocks", d.blocks)
	r.Module("decoder_norm", d.norm)
	r.Module("decoder_pred", d.pred)
}
