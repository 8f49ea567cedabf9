package ssl

import (
	"fmt"

	"sslmem/data/augment"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
)

var _ = register(Method{
	Name: "mae", Title: "MAE",
	Paper: "He et al. 2022, Masked Autoencoders Are Scalable Vision Learners, arXiv 2111.06377",
	Views: 1,
	Options: func() Options {
		o := publishedMAE()
		return &o
	},
})

// publishedMAE returns the options of the authors' code.
func publishedMAE() MAEOptions {
	return MAEOptions{MaskRatio: .75, NormPix: true, DecoderDim: 512, DecoderDepth: 8, DecoderHeads: 16}
}

// MAEOptions are the options of MAE.
type MAEOptions struct {
	// MaskRatio is the part of the patches that is hidden, above 0 and below 1. What
	// remains is rounded down to whole patches.
	MaskRatio float64 `toml:"mask_ratio"`
	// NormPix predicts patches brought to mean 0 and variance 1; see [NormPatches].
	NormPix bool `toml:"norm_pix"`

	DecoderDim   int `toml:"decoder_dim"`   // numbers per token of the decoder, a multiple of 4
	DecoderDepth int `toml:"decoder_depth"` // its blocks
	DecoderHeads int `toml:"decoder_heads"` // divide DecoderDim
}

// Check implements [Options].
func (o *MAEOptions) Check() error {
	switch {
	case !(o.MaskRatio > 0 && o.MaskRatio < 1):
		return fmt.Errorf("mask_ratio is %v but must be above 0 and below 1", o.MaskRatio)
	case o.DecoderDim < 4 || o.DecoderDim > 1<<14 || o.DecoderDim%4 != 0:
		return fmt.Errorf("decoder_dim is %d but must be a multiple of 4 between 4 and %d", o.DecoderDim, 1<<14)
	case o.DecoderDepth < 1 || o.DecoderDepth > 64:
		return fmt.Errorf("decoder_depth is %d but must lie between 1 and 64", o.DecoderDepth)
	case o.DecoderHeads < 1 || o.DecoderDim%o.DecoderHeads != 0:
		return fmt.Errorf("decoder_heads is %d but must divide decoder_dim (%d)", o.DecoderHeads, o.DecoderDim)
	}
	return nil
}

// New implements [Options].
func (o *MAEOptions) New(b Build) (Trainer, error) {
	m, err := newMAE(o, b)
	if err != nil {
		return nil, err
	}
	return m, nil
}

func newMAE(o *MAEOptions, b Build) (*MAE, error) {
	vit, ok := b.Encoder.(*models.ViT)
	if !ok {
		return nil, fmt.Errorf("%s hides patches from its encoder, which must be a ViT, not %s; set model to vit_tiny, vit_small or vit_base", b.Recipe.Method, b.Recipe.Model)
	}
	v := vit.Options
	if size := b.Recipe.Augment.Size; size != 0 && size != v.ImageSize {
		return nil, fmt.Errorf("the views have %d pixels a side, but the model %s is made for %d", size, b.Recipe.Model, v.ImageSize)
	}
	m := &MAE{
		core: newCore(b), vit: vit,
		decoder: newDecoder(o, v, b.Generator),
		mask:    augment.Mask{Patch: v.PatchSize, Ratio: o.MaskRatio},
		normPix: o.NormPix,
	}
	if err := m.mask.Check(v.ImageSize); err != nil {
		nn.Free(m.decoder)
		return nil, err
	}
	drawMAE(m, b.Generator)
	return m, nil
}

// drawMAE draws weights as the authors' code does: Xavier's uniform for linear
// layers, as which the embedding of patches counts, with biases 0, and a normal
// distribution of standard deviation .02 for the class and the mask token. What is
// not named here stays as it is.
func drawMAE(m nn.Module, g *torch.Generator) {
	for name, p := range nn.Parameters(m) {
		switch p.Dim() {
		case 4:
			// Those of a convolution that does not overlap: a linear layer for each patch.
			drawLinear(p, g)
		case 3:
			if name == "mask_token" || name == "encoder.cls_token" {
				g.Normal(p, 0, .02)
			}
		case 2:
			nn.XavierUniform(p, 1, g)
		}
	}
}

