package models

import (
	"cmp"
	"fmt"
	"strconv"

	"sslmem/torch"
	"sslmem/torch/nn"
)

// A Pool says how a ViT makes features of its tokens.
type Pool string

const (
	TokenPool Pool = "token" // the class token
	AvgPool   Pool = "avg"   // the mean over the patches, without the class token
)

// A PosEmbed says what the position embedding of a ViT is.
type PosEmbed string

const (
	LearnedPos PosEmbed = "learned"
	SinCosPos  PosEmbed = "sincos" // fixed, of sines and cosines, as MAE's; see SinCosPositions
)

// ViTOptions are the options of [NewViT]; [ViTSize] fills in a published size.
type ViTOptions struct {
	Dim          int     // numbers per token
	Depth        int     // blocks
	Heads        int     // divide Dim
	PatchSize    int     // pixels a side
	ImageSize    int     // pixels a side that the position embedding is made for; a multiple of PatchSize
	InChannels   int     // 0 means 3
	Pool         Pool    // "" means TokenPool
	NoClassToken bool    // for AvgPool only
	NoQKVBias    bool    // no biases of queries, keys and values
	SinCos       bool    // a fixed position embedding of sines and cosines, as MAE's; Dim must be a multiple of 4
	DropPath     float64 // probability to drop a branch of the last block, falling to 0 at the first
	Classes      int     // of the classifier head; 0 means none
}

// ViTSize returns the options of the published size "tiny", "small" or "base"
// at 224 pixels in patches of 16: 192, 384 or 768 numbers per token in heads
// of 64, and twelve blocks. It panics with *[torch.Error] for another name.
func ViTSize(name string) ViTOptions {
	heads, ok := map[string]int{"tiny": 3, "small": 6, "base": 12}[name]
	if !ok {
		panic(&torch.Error{Op: "vit", Kind: torch.Value, Msg: fmt.Sprintf("there is no ViT of size %q; take tiny, small or base", name)})
	}
	return ViTOptions{Dim: 64 * heads, Depth: 12, Heads: heads, PatchSize: 16, ImageSize: 224}
}

// check returns what is wrong with the options, or "".
func (o ViTOptions) check() string {
	switch {
	case o.Dim < 1 || o.Depth < 1 || o.PatchSize < 1 || o.ImageSize < 1:
		return fmt.Sprintf("dim %d, depth %d, patch_size %d and image_size %d must all be at least 1", o.Dim, o.Depth, o.PatchSize, o.ImageSize)
	case o.Heads < 1 || o.Dim%o.Heads != 0:
		return fmt.Sprintf("%d heads do not divide a width of %d", o.Heads, o.Dim)
	case o.ImageSize%o.PatchSize != 0:
		return fmt.Sprintf("image_size %d is no multiple of patch_size %d", o.ImageSize, o.PatchSize)
	case o.Pool != TokenPool && o.Pool != AvgPool:
		return fmt.Sprintf("pool is %q but must be %q or %q", o.Pool, TokenPool, AvgPool)
	case o.NoClassToken && o.Pool == TokenPool:
		return `pool is "token", but there is no class token; take "avg"`
	case !(o.DropPath >= 0 && o.DropPath <= 1):
		return fmt.Sprintf("drop_path is %v but must lie between 0 and 1", o.DropPath)
	case o.SinCos && o.Dim%4 != 0:
		return fmt.Sprintf("a position embedding of sines and cosines needs a multiple of 4 numbers, not %d", o.Dim)
	}
	return ""
}

// ViT is the vision transformer of Dosovitskiy et al. (2021): an embedding for
// each patch of the image and one for its position, then blocks of attention,
// normalized where a branch begins, and a last layer norm. The parameters have
// timm's names.
type ViT struct {
	ClsToken   *torch.Tensor // [1, 1, Dim], or nil
	PosEmbed   *torch.Tensor // [1, 1 + patches, Dim], less the 1 without class token
	PatchEmbed *nn.PatchEmbed
	Blocks     nn.ModuleList[*ViTBlock]
	Norm       *nn.LayerNorm
	Head       *nn.Linear // the classifier, or nil
	Options    ViTOptions // that it was built with, zeros filled in
}

