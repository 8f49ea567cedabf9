package ssl

import (
	"sslmem/torch"
	"sslmem/torch/nn"
)

var _ = register(Method{
	Name: "simsiam", Title: "SimSiam",
	Paper:     "Chen and He 2020, Exploring Simple Siamese Representation Learning, arXiv 2011.10566",
	Views:     2,
	Remembers: "its heads normalize by the statistics of the batch",
	Options: func() Options {
		return &SimSiamOptions{Projector: []int{2048, 2048, 2048}, Predictor: []int{512, 2048}, FixPredLR: true}
	},
})

// SimSiamOptions are the options of SimSiam.
type SimSiamOptions struct {
	// Projector holds the units of the layers of the projector: linear, batch norm
	// and ReLU, and at the end linear and a batch norm without weight and bias. No
	// linear layer has a bias, which the batch norm would take away.
	Projector []int `toml:"projector"`
	// Predictor holds the units of the layers of the predictor, linear, batch norm
	// and ReLU, and at the end linear alone, with a bias. It ends with as many as
	// Projector, and those before are published as a quarter of them: a bottleneck.
	Predictor []int `toml:"predictor"`
	// FixPredLR keeps the learning rate of the predictor where it is at the end of
	// the warm-up, as the option fix-pred-lr of the authors' code does; in the paper
	// this is better than a predictor that slows down (section 4.2).
	FixPredLR bool `toml:"fix_pred_lr"`
}

// Check implements [Options].
func (o *SimSiamOptions) Check() error {
	if err := checkUnits("projector", o.Projector); err != nil {
		return err
	}
	return checkPredictor(o.Projector, o.Predictor)
}

// New implements [Options].
func (o *SimSiamOptions) New(b Build) (Trainer, error) {
	projector := MLP{Units: o.Projector, LastNorm: true, LastPlain: true, NoHiddenBias: true, NoLastBias: true}
	predictor := MLP{Units: o.Predictor, NoHiddenBias: true}
	return &SimSiam{
		core:      newCore(b),
		projector: projector.New(b.Encoder.Features(), b.Generator),
		predictor: predictor.New(o.Projector[len(o.Projector)-1], b.Generator),
		fixPredLR: o.FixPredLR,
	}, nil
}

// SimSiam predicts, from the projection of one view, that of the other view by the
// same network, through which no gradient flows: without negatives, without a
// moving average, and yet without a collapse as long as the gradient is stopped
// (Chen and He 2020, arXiv 2011.10566, algorithm 1). The loss is [NegativeCosine]
// of both orders of the views, halved.
//
// Where batch norm sees the views depends on [Recipe.Forward]; the authors' code
// is Split, over all devices.
type SimSiam struct {
	core
	projector, predictor nn.Sequential
	fixPredLR            bool
}

// Forward implements [Trainer].
func (m *SimSiam) Forward(b Batch) Result {
	project := func(x *torch.Tensor) *torch.Tensor { return m.projector.Forward(m.encoder.Forward(x)) }
	z := m.forward(b, b.Views, project)
	p := m.forward(b, z, m.predictor.Forward)
	prediction, target := b.Parts(p), b.Parts(z)
	loss := NegativeCosine(prediction[0], target[1]).Add(NegativeCosine(prediction[1], target[0])).DivScalar(2)
	return Result{Loss: loss, Output: z}
}

// ConstantLR implements [ConstantRater].
func (m *SimSiam) ConstantLR() []string {
	if m.fixPredLR {
		return []string{"predictor."}
	}
	return nil
}

// Collapse implements [Collapser]: every vector predicts every other.
func (m *SimSiam) Collapse() Collapse {
	advice := "lower optimizer.lr, or warm up for longer, so that the predictor keeps up"
	if !m.fixPredLR {
		advice += "; set options.fix_pred_lr, so that it does not slow down"
	}
	return Collapse{Minimum: true, Loss: -1, Within: .01, Meaning: "−1, the least there is", Advice: advice}
}

// Register implements [nn.Module].
func (m *SimSiam) Register(r *nn.Registry) {
	r.Module("encoder", m.encoder)
	r.Module("projector", m.projector)
	r.Module("predictor", m.predictor)
}

// NegativeCosine returns −cos of the angle between the rows of p and those of z
// [N, D], in the mean over the rows (Chen and He 2020, equations 1 and 3): −1 where
// all point the same way, 0 at right angles. No gradient flows to z.
func NegativeCosine(p, z *torch.Tensor) *torch.Tensor {
	return normalize(p).Mul(normalize(z.Detach())).Sum().DivScalar(-float64(p.Size(0)))
}
