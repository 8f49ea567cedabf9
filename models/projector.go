package models

import (
	"sslmem/torch"
	"sslmem/torch/nn"
)

// NewProjector returns the head that contrastive methods train behind the
// encoder and drop afterwards: Linear, batch norm, ReLU, Linear (Chen et al.
// 2020, appendix B.9), mapping [N, in] to [N, out].
func NewProjector(in, hidden, out int, g *torch.Generator) nn.Sequential {
	return nn.Sequential{
		nn.NewLinear(in, hidden, true, g),
		nn.NewBatchNorm(hidden),
		nn.ReLU{InPlace: true},
		nn.NewLinear(hidden, out, true, g),
	}
}