// NewViT returns the network in training mode, drawn as timm draws it: linear
// layers and the position embedding normal with standard deviation .02, biases
// 0, the class token normal with 1e-6, and the embedding of patches as
// [nn.NewConv2d]. Dropped paths are drawn from g too. It panics with
// *[torch.Error] for options that do not fit together.
func NewViT(o ViTOptions, g *torch.Generator) *ViT {
	o.InChannels = cmp.Or(o.InChannels, 3)
	o.Pool = cmp.Or(o.Pool, TokenPool)
	if problem := o.check(); problem != "" {
		panic(&torch.Error{Op: "vit", Kind: torch.Value, Msg: problem})
	}
	m := &ViT{Options: o}
	if !o.NoClassToken {
		m.ClsToken = g.Normal(torch.Root.Empty([]int{1, 1, o.Dim}, torch.Float32, torch.CPU), 0, 1e-6).RequireGrad(true)
	}
	grid := o.ImageSize / o.PatchSize
	if o.SinCos {
		m.PosEmbed = SinCosPositions(grid, o.Dim, m.prefix())
	} else {
		pos := torch.Root.Empty([]int{1, m.prefix() + grid*grid, o.Dim}, torch.Float32, torch.CPU)
		m.PosEmbed = nn.TruncNormal(pos, 0, .02, -2, 2, g).RequireGrad(true)
	}
	m.PatchEmbed = nn.NewPatchEmbed(o.InChannels, o.Dim, o.PatchSize, g)
	for i := range o.Depth {
		rate := 0.
		if o.Depth > 1 {
			rate = o.DropPath * float64(i) / float64(o.Depth-1)
		}
		m.Blocks = append(m.Blocks, NewViTBlock(o, rate, g))
	}
	m.Norm = layerNorm(o.Dim)
	if o.Classes > 0 {
		m.Head = truncLinear(nn.NewLinear(o.Dim, o.Classes, true, g), g)
	}
	return m
}

// prefix is the number of tokens before those of the patches.
func (m *ViT) prefix() int {
	if m.ClsToken == nil {
		return 0
	}
	return 1
}

// Forward maps images [N, C, H, W] to features [N, Dim]. H and W are multiples
// of the patch size, and need not be those that the position embedding was made
// for: it is then interpolated, as timm does with dynamic_img_size.
func (m *ViT) Forward(x *torch.Tensor) *torch.Tensor { return m.forward(x, nil) }

// Classify maps images [N, C, H, W] to the logits of the classes [N, Classes].
// It panics with *[torch.Error] if the network was built without classes.
func (m *ViT) Classify(x *torch.Tensor) *torch.Tensor { return classify(m.Head, m.Forward(x)) }

// ForwardLayers implements [Backbone].
func (m *ViT) ForwardLayers(x *torch.Tensor, names ...string) (*torch.Tensor, map[string]*torch.Tensor) {
	c := newCapture(x, m.Layers(), names)
	return m.forward(x, c), c.got
}

func (m *ViT) forward(x *torch.Tensor, c *capture) *torch.Tensor {
	return m.Pool(m.encode(m.embed(x, c), nil, c))
}

// ForwardPatches is Forward of images of which the network sees only the patches at
// the indices keep, int64 [N, K], see [ViT.Encode]. [AvgPool] is the mean over these.
func (m *ViT) ForwardPatches(x, keep *torch.Tensor) *torch.Tensor {
	return m.Pool(m.encode(m.embed(x, nil), keep, nil))
}

// PatchSize returns the side of a patch in pixels.
func (m *ViT) PatchSize() int { return m.Options.PatchSize }

// Pool maps the tokens that [ViT.Encode] gives, [N, 1 + K, Dim], to features
// [N, Dim], as Options.Pool says.
func (m *ViT) Pool(tokens *torch.Tensor) *torch.Tensor {
	if m.Options.Pool == TokenPool {
		return tokens.Select(1, 0)
	}
	return tokens.Narrow(1, m.prefix(), tokens.Size(1)-m.prefix()).MeanDim([]int{1}, false)
}

