package ssl

import (
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// copyWeights gives one module the tensors of another of the same kind.
func copyWeights(to, from nn.Module) {
	s := torch.NewScope()
	defer s.Close()
	if err := nn.LoadState(to, nn.CloneState(s, from)); err != nil {
		panic(err) // they are of the same kind
	}
}

// full returns x in float32 if it is in half precision, for what losses compute.
func full(x *torch.Tensor) *torch.Tensor {
	if t := x.DType(); t == torch.BFloat16 || t == torch.Float16 {
		return x.ToDType(torch.Float32)
	}
	return x
}

// core is what all methods have.
type core struct {
	encoder models.Backbone
	split   bool // the views go through the networks one after the other
}

func newCore(b Build) core { return core{encoder: b.Encoder, split: b.Recipe.Forward == Split} }

// Encoder implements [Trainer].
func (c *core) Encoder() models.Backbone { return c.encoder }

// AfterStep implements [Trainer]; there is nothing to do.
func (c *core) AfterStep(Clock) {}

// forward applies fn to the views [V·B, …] of a batch, all together or view by
// view, and returns the rows of all, [V·B, D].
func (c *core) forward(b Batch, x *torch.Tensor, fn func(x *torch.Tensor) *torch.Tensor) *torch.Tensor {
	if !c.split {
		return fn(x)
	}
	parts := b.Parts(x)
	for i, p := range parts {
		parts[i] = fn(p)
	}
	return torch.Cat(parts, 0)
}
