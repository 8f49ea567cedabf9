package ssl

import (
	"fmt"
	"math"

	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
)

var _ = register(Method{
	Name: "moco-v3", Title: "MoCo v3",
	Paper: "Chen, Xie and He 2021, An Empirical Study of Training Self-Supervised Vision Transformers, arXiv 2104.02057",
	Views: 2,
	Mixes: "every view is compared with the keys of all images of the batch, and parts have fewer of them",
	Options: func() Options {
		return &MoCoV3Options{Temperature: 1, Projector: []int{4096, 256}, Predictor: []int{4096, 256}, Momentum: .99}
	},
})

// MoCoV3Options are the options of MoCo v3, at the values of the authors' code for a
// ResNet-50. For a ViT it has a temperature of .2, a projector of three layers, [4096,
// 4096, 256], PredictorNorm and StopGradConv1, and trains with AdamW at 1.5e-4 for 256
// images and a weight decay of .1.
type MoCoV3Options struct {
	Temperature float64 `toml:"temperature"` // of the softmax over the keys
	// Projector holds the units of the layers of the projector: linear, batch norm
	// and ReLU, and at the end linear and a batch norm without weight and bias. No
	// linear layer of projector and predictor has a bias.
	Projector []int `toml:"projector"`
	// Predictor holds the units of the layers of the predictor: linear, batch norm and
	// ReLU, and at the end linear. It ends with as many as Projector.
	Predictor []int `toml:"predictor"`
	// PredictorNorm adds a batch norm without weight and bias behind the last layer.
	PredictorNorm bool `toml:"predictor_norm"`
	// Momentum is the weight of the encoder of keys in its moving average at the
	// start; it rises to MomentumEnd along half a cosine.
	Momentum    float64 `toml:"momentum"`
	MomentumEnd float64 `toml:"momentum_end"` // 0 means 1
	// StopGradConv1 leaves the embedding of a ViT's patches as it was drawn, which keeps
	// the training stable (section 4.2).
	StopGradConv1 bool `toml:"stop_grad_conv1"`
}

// Check implements [Options].
func (o *MoCoV3Options) Check() error {
	if !(o.Temperature > 0) {
		return fmt.Errorf("temperature is %v but must be above 0", o.Temperature)
	}
	if err := checkUnits("projector", o.Projector); err != nil {
		return err
	}
	if err := checkPredictor(o.Projector, o.Predictor); err != nil {
		return err
	}
	return checkMomentum(o.Momentum, o.MomentumEnd)
}

// New implements [Options].
func (o *MoCoV3Options) New(b Build) (Trainer, error) {
	if o.StopGradConv1 {
		v, ok := b.Encoder.(*models.ViT)
		if !ok {
			return nil, fmt.Errorf("recipe: stop_grad_conv1 freezes the patch embedding of a ViT, but model is %s; set it to false", b.Config.Model)
		}
		nn.RequireGrad(v.PatchEmbed, false)
	}
	head := MLP{Units: o.Projector, LastNorm: true, LastPlain: true, NoHiddenBias: true, NoLastBias: true}
	predictor := MLP{Units: o.Predictor, LastNorm: o.PredictorNorm, LastPlain: true, NoHiddenBias: true, NoLastBias: true}
	m := &MoCoV3{
		core:        newCore(b),
		projector:   head.New(b.Encoder.Features(), b.Generator),
		predictor:   predictor.New(o.Projector[len(o.Projector)-1], b.Generator),
		temperature: o.Temperature,
		momentum:    momentum{o.Momentum, o.MomentumEnd},
		ranks:       b.Ranks,
		images:      b.Recipe.BatchSize * b.Ranks.World(),
	}
	var err error
	m.target, err = newTarget(b, pair{b.Encoder, m.projector}, head)
	return m, err
}

// MoCoV3 finds the key of an image's other view among those of its batch (Chen, Xie
// and He 2021, arXiv 2104.02057, algorithm 1). Queries pass a predictor behind the
// projector; keys are projections by a moving average of the network, of the images
// of all ranks. For normalized queries q and keys k of n images the loss is the sum, over
// both orders of the views, of
//
//	2τ · mean −ln( exp(qᵢ·kᵢ/τ) / Σⱼ exp(qᵢ·kⱼ/τ) )
//
// which is 2τ·ln n if all are equal. The factor keeps the gradients of different
// temperatures alike. The authors' code takes one view after the other, and batch norm sees
// those of all devices.
type MoCoV3 struct {
	core
	projector, predictor nn.Sequential
	target               *target
	temperature          float64
	momentum             momentum
	ranks                Ranks
	images               int // of a batch, on all ranks
}

// Forward implements [Trainer].
func (m *MoCoV3) Forward(b Batch) Result {
	z := m.forward(b, b.Views, func(x *torch.Tensor) *torch.Tensor {
		return m.predictor.Forward(m.projector.Forward(m.encoder.Forward(x)))
	})
	var keys *torch.Tensor
	torch.NoGrad(func() {
		keys = normalize(m.forward(b, b.Views, m.target.Forward))
	})
	q, k := b.Parts(normalize(z)), b.Parts(keys)
	loss := m.contrast(q[0], k[1]).Add(m.contrast(q[1], k[0]))
	return Result{Loss: loss, Output: z}
}

// contrast returns the loss of queries [N, D] of this rank whose keys are the rows of k.
func (m *MoCoV3) contrast(q, k *torch.Tensor) *torch.Tensor {
	n := q.Size(0)
	first := n * m.ranks.Rank()
	own := q.Scope().Arange(float64(first), float64(first+n), 1, torch.Int64, q.Device())
	logits := q.Mm(m.ranks.Gather(k).T()).DivScalar(m.temperature)
	return logits.CrossEntropy(own).MulScalar(2 * m.temperature)
}

// AfterStep implements [Trainer]. The authors' code moves the encoder of keys within the
// next step, by that step's momentum.
func (m *MoCoV3) AfterStep(c Clock) {
	c.Step++
	m.target.update(m.momentum.at(c))
}

// Collapse implements [Collapser]: the key is no nearer than those of other images.
func (m *MoCoV3) Collapse() Collapse {
	return Collapse{
		Loss: 4 * m.temperature * math.Log(float64(m.images)), Within: 4e-3 * m.temperature,
		Meaning: fmt.Sprintf("4τ·ln %d, that of keys which are all alike", m.images),
		Advice:  fmt.Sprintf("lower optimizer.lr, warm up for longer, or lower options.temperature (τ, now %g)", m.temperature),
	}
}

// Register implements [nn.Module].
func (m *MoCoV3) Register(r *nn.Registry) {
	r.Module("encoder", m.encoder)
	r.Module("projector", m.projector)
	r.Module("predictor", m.predictor)
	r.Module("target", m.target)
}