// Embed maps images [N, C, H, W] to the embeddings of their patches, row by row
// and with those of their positions added: [N, L, Dim], what [ViT.Encode] takes.
// It panics with *[torch.Error] if H or W is no multiple of the patch size.
func (m *ViT) Embed(x *torch.Tensor) *torch.Tensor { return m.embed(x, nil) }

// Encode maps embeddings of patches [N, L, Dim] to the tokens that the last
// layer norm gives: [N, 1 + K, Dim], the class token first if there is one.
// With keep, int64 [N, K], the network sees only the patches at those indices
// of its image, in that order, as the encoder of MAE does (He et al. 2022); nil
// keeps all, and K is L.
func (m *ViT) Encode(patches, keep *torch.Tensor) *torch.Tensor {
	return m.encode(patches, keep, nil)
}

func (m *ViT) embed(x *torch.Tensor, c *capture) *torch.Tensor {
	p := m.Options.PatchSize
	h, w := x.Size(2), x.Size(3)
	if h%p != 0 || w%p != 0 || h == 0 || w == 0 {
		panic(&torch.Error{Op: "vit", Kind: torch.Value, Msg: fmt.Sprintf("images of %d×%d pixels cannot be cut into patches of %d; crop or resize them", h, w, p)})
	}
	x = c.keep("patch_embed", m.PatchEmbed.Forward(x))
	pos := x.Scope().Use(m.PosEmbed)
	pos = pos.Narrow(1, m.prefix(), pos.Size(1)-m.prefix())
	if g := m.grid(); g != h/p || g != w/p {
		pos = interpolate(pos, g, h/p, w/p)
	}
	return x.Add(pos)
}

func (m *ViT) encode(x, keep *torch.Tensor, c *capture) *torch.Tensor {
	n, dim := x.Size(0), x.Size(2)
	if keep != nil {
		x = x.Gather(1, x.Scope().Use(keep).Unsqueeze(-1).Expand([]int{n, keep.Size(1), dim}))
	}
	if m.ClsToken != nil {
		cls := x.Scope().Use(m.ClsToken).Add(m.PosEmbed.Narrow(1, 0, 1)).Expand([]int{n, 1, dim})
		x = torch.Cat([]*torch.Tensor{cls, x}, 1)
	}
	inner := c.in("blocks")
	for i, b := range m.Blocks {
		x = inner.keep(strconv.Itoa(i), b.forward(x, inner.at(i)))
	}
	return c.keep("norm", m.Norm.Forward(x))
}

// grid is the number of patches a side that the position embedding is made for.
func (m *ViT) grid() int { return m.Options.ImageSize / m.Options.PatchSize }

// Layers implements [Backbone]: "patch_embed" [N, L, Dim] without positions,
// each block after its parts, and "norm", all tokens before the pooling. "sum"
// is the input of a block together with what its attention gives, and what
// "mlp.act" gives are the units of a block.
func (m *ViT) Layers() []string {
	names := []string{"patch_embed"}
	for i := range m.Blocks {
		block := "blocks." + strconv.Itoa(i)
		for _, layer := range viTBlockLayers {
			names = append(names, block+"."+layer)
		}
		names = append(names, block)
	}
	return append(names, "norm")
}

// Features implements [Backbone].
func (m *ViT) Features() int { return m.Options.Dim }

// Register implements [nn.Module]. A fixed position embedding is saved but not
// trained.
func (m *ViT) Register(r *nn.Registry) {
	r.Param("cls_token", &m.ClsToken)
	if m.Options.SinCos {
		r.Buffer("pos_embed", &m.PosEmbed)
	} else {
		r.Param("pos_embed", &m.PosEmbed)
	}
	r.Module("patch_embed", m.PatchEmbed)
	r.Module("blocks", m.Blocks)
	r.Module("norm", m.Norm)
	if m.Head != nil {
		r.Module("head", m.Head)
	}
}