// drawLinear draws the weights [Out, In, …] of a linear layer by Xavier's rule.
func drawLinear(p *torch.Tensor, g *torch.Generator) {
	s := torch.NewScope()
	defer s.Close()
	torch.NoGrad(func() {
		flat := nn.XavierUniform(s.Empty([]int{p.Size(0), p.Numel() / p.Size(0)}, torch.Float32, torch.CPU), 1, g)
		p.CopyFrom(flat.Reshape(p.Shape()))
	})
}

// MAE is the masked autoencoder of He et al. (2022, arXiv 2111.06377): the encoder
// sees only the patches of a view that are not hidden, and from its tokens a small
// decoder, which is thrown away later, predicts the pixels of the others. The loss
// is [MaskedMSE].
//
// It compares no two views. What its features know is told by a linear probe or by
// fine-tuning; nearest neighbours see less of it.
type MAE struct {
	core
	vit     *models.ViT // the encoder
	decoder *decoder
	mask    augment.Mask
	normPix bool
}

// Mask implements [Masker].
func (m *MAE) Mask() augment.Mask { return m.mask }

// Forward implements [Trainer]. The views are masked by b.Order.
func (m *MAE) Forward(b Batch) Result {
	tokens := m.encode(b.Views, b.Order)
	return Result{Loss: m.loss(b.Views, tokens, b.Order)}
}

// encode returns the tokens of the visible patches of x [N, C, H, W], with the class
// token before them.
func (m *MAE) encode(x, order *torch.Tensor) *torch.Tensor {
	return m.vit.Encode(m.vit.Embed(x), order.Narrow(1, 0, m.visible()))
}

// visible is the number of patches that the encoder sees.
func (m *MAE) visible() int { return m.mask.Visible(m.vit.Options.ImageSize) }

// loss compares what the decoder makes of tokens with the hidden patches of x.
func (m *MAE) loss(x, tokens, order *torch.Tensor) *torch.Tensor {
	target := Patchify(x, m.mask.Patch)
	if m.normPix {
		target, _, _ = NormPatches(target)
	}
	return MaskedMSE(m.decoder.decode(tokens, order), target, order, m.visible())
}

// Reconstruct shows what the networks make of views x [N, C, H, W], whose patches
// are hidden by an order, int64 [N, L], as in [Batch]: masked, the views with 0 in
// the place of hidden patches, and whole, with what is predicted there. Both are in
// the units of x. Where the networks predict normalized patches, the prediction gets
// the mean and the standard deviation of the patch that it stands for, which the
// networks do not know: an image looks as wrong as the loss says and no worse.
func (m *MAE) Reconstruct(x, order *torch.Tensor) (masked, whole *torch.Tensor) {
	torch.NoGrad(func() {
		patches := Patchify(x, m.mask.Patch)
		hidden := order.Narrow(1, m.visible(), order.Size(1)-m.visible())
		prediction := full(m.decoder.decode(m.encode(x, order), order))
		if m.normPix {
			_, mean, std := NormPatches(patches)
			prediction = prediction.Mul(std).Add(mean)
		}
		index := rowIndex(hidden, patches.Size(2))
		prediction = prediction.Gather(1, index)
		rows, cols := x.Size(2)/m.mask.Patch, x.Size(3)/m.mask.Patch
		whole = Unpatchify(patches.Scatter(1, index, prediction), m.mask.Patch, rows, cols)
		masked = Unpatchify(patches.Scatter(1, index, prediction.MulScalar(0)), m.mask.Patch, rows, cols)
	})
	return masked, whole
}

// Register implements [nn.Module], with the names of the authors' code for the
// decoder.
func (m *MAE) Register(r *nn.Registry) {
	r.Module("encoder", m.encoder)
	m.decoder.Register(r)
}
