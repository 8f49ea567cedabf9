package eval

import (
	"context"
	"fmt"
	"math"
	"slices"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// A Network is an encoder that can be trained, such as those of package models.
type Network interface {
	nn.Layer
	// Features returns the number of features of an image.
	Features() int
}

// FineTuneOptions say how an encoder is trained further together with a linear
// classifier.
type FineTuneOptions struct {
	// Augment draws the views of the training images and is fitted to them, by
	// [views.Fit]; the test images are seen through [Plain] of it.
	Augment augment.Recipe `json:"augment" toml:"augment"`

	Optimizer      string  `json:"optimizer" toml:"optimizer"`             // "sgd", "adamw" or "lars"
	LR             float64 `json:"lr" toml:"lr"`                           // at the end of the warm-up, of the encoder and the classifier alike
	Momentum       float64 `json:"momentum" toml:"momentum"`               // of SGD and LARS
	WeightDecay    float64 `json:"weight_decay" toml:"weight_decay"`       // not of biases and norms
	LabelSmoothing float64 `json:"label_smoothing" toml:"label_smoothing"` // share of each target that is spread over all classes

	// The learning rate rises linearly in WarmupEpochs and falls along half a
	// cosine to 0, with each step. Only whole batches are used.
	Epochs       int `json:"epochs" toml:"epochs"`
	WarmupEpochs int `json:"warmup_epochs" toml:"warmup_epochs"`
	BatchSize    int `json:"batch_size" toml:"batch_size"`

	Seed   uint64       `json:"seed" toml:"seed"` // of the classifier, the order of the images and their views
	Device torch.Device `json:"-" toml:"-"`       // where the encoder is

	// TrainIndex and TestIndex list the images to take; nil means all.
	TrainIndex, TestIndex []int `json:"-" toml:"-"`
	// Report, if set, is told after each step how many are done.
	Report func(done, total int) `json:"-" toml:"-"`
}

// FineTuneOptimizers lists the values of [FineTuneOptions].Optimizer.
func FineTuneOptimizers() []string { return []string{"sgd", "adamw", "lars"} }

// Check returns an error that names the first field with a value that cannot
// be used.
func (o FineTuneOptions) Check() error {
	bad := func(field string, value any, want string) error {
		return fmt.Errorf("eval: fine-tuning: %s is %v but must be %s", field, value, want)
	}
	switch {
	case !slices.Contains(FineTuneOptimizers(), o.Optimizer):
		return bad("optimizer", fmt.Sprintf("%q", o.Optimizer), `"sgd", "adamw" or "lars"`)
	case !(o.LR > 0 && o.LR <= math.MaxFloat64):
		return bad("lr", o.LR, "above 0")
	case !(o.Momentum >= 0 && o.Momentum < 1):
		return bad("momentum", o.Momentum, "at least 0 and below 1")
	case o.Momentum != 0 && o.Optimizer == "adamw":
		return bad("momentum", o.Momentum, "0 with adamw, which has moments of its own")
	case !(o.WeightDecay >= 0 && o.WeightDecay <= math.MaxFloat64):
		return bad("weight_decay", o.WeightDecay, "at least 0")
	case !(o.LabelSmoothing >= 0 && o.LabelSmoothing < 1):
		return bad("label_smoothing", o.LabelSmoothing, "at least 0 and below 1")
	case o.Epochs < 1:
		return bad("epochs", o.Epochs, "at least 1")
	case o.WarmupEpochs < 0 || o.WarmupEpochs >= o.Epochs:
		return bad("warmup_epochs", o.WarmupEpochs, "at least 0 and below epochs")
	case o.BatchSize < 1:
		return bad("batch_size", o.BatchSize, "at least 1")
	}
	return checkFitted(o.Augment)
}

// A FineTuneResult is the result on the test images after the last epoch.
type FineTuneResult struct {
	Result
	// TrainTop1 and Loss are of the training views of the last epoch, while the
	// weights move.
	TrainTop1 float64 `json:"train_top1"`
	Loss      float64 `json:"loss"`
	Steps     int     `json:"steps"` // updates of the weights
}

// FineTune trains the encoder together with a new linear classifier on labelled
// images, in training mode, and classifies the test images with the network of
// the last epoch. All parameters of the encoder are trained but those that are
// frozen.
//
// Nobody else may use the encoder meanwhile. Afterwards it is as it was, also
// after an error: weights and statistics, of which a copy is in memory, are put
// back bit for bit, each layer into its mode, and gradients are removed. The
// goroutine is locked to its thread.
//
// It is an error if a set has no images, or images without a label, if the
// training images are of one class or do not fill a batch, or if the loss
// becomes infinite. When ctx ends, FineTune ends early with ctx's error.
func FineTune(ctx context.Context, e Network, train, test data.Images, o FineTuneOptions) (FineTuneResult, error) {
	var r FineTuneResult
	if err := o.Check(); err != nil {
		return r, err
	}
	learn, err := newLesson(train, o)
	if err != nil {
		return r, err
	}
	if err := checkLabels("test", test, o.TestIndex, learn.names); err != nil {
		return r, err
	}
	defer torch.LockThread()()
	s := torch.NewScope()
	defer s.Close()
	var restore func() error
	net := &network{encoder: e}
	if err := torch.Try(func() {
		restore = keep(s, e)
		net.head = newHead(e.Features(), len(learn.names), o)
	}); err != nil {
		return r, fmt.Errorf("eval: fine-tuning: %w", err)
	}
	defer nn.Free(net.head)
	nn.Evaluating(e, func() {
		nn.SetTraining(e, true)
		var c course
		if c, err = learn.train(ctx, net); err == nil {
			r.TrainTop1, r.Loss, r.Steps = c.top1, c.loss, c.steps
			r.Result, err = net.judge(ctx, s, test, o)
		}
	})
	if failed := restore(); failed != nil {
		return r, fmt.Errorf("eval: fine-tuning: the encoder could not be put back: %w", failed)
	}
	return r, err
}

// keep returns a function that makes e what it is now.
func keep(s *torch.Scope, e Network) (restore func() error) {
	state := nn.CloneState(s, e)
	return func() error {
		torch.ZeroGrad(nn.Tensors(e))
		return nn.LoadState(e, state)
	}
}

// network is an encoder with a classifier.
type network struct {
	encoder Network
	head    *nn.Linear
}

// Register implements [nn.Module].
func (n *network) Register(r *nn.Registry) {
	r.Module("encoder", n.encoder)
	r.Module("head", n.head)
}

// Forward returns the scores of the classes.
func (n *network) Forward(x *torch.Tensor) *torch.Tensor {
	features := n.encoder.Forward(x)
	mustBeRows(features, x.Size(0))
	return n.head.Forward(features)
}

// judge classifies the test images.
func (n *network) judge(ctx context.Context, s *torch.Scope, test data.Images, o FineTuneOptions) (Result, error) {
	set, err := Features(ctx, s, n.encoder, test, FeatureOptions{
		Augment: o.Augment, Index: o.TestIndex, BatchSize: o.BatchSize, Device: o.Device,
	})
	if err != nil {
		return Result{}, err
	}
	c := classifier{weight: n.head.Weight, bias: n.head.Bias}
	return c.judge(set)
}
