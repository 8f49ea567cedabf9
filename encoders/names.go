package encoders

import (
	"regexp"
	"strings"
)

// A naming is how a program names the weights of a network, if not as package models.
type naming struct {
	called string
	rename func(name string) string // to the names of package models, or nil
}

// landmarks are, for each naming of each family of networks, two names that every
// network of it has.
var landmarks = []struct {
	first, second string
	naming
}{
	{"conv1.weight", "layer1.0.conv1.weight", naming{}},
	{"0.weight", "4.0.conv1.weight", naming{"the children of a ResNet in a Sequential", childName}},
	{"patch_embed.proj.weight", "blocks.0.norm1.weight", naming{}},
	{"conv_proj.weight", "encoder.layers.encoder_layer_0.ln_1.weight", naming{"torchvision's VisionTransformer", torchvisionViTName}},
	{"conv1.0.weight", "res1.0.0.weight", naming{}},
}

// children are the names of what stands in Sequential(*resnet.children()).
var children = map[string]string{"0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4", "9": "fc"}

// childName is torchvision's name of a weight of a ResNet's children.
func childName(name string) string {
	child, rest, _ := strings.Cut(name, ".")
	if known := children[child]; known != "" {
		return known + "." + rest
	}
	return name
}

// viTNames are, for names of torchvision's VisionTransformer, those of timm. The network
// is the same: its attention has queries, keys and values in one matrix, in that order.
var viTNames = strings.NewReplacer(
	"class_token", "cls_token",
	"conv_proj.", "patch_embed.proj.",
	"encoder.pos_embedding", "pos_embed",
	"encoder.ln.", "norm.",
	".ln_1.", ".norm1.", ".ln_2.", ".norm2.",
	".self_attention.in_proj_", ".attn.qkv.", ".self_attention.out_proj.", ".attn.proj.",
	".mlp.0.", ".mlp.fc1.", ".mlp.linear_1.", ".mlp.fc1.", ".mlp.3.", ".mlp.fc2.", ".mlp.linear_2.", ".mlp.fc2.",
)

var viTBlock = regexp.MustCompile(`^encoder\.layers\.encoder_layer_`)

// torchvisionViTName is timm's name of a weight of torchvision's VisionTransformer.
func torchvisionViTName(name string) string {
	return viTNames.Replace(viTBlock.ReplaceAllString(name, "blocks."))
}
