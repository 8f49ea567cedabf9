package mem

import (
	"fmt"
	"regexp"
)

// LayerPart says what a layer of a vision transformer is in its block. Layers
// of other networks have none.
type LayerPart string

const (
	AttentionPart LayerPart = "attention"     // what the attention gives: "blocks.3.attn"
	AttendedPart  LayerPart = "attention sum" // the input of the block and the attention together: "blocks.3.sum"
	MLPPart       LayerPart = "mlp"           // what the fully connected layers give: "blocks.3.mlp"
	BlockPart     LayerPart = "block"         // the output of the block: "blocks.3"
)

// blockLayer is the name of a part of a block, as timm has it.
var blockLayer = regexp.MustCompile(`^((?:.+\.)?blocks\.)(\d+)(?:\.(attn|sum|mlp))?$`)

var partNames = map[string]LayerPart{"attn": AttentionPart, "sum": AttendedPart, "mlp": MLPPart, "": BlockPart}

// partOf returns what the named layer is in its block, with what the names of
// all blocks begin with and the number of the block; "" for another layer.
func partOf(layer string) (part LayerPart, prefix string, block int) {
	m := blockLayer.FindStringSubmatch(layer)
	if m == nil {
		return "", "", 0
	}
	if _, err := fmt.Sscan(m[2], &block); err != nil {
		return "", "", 0
	}
	return partNames[m[3]], m[1], block
}

// baseline returns the layer that the increase of memorization at a layer is
// counted from, "" if there is none. In a block N of a vision transformer that
// is, for
//
//	the attention             the output of block N−1:  Δ_attn(N)
//	the MLP                   attention sum of block N: Δ_FC(N)
//	the output of the block   the output of block N−1:  ΔBlock(N)
//
// (arXiv:2409.19069), and for the attention sum, for which nothing has been
// defined, none. For other layers it is previous, the layer before in the
// table. The result may be no layer of the table.
func baseline(layer, previous string) string {
	part, prefix, block := partOf(layer)
	switch {
	case part == "":
		return previous
	case part == AttendedPart:
		return ""
	case part == MLPPart:
		return fmt.Sprintf("%s%d.sum", prefix, block)
	case block == 0:
		return ""
	}
	return fmt.Sprintf("%s%d", prefix, block-1)
}
