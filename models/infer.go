package models

import (
	"fmt"
	"math"
	"strconv"

	"sslmem/torch"
)

// InferConfig returns the configuration of the encoder that a state_dict is of, as
// far as names and shapes tell: depth, width, channels of the images, and stem,
// patch size and image size. The names are torchvision's of a ResNet, timm's of a
// ViT, or those of a ResNet-9; others, such as a classifier's, are not looked at.
//
// What shapes do not show is taken as published: a first convolution of 3×3 is the
// stem [CIFARStem], with stride 1 and no pooling behind it, and a ViT has the heads of
// the published size of its width, and [TokenPool].
//
// It is an error if the names are of no network of this package, or of one with
// another number of blocks, or if the heads of a ViT are not known; what was found is
// returned all the same. Whether all shapes fit, [LoadWeights] finds out.
func InferConfig(state map[string]*torch.Tensor) (Config, error) {
	s := weightShapes(state)
	switch {
	case s.has("conv1.weight", "layer1.0.conv1.weight"):
		return s.resNet()
	case s.has("patch_embed.proj.weight", "blocks.0.norm1.weight"):
		return s.viT()
	case s.has("conv1.0.weight", "res1.0.0.weight"):
		conv, err := s.of("conv1.0.weight", 4)
		if err != nil {
			return Config{}, err
		}
		return Config{Model: "resnet9", Width: conv[0], InChannels: conv[1]}, nil
	}
	return Config{}, fmt.Errorf("the names are of no encoder that is known; ResNets have torchvision's (conv1.weight, layer1.0.conv1.weight), ViTs timm's (patch_embed.proj.weight, blocks.0.norm1.weight)")
}

type weightShapes map[string]*torch.Tensor

func (s weightShapes) has(names ...string) bool {
	for _, name := range names {
		if s[name] == nil {
			return false
		}
	}
	return true
}

// of returns the shape of the named weight, of so many dimensions that are not 0.
func (s weightShapes) of(name string, dim int) (shape []int, err error) {
	if !s.has(name) {
		return nil, fmt.Errorf("the weight %s is missing", name)
	}
	if err := torch.Try(func() { shape = s[name].Shape() }); err != nil {
		return nil, fmt.Errorf("the weight %s cannot be read: %w", name, err)
	}
	ok := len(shape) == dim
	for _, n := range shape {
		ok = ok && n > 0
	}
	if !ok {
		return nil, fmt.Errorf("the weight %s has shape %v, but one of %d dimensions is wanted", name, shape, dim)
	}
	return shape, nil
}

// count returns how many of the names that format gives for 0, 1, … are there.
func (s weightShapes) count(format string) (n int) {
	for s.has(fmt.Sprintf(format, n)) {
		n++
	}
	return n
}

func (s weightShapes) resNet() (Config, error) {
	conv, err := s.of("conv1.weight", 4)
	if err != nil {
		return Config{}, err
	}
	c := Config{Width: conv[0], InChannels: conv[1]}
	switch conv[2] {
	case 3:
		c.Stem = CIFARStem
	case 7:
		c.Stem = ImageNetStem
	default:
		return c, fmt.Errorf("the first convolution is %d×%d, but the stems of ResNets that are known have 3×3 or 7×7", conv[2], conv[3])
	}
	var blocks [4]int
	for i := range blocks {
		blocks[i] = s.count("layer" + strconv.Itoa(i+1) + ".%d.conv1.weight")
	}
	bottleneck := s.has("layer1.0.conv3.weight")
	for depth, known := range resNetBlocks {
		if known == blocks && bottleneck == (depth >= 50) {
			c.Model = "resnet" + strconv.Itoa(depth)
		}
	}
	if c.Model == "" {
		kind := "basic blocks"
		if bottleneck {
			kind = "bottlenecks"
		}
		return c, fmt.Errorf("a ResNet with %v %s in its stages is not known; resnet18, 34, 50 and 101 are", blocks, kind)
	}
	return c, nil
}

func (s weightShapes) viT() (Config, error) {
	proj, err := s.of("patch_embed.proj.weight", 4)
	if err != nil {
		return Config{}, err
	}
	pos, err := s.of("pos_embed", 3)
	if err != nil {
		return Config{}, err
	}
	c := Config{InChannels: proj[1], PatchSize: proj[2]}
	patches := pos[1] - 1 // without the class token
	side := int(math.Round(math.Sqrt(float64(max(patches, 0)))))
	if side < 1 || side*side != patches {
		return c, fmt.Errorf("the position embedding is for %d tokens, but a class token and a square of patches are wanted", pos[1])
	}
	c.ImageSize = side * c.PatchSize
	for _, size := range []string{"tiny", "small", "base"} {
		if o := ViTSize(size); o.Dim == proj[0] {
			c.Model = "vit_" + size
			if depth := s.count("blocks.%d.norm1.weight"); depth != o.Depth {
				return c, fmt.Errorf("a ViT of %d blocks is not known; those that are have %d", depth, o.Depth)
			}
		}
	}
	if c.Model == "" {
		c.Width = proj[0]
		return c, fmt.Errorf("a ViT of %d numbers per token is of no published size, so that its heads are not known; say which with its model, such as vit_tiny", proj[0])
	}
	return c, nil
}
