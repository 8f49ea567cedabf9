package ssl

import (
	"fmt"

	"sslmem/torch"
	"sslmem/torch/nn"
)

var _ = register(Method{
	Name: "byol", Title: "BYOL",
	Paper:     "Grill et al. 2020, Bootstrap Your Own Latent, arXiv 2006.07733",
	Views:     2,
	Remembers: "its heads normalize by the statistics of the batch",
	Options: func() Options {
		return &BYOLOptions{Projector: []int{4096, 256}, Predictor: []int{4096, 256}, Momentum: .996}
	},
})

// BYOLOptions are the options of BYOL.
type BYOLOptions struct {
	Projector []int `toml:"projector"` // units of its layers, as those of SimCLR
	Predictor []int `toml:"predictor"` // ends with as many as Projector
	// Momentum is the weight of the teacher in its moving average at the start; it
	// rises to MomentumEnd along half a cosine.
	Momentum    float64 `toml:"momentum"`
	MomentumEnd float64 `toml:"momentum_end"` // 0 means 1
}

// Check implements [Options].
func (o *BYOLOptions) Check() error {
	if err := checkUnits("projector", o.Projector); err != nil {
		return err
	}
	if err := checkPredictor(o.Projector, o.Predictor); err != nil {
		return err
	}
	return checkMomentum(o.Momentum, o.MomentumEnd)
}

// New implements [Options].
func (o *BYOLOptions) New(b Build) (Trainer, error) {
	head := MLP{Units: o.Projector}
	m := &BYOL{
		core:      newCore(b),
		projector: head.New(b.Encoder.Features(), b.Generator),
		predictor: MLP{Units: o.Predictor}.New(o.Projector[len(o.Projector)-1], b.Generator),
		momentum:  momentum{o.Momentum, o.MomentumEnd},
	}
	var err error
	m.target, err = newTarget(b, pair{b.Encoder, m.projector}, head)
	return m, err
}

// BYOL predicts, from the projection of one view by the online network, that of
// the other view by a target network, which follows the online one slowly
// (Grill et al. 2020, arXiv 2006.07733, section 3). The loss is the squared
// distance of the normalized vectors, 2 − 2·cos, summed over both orders of the views.
type BYOL struct {
	core
	projector, predictor nn.Sequential
	target               *target
	momentum             momentum
}

// Forward implements [Trainer].
func (m *BYOL) Forward(b Batch) Result {
	z := m.forward(b, b.Views, func(x *torch.Tensor) *torch.Tensor {
		return m.predictor.Forward(m.projector.Forward(m.encoder.Forward(x)))
	})
	var t *torch.Tensor
	torch.NoGrad(func() {
		t = m.forward(b, b.Views, m.target.Forward)
	})
	p, q := b.Parts(normalize(z)), b.Parts(normalize(t))
	cos := p[0].Mul(q[1]).Sum().Add(p[1].Mul(q[0]).Sum()).DivScalar(float64(b.Size))
	return Result{Loss: cos.MulScalar(-2).AddScalar(4), Output: z}
}

// AfterStep implements [Trainer].
func (m *BYOL) AfterStep(c Clock) { m.target.update(m.momentum.at(c)) }

// Collapse implements [Collapser]: online and target network agree on everything.
func (m *BYOL) Collapse() Collapse {
	return Collapse{
		Minimum: true, Within: .04, Meaning: "0, the least there is",
		Advice: fmt.Sprintf("let the target follow more slowly (options.momentum, now %g), lower optimizer.lr, or warm up for longer, so that the predictor keeps up", m.momentum.from),
	}
}

// Register implements [nn.Module].
func (m *BYOL) Register(r *nn.Registry) {
	r.Module("encoder", m.encoder)
	r.Module("projector", m.projector)
	r.Module("predictor", m.predictor)
	r.Module("target", m.target)
}

// checkPredictor returns an error if a predictor does not give what the projector does.
func checkPredictor(projector, predictor []int) error {
	if err := checkUnits("predictor", predictor); err != nil {
		return err
	}
	if a, b := projector[len(projector)-1], predictor[len(predictor)-1]; a != b {
		return fmt.Errorf("predictor ends with %d units but the projector with %d; both must be alike", b, a)
	}
	return nil
}
