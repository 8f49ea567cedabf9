package ssl

import (
	"fmt"
	"strings"

	"sslmem/data/rng"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// A Batch is what one step sees.
type Batch struct {
	// Views holds the views of all images, [V·B, C, H, W] float32: the first
	// view of each of the B images, then the second of each, and so on. Its
	// scope is the step's.
	Views *torch.Tensor
	// Size is B, the number of images.
	Size int
}

// A Trainer is one self-supervised method with its networks.
type Trainer interface {
	// Module names all tensors that training changes, the encoder's under
	// "encoder." and the heads' after it.
	nn.Module
	// Encoder returns the network that is kept.
	Encoder() models.Backbone
	// NumViews returns how many views of each image a step needs.
	NumViews() int
	// Loss returns the scalar to minimize, in the scope of the views.
	Loss(b Batch) *torch.Tensor
	// AfterStep does what follows the optimizer's step, such as moving a
	// teacher; step counts from 0.
	AfterStep(step int)
}

// New builds the networks of a recipe for images with the given channels, in
// training mode on the CPU. The weights depend on the recipe and the seed only.
func New(r Recipe, inChannels int, seed uint64) (Trainer, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	g := torch.NewGenerator(rng.Sub(seed, rng.Word("weights")), torch.CPU)
	encoder, err := models.New(models.Config{Model: r.Model, Width: r.Width, InChannels: inChannels}, g)
	if err != nil {
		return nil, err
	}
	switch r.Method {
	case "simclr":
		return newSimCLR(r, encoder, g), nil
	}
	return nil, unknownMethod(r.Method)
}

// Methods lists the methods that a recipe can name.
func Methods() []string { return []string{"simclr"} }

func unknownMethod(name string) error {
	return fmt.Errorf("unknown method %q; known are %s", name, strings.Join(Methods(), ", "))
}
