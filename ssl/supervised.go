package ssl

import (
	"fmt"
	"math"

	"sslmem/torch"
	"sslmem/torch/nn"
)

var _ = register(Method{
	Name: "supervised", Title: "Supervised training",
	Paper:   "Szegedy et al. 2015, Rethinking the Inception Architecture for Computer Vision, arXiv 1512.00567, for label_smoothing",
	Views:   1,
	Labels:  true,
	Options: func() Options { return &SupervisedOptions{} },
})

// SupervisedOptions are the options of supervised training.
type SupervisedOptions struct {
	// LabelSmoothing is the share of each target that is spread evenly over all classes.
	LabelSmoothing float64 `toml:"label_smoothing"`
}

// Check implements [Options].
func (o *SupervisedOptions) Check() error {
	if !(o.LabelSmoothing >= 0 && o.LabelSmoothing < 1) {
		return fmt.Errorf("label_smoothing is %v but must be at least 0 and below 1", o.LabelSmoothing)
	}
	return nil
}

// New implements [Options].
func (o *SupervisedOptions) New(b Build) (Trainer, error) {
	if b.Classes < 2 {
		return nil, fmt.Errorf("supervised training tells classes apart, but the images have %d; take images with labels", b.Classes)
	}
	return &Supervised{
		core:       newCore(b),
		classifier: nn.NewLinear(b.Encoder.Features(), b.Classes, true, b.Generator),
		smoothing:  o.LabelSmoothing,
		classes:    b.Classes,
	}, nil
}

// Supervised is what the other methods are compared with: the encoder learns from
// labels, with one linear layer on its features and one view of each image. The
// loss is the cross entropy, in the mean over the images.
type Supervised struct {
	core
	classifier *nn.Linear
	smoothing  float64
	classes    int
}

// Forward implements [Trainer].
func (m *Supervised) Forward(b Batch) Result {
	logits := full(m.classifier.Forward(m.encoder.Forward(b.Views)))
	loss := logits.CrossEntropyLoss(b.Labels, nil, torch.ReduceMean, -100, m.smoothing)
	return Result{Loss: loss, Output: logits}
}

// Collapse implements [Collapser]: every class is as likely as every other.
func (m *Supervised) Collapse() Collapse {
	return Collapse{
		Loss: math.Log(float64(m.classes)), Within: 1e-3,
		Meaning: fmt.Sprintf("ln %d, that of a guess", m.classes),
		Advice:  "lower optimizer.lr, or warm up for longer (optimizer.warmup_epochs)",
	}
}

// Register implements [nn.Module].
func (m *Supervised) Register(r *nn.Registry) {
	r.Module("encoder", m.encoder)
	r.Module("classifier", m.classifier)
}
