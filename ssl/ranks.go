package ssl

import "sslmem/torch"

// Ranks are the machines, or devices, that train one encoder together. Losses,
// samplers and seeds take them, and one machine alone is [Alone].
type Ranks interface {
	// Rank is the number of this one, from 0, and World the number of all.
	Rank() int
	World() int
	// Gather returns the rows of x of all ranks, in their order, as rows. Backward, the
	// rows of each rank get the sum of the gradients that they have on all ranks. So
	// the gradients of a training are the means over the ranks, whether a method's
	// loss is that of its own images or of all.
	Gather(x *torch.Tensor) *torch.Tensor
	// Mean returns the mean of x over the ranks; no gradient flows through it.
	Mean(x *torch.Tensor) *torch.Tensor
}

// Alone is the [Ranks] of a training on one device.
type Alone struct{}

// Rank implements [Ranks].
func (Alone) Rank() int { return 0 }

// World implements [Ranks].
func (Alone) World() int { return 1 }

// Gather implements [Ranks]: x is all there is.
func (Alone) Gather(x *torch.Tensor) *torch.Tensor { return x }

// Mean implements [Ranks].
func (Alone) Mean(x *torch.Tensor) *torch.Tensor { return x.Detach() }

// gatherViews returns the rows x [V·B, D] of a batch and those of the batches of all
// other ranks, [V·B·World, D], ordered as those of one batch are: the first views
// of all images, then the second of all.
func gatherViews(ranks Ranks, b Batch, x *torch.Tensor) *torch.Tensor {
	if ranks.World() == 1 {
		return x
	}
	parts := b.Parts(x)
	for i, p := range parts {
		parts[i] = ranks.Gather(p)
	}
	return torch.Cat(parts, 0)
}
