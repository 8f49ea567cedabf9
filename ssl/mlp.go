package ssl

import (
	"fmt"

	"sslmem/torch"
	"sslmem/torch/nn"
)

// An MLP describes a projector or predictor: linear layers with batch norm and
// ReLU between them.
type MLP struct {
	Units    []int // of each layer; the last is the length of the result
	LastNorm bool  // a batch norm behind the last layer
	// LastPlain leaves that batch norm without weight and bias.
	LastPlain bool
	// NoNorm leaves out the batch norms between the layers, and GELU takes the place
	// of ReLU.
	NoNorm bool
	GELU   bool
	// NoHiddenBias and NoLastBias leave out the biases of the layers before the last,
	// which a batch norm takes away again, and of the last.
	NoHiddenBias, NoLastBias bool
}

// New returns the head for in features, named as an nn.Sequential of PyTorch that
// counts every layer.
func (h MLP) New(in int, g *torch.Generator) nn.Sequential {
	var s nn.Sequential
	for i, units := range h.Units {
		last := i == len(h.Units)-1
		bias := !h.NoHiddenBias
		if last {
			bias = !h.NoLastBias
		}
		s = append(s, nn.NewLinear(in, units, bias, g))
		in = units
		switch {
		case last && h.LastNorm:
			norm := nn.NewBatchNorm(units)
			if h.LastPlain {
				norm.Weight.Free()
				norm.Bias.Free()
				norm.Weight, norm.Bias = nil, nil
			}
			s = append(s, norm)
		case last:
		default:
			if !h.NoNorm {
				s = append(s, nn.NewBatchNorm(units))
			}
			if h.GELU {
				s = append(s, nn.GELU{})
			} else {
				s = append(s, nn.ReLU{InPlace: true})
			}
		}
	}
	return s
}

// checkUnits returns an error if units cannot be those of the layers of a head.
func checkUnits(option string, units []int) error {
	if len(units) == 0 {
		return fmt.Errorf("%s is empty but must hold the units of each layer, such as [2048, 128]", option)
	}
	for _, n := range units {
		if n < 1 || n > 1<<20 {
			return fmt.Errorf("%s is %v but every layer must have between 1 and %d units", option, units, 1<<20)
		}
	}
	return nil
}
