package ssl

import (
	"sslmem/data/augment"
	"sslmem/data/rng"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// A Batch is what one step sees of B images. Its tensors are on the device of the
// networks and their scope is the step's.
type Batch struct {
	// Views holds the global views of all images, [V·B, C, H, W] float32 with the
	// channels last: the first view of each of the B images, then the second of each,
	// and so on.
	Views *torch.Tensor
	// Local holds the local views in the same order, [L·B, C, h, w], nil if the recipe
	// has none.
	Local *torch.Tensor
	// Order holds an order of the patches of each view, [V·B, patches] int64, of which
	// the first are visible; nil for methods that mask nothing.
	Order *torch.Tensor
	// Labels holds the classes, [B] int64, nil for methods that need none.
	Labels *torch.Tensor
	// Size is B, the number of images.
	Size int
	// Clock says which step it is.
	Clock Clock
}

// Parts returns x, [n·Size, …], as n tensors [Size, …]: views of each kind.
func (b Batch) Parts(x *torch.Tensor) []*torch.Tensor {
	parts := make([]*torch.Tensor, x.Size(0)/b.Size)
	for i := range parts {
		parts[i] = x.Narrow(0, i*b.Size, b.Size)
	}
	return parts
}

// A Result is what the forward pass of a step gives.
type Result struct {
	// Loss is the scalar to minimize.
	Loss *torch.Tensor
	// Output holds what the loss compares, one row for each view, [N, D]. How it is
	// spread tells a collapse.
	Output *torch.Tensor
	// Parts are named scalars that the log shows, such as the terms of the loss.
	Parts []Part
}

// A Part is a named scalar of a step.
type Part struct {
	Name  string
	Value *torch.Tensor
}

// A Trainer is one self-supervised method with its networks.
type Trainer interface {
	// Module names all tensors that the next step depends on: the encoder's under
	// "encoder.", the heads' after it, and what is not trained, such as a teacher
	// or a queue. Parameters that require no gradient are not trained.
	nn.Module
	// Encoder returns the network that is kept.
	Encoder() models.Backbone
	// Forward computes the loss of a batch, in the scope of its views.
	Forward(b Batch) Result
	// AfterStep does what follows the optimizer's step, such as moving a teacher.
	AfterStep(c Clock)
}

// Some methods have more to say about their training.
type (
	// A Masker needs Batch.Order.
	Masker interface{ Mask() augment.Mask }
	// A BeforeStepper changes gradients before the optimizer takes its step, such as
	// those of a layer that is frozen at first.
	BeforeStepper interface{ BeforeStep(c Clock) }
	// A ConstantRater has parameters whose learning rate has no warm-up and does
	// not fall; it returns the prefixes of their names.
	ConstantRater interface{ ConstantLR() []string }
)

// New builds the networks of a recipe for images with the given channels and
// classes, in training mode on the CPU. The weights depend on the recipe and the
// seed only. The size of the views, if the recipe leaves it open, must be
// filled in for models that depend on it.
func New(r Recipe, channels, classes int, seed uint64) (Trainer, error) {
	t, _, err := build(r, channels, classes, seed, Alone{})
	return t, err
}

// build also returns the generator of the weights, which dropped paths draw from.
func build(r Recipe, channels, classes int, seed uint64, ranks Ranks) (Trainer, *torch.Generator, error) {
	if err := r.Check(); err != nil {
		return nil, nil, err
	}
	method, err := LookupMethod(r.Method)
	if err != nil {
		return nil, nil, err
	}
	options, err := method.decode(r.Options)
	if err != nil {
		return nil, nil, err
	}
	g := torch.NewGenerator(rng.Sub(seed, rng.Word("weights")), torch.CPU)
	c := r.ModelConfig(channels)
	encoder, err := models.New(c, g)
	if err != nil {
		return nil, nil, err
	}
	t, err := options.New(Build{Recipe: r, Encoder: encoder, Config: c, Generator: g, Classes: classes, Ranks: ranks})
	if err != nil {
		nn.Free(encoder)
		return nil, nil, err
	}
	return t, g, nil
}

// Free gives up all tensors of a trainer.
func Free(t Trainer) {
	if f, ok := t.(interface{ Free() }); ok {
		f.Free()
		return
	}
	nn.Free(t)
}
