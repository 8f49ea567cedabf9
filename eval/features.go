package eval

import (
	"context"
	"errors"
	"fmt"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// An Encoder maps images [N, C, H, W] to features [N, D] in the scope of the
// images. If it is an [nn.Module], as all of package models are, this package
// puts it into evaluation mode while it looks at it, and nobody else may use it
// then; any other must be in it. An encoder that is in evaluation mode already
// may serve several goroutines at once.
type Encoder interface {
	Forward(x *torch.Tensor) *torch.Tensor
}

// FeatureOptions say how images become features.
type FeatureOptions struct {
	// Augment is the recipe of the encoder's training, fitted to the training
	// images by views.Fit; [Plain] of it is what the encoder sees. An open
	// recipe is refused: fitted to each set anew, it would normalise the
	// training and the test images differently.
	Augment augment.Recipe
	// Index lists the images to take, as places in the data set, in this
	// order; nil means all.
	Index []int
	// BatchSize is the number of images in one forward pass, on which features
	// depend by rounding only.
	BatchSize int
	Device    torch.Device // where the encoder is
	// Report, if set, is told after each batch how many images are done.
	Report func(done, total int)
}

// Check returns an error that names the first field with a value that cannot
// be used.
func (o FeatureOptions) Check() error {
	if o.BatchSize < 1 {
		return fmt.Errorf("eval: the batch size of features is %d but must be at least 1", o.BatchSize)
	}
	return checkFitted(o.Augment)
}

// checkFitted returns an error if r leaves something open.
func checkFitted(r augment.Recipe) error {
	if r.Size == 0 || len(r.Mean) == 0 {
		return errors.New("eval: the recipe of the views leaves size or normalisation open; fit it to the training images first, with views.Fit")
	}
	return r.Check()
}

// Plain returns the recipe of whole images without augmentation: the size, the
// normalisation and the way of resizing of r, and nothing else. An image that
// is not a square is squeezed into one; for the middle of it, as published
// figures on large photographs have it, open the data set with a size.
func Plain(r augment.Recipe) augment.Recipe {
	return augment.Recipe{
		Name: "plain", Size: r.Size, Interpolation: r.Interpolation, Aliased: r.Aliased, Mean: r.Mean, Std: r.Std,
	}
}

// Features returns the features of images, float32 [N, D] in s on the device of
// the options, with the labels. Images that are not in memory are decoded as
// they are needed. The goroutine is locked to its thread meanwhile; wrap the
// call in [torch.Autocast] for an encoder in mixed precision.
//
// The error names the image that cannot be decoded, or says what the encoder
// did wrong. When ctx ends, Features ends early with ctx's error. After an
// error nothing is left in s.
func Features(ctx context.Context, s *torch.Scope, e Encoder, images data.Images, o FeatureOptions) (Set, error) {
	if err := o.Check(); err != nil {
		return Set{}, err
	}
	index, err := resolve(images, o.Index)
	if err != nil {
		return Set{}, err
	}
	set := Set{Names: images.ClassNames()}
	if set.Names != nil {
		set.Labels = make([]int, len(index))
		for k, i := range index {
			set.Labels[k] = images.Label(i)
		}
	}
	evaluating(e, func() { set.X, err = features(ctx, s, e, images, index, o) })
	if err != nil {
		return Set{}, err
	}
	return set, nil
}

// resolve returns the images that index lists, all if it is nil.
func resolve(images data.Images, index []int) ([]int, error) {
	n := images.Len()
	if index == nil {
		index = make([]int, n)
		for i := range index {
			index[i] = i
		}
	}
	name, _ := images.Title()
	if len(index) == 0 {
		return nil, fmt.Errorf("eval: there are no images to look at in %q", name)
	}
	for _, i := range index {
		if i < 0 || i >= n {
			return nil, fmt.Errorf("eval: image %d is not in %q, which has %d images", i, name, n)
		}
	}
	return index, nil
}

// evaluating runs fn with e in evaluation mode.
func evaluating(e Encoder, fn func()) {
	if m, ok := e.(nn.Module); ok {
		nn.Evaluating(m, fn)
		return
	}
	fn()
}

func features(ctx context.Context, s *torch.Scope, e Encoder, images data.Images, index []int, o FeatureOptions) (x *torch.Tensor, err error) {
	defer func() {
		if err != nil && x != nil {
			x.Free()
			x = nil
		}
	}()
	err = eachBatch(ctx, e, images, index, o, func(from int, y *torch.Tensor) error {
		mustBeVectors(y)
		if x == nil {
			x = s.Empty([]int{len(index), y.Size(1)}, torch.Float32, o.Device)
		}
		y.Scope().Use(x).Narrow(0, from, y.Size(0)).CopyFrom(y)
		return nil
	})
	return x, err
}

// stage brings n views [n, size, size, channels] to the device, as
// [n, channels, size, size] with the channels last.
func stage(s *torch.Scope, pixels []float32, n, size, channels int, device torch.Device) *torch.Tensor {
	return torch.FromSlice(s, pixels, n, size, size, channels).Permute([]int{0, 3, 1, 2}).ToDevice(device)
}

// mustBeRows panics unless features y are one row for each of n images.
func mustBeRows(y *torch.Tensor, n int) {
	if shape := y.Shape(); len(shape) < 2 || shape[0] != n {
		panic(&torch.Error{Op: "features", Kind: torch.Value, Msg: fmt.Sprintf("the encoder gave features of shape %v for %d images; it must give one row each", shape, n)})
	}
}

// mustBeVectors panics unless the rows of y are vectors.
func mustBeVectors(y *torch.Tensor) {
	if shape := y.Shape(); len(shape) != 2 {
		panic(&torch.Error{Op: "features", Kind: torch.Value, Msg: fmt.Sprintf("the encoder gave features of shape %v for %d images; it must give one vector each", shape, shape[0])})
	}
}
