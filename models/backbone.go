package models

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sslmem/internal/nearest"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// A Backbone maps images [N, C, H, W] to features [N, Features].
type Backbone interface {
	nn.Layer
	// Features returns the number of features per image.
	Features() int
	// Layers lists the names of the layers whose outputs ForwardLayers gives, in
	// the order in which they are computed. Each is what a forward hook on the
	// module of that name sees in PyTorch.
	Layers() []string
	// ForwardLayers is Forward that also returns the outputs of the named
	// layers, in x's scope. They are part of the same graph, and cost no copy
	// but where the network goes on to overwrite them, as a ReLU in place does
	// with what a batch norm gave. It panics with *[torch.Error] for a name that
	// Layers does not list.
	ForwardLayers(x *torch.Tensor, names ...string) (features *torch.Tensor, layers map[string]*torch.Tensor)
}

// Config names an encoder. Options at their zero value are the published ones;
// those of another family must be left there.
type Config struct {
	Model      string `toml:"model" json:"model"`             // one of Names; a ViT may end in "_patch8" and "_patch8_64", as timm's
	Width      int    `toml:"width" json:"width"`             // channels of the first stage, or of a ViT's tokens; 0 means the published number
	InChannels int    `toml:"in_channels" json:"in_channels"` // 1 or 3
	Stem       Stem   `toml:"stem" json:"stem,omitempty"`     // of a ResNet-18 to 101; "" means "cifar"
	PatchSize  int    `toml:"patch_size" json:"patch_size,omitempty"`
	ImageSize  int    `toml:"image_size" json:"image_size,omitempty"` // that a ViT's position embedding is made for
	Pool       Pool   `toml:"pool" json:"pool,omitempty"`             // of a ViT; "" means "token"
	// PosEmbed says what a ViT's position embedding is; "" means "learned".
	PosEmbed PosEmbed `toml:"pos_embed" json:"pos_embed,omitempty"`
	// DropPath is the probability to drop a branch of a ViT's last block in training,
	// falling to 0 at the first.
	DropPath float64 `toml:"drop_path" json:"drop_path,omitempty"`
}

// Names lists the encoders that [New] builds.
func Names() []string {
	return []string{"resnet9", "resnet18", "resnet34", "resnet50", "resnet101", "vit_tiny", "vit_small", "vit_base"}
}

// New builds an encoder in training mode, with weights drawn from g on the CPU. A
// ViT that drops paths keeps g to draw them. An unknown name gets an error with the
// nearest one.
func New(c Config, g *torch.Generator) (Backbone, error) {
	if c.InChannels < 1 {
		return nil, fmt.Errorf("model %s: in_channels is %d but must be at least 1", c.Model, c.InChannels)
	}
	if c.Width < 0 || c.Width > 4096 {
		return nil, fmt.Errorf("model %s: width is %d but must lie between 1 and 4096, or be 0 for the published width", c.Model, c.Width)
	}
	family := vitName.ReplaceAllString(c.Model, "$1")
	switch {
	case !slices.Contains(Names(), family):
		return nil, unknownModel(c.Model)
	case strings.HasPrefix(family, "vit"):
		return newViT(c, g)
	case c.PatchSize != 0 || c.ImageSize != 0 || c.Pool != "" || c.PosEmbed != "" || c.DropPath != 0:
		return nil, fmt.Errorf("model %s: patch_size, image_size, pool, pos_embed and drop_path are options of a ViT; leave them out", c.Model)
	case family == "resnet9":
		if c.Stem != "" {
			return nil, fmt.Errorf("model resnet9 has one stem only; leave stem out")
		}
		return NewResNet9(c.Width, c.InChannels, g), nil
	}
	if !slices.Contains([]Stem{"", CIFARStem, ImageNetStem}, c.Stem) {
		return nil, fmt.Errorf("model %s: stem is %q but must be %q or %q", c.Model, c.Stem, CIFARStem, ImageNetStem)
	}
	depth, _ := strconv.Atoi(strings.TrimPrefix(family, "resnet"))
	return NewResNet(depth, ResNetOptions{Width: c.Width, InChannels: c.InChannels, Stem: c.Stem}, g), nil
}

// vitName takes a timm name apart: size, patch and image.
var vitName = regexp.MustCompile(`^(vit_[a-z]+)(?:_patch([0-9]{1,4})(?:_([0-9]{1,5}))?)?$`)

// HasBatchNorm reports whether the encoder of a name normalizes by the statistics of a
// batch, so that what it makes of an image depends on the others: ResNets do, ViTs do
// not.
func HasBatchNorm(model string) bool { return strings.HasPrefix(model, "resnet") }

// TakesImageSize reports whether the named model is a ViT whose image size the
// name does not say, and so Config.ImageSize must.
func TakesImageSize(name string) bool {
	m := vitName.FindStringSubmatch(name)
	return m != nil && m[3] == ""
}

func newViT(c Config, g *torch.Generator) (Backbone, error) {
	m := vitName.FindStringSubmatch(c.Model)
	o := ViTSize(strings.TrimPrefix(m[1], "vit_"))
	o.InChannels, o.Pool, o.DropPath = c.InChannels, c.Pool, c.DropPath
	o.Dim = cmp.Or(c.Width, o.Dim)
	for _, size := range []struct {
		key      string
		named    string
		option   int
		fallback int
		to       *int
	}{{"patch_size", m[2], c.PatchSize, 16, &o.PatchSize}, {"image_size", m[3], c.ImageSize, 224, &o.ImageSize}} {
		named, _ := strconv.Atoi(size.named)
		switch {
		case size.option < 0 || size.named != "" && named == 0:
			return nil, fmt.Errorf("model %s: %s must be at least 1", c.Model, size.key)
		case named != 0 && size.option != 0 && named != size.option:
			return nil, fmt.Errorf("model %s: %s is %d but the name says %d; leave one of them out", c.Model, size.key, size.option, named)
		}
		*size.to = cmp.Or(named, size.option, size.fallback)
	}
	switch {
	case c.Stem != "":
		return nil, fmt.Errorf("model %s: stem is an option of a ResNet; leave it out", c.Model)
	case !slices.Contains([]PosEmbed{"", LearnedPos, SinCosPos}, c.PosEmbed):
		return nil, fmt.Errorf("model %s: pos_embed is %q but must be %q or %q", c.Model, c.PosEmbed, LearnedPos, SinCosPos)
	}
	o.SinCos = c.PosEmbed == SinCosPos
	var v *ViT
	if err := torch.Try(func() { v = NewViT(o, g) }); err != nil {
		return nil, fmt.Errorf("model %s: %w", c.Model, err)
	}
	return v, nil
}

func unknownModel(name string) error {
	known := strings.Join(Names(), ", ")
	if near, ok := nearest.Word(vitName.ReplaceAllString(name, "$1"), Names()); ok {
		return fmt.Errorf("unknown model %q; did you mean %s? Known are %s", name, near, known)
	}
	return fmt.Errorf("unknown model %q; known are %s", name, known)
}

// classify applies a classifier to features.
func classify(head *nn.Linear, features *torch.Tensor) *torch.Tensor {
	if head == nil {
		panic(&torch.Error{Op: "classify", Kind: torch.Value, Msg: "the network has no classifier; build it with Classes"})
	}
	return head.Forward(features)
}
