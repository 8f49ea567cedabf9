package ssl

import (
	"cmp"
	"fmt"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/optim"
)

// A pair is an encoder and its projector.
type pair struct {
	encoder   nn.Layer
	projector nn.Layer
}

// Forward maps images [N, C, H, W] to projections [N, D].
func (p pair) Forward(x *torch.Tensor) *torch.Tensor {
	return p.projector.Forward(p.encoder.Forward(x))
}

// Register implements [nn.Module].
func (p pair) Register(r *nn.Registry) {
	r.Module("encoder", p.encoder)
	r.Module("projector", p.projector)
}

// A target is a network that is not trained but follows another one, as the
// exponential moving average of its parameters: the target network of BYOL, the
// momentum encoder of MoCo, the teacher of DINO. The statistics of its batch norms
// are its own, as it sees views too.
type target struct {
	pair
	online nn.Module
	ema    *optim.EMA // made at the first use, when both networks are where they stay
}

// newTarget returns a target with the weights of the online network as they are.
func newTarget(b Build, online pair, head MLP) (*target, error) {
	encoder, err := b.Twin()
	if err != nil {
		return nil, err
	}
	t := &target{pair: pair{encoder, head.New(b.Encoder.Features(), torch.NewGenerator(0, torch.CPU))}, online: online}
	copyWeights(t.pair, online)
	nn.RequireGrad(t, false)
	return t, nil
}

// update moves the target to decay·target + (1 − decay)·online.
func (t *target) update(decay float64) {
	if t.ema == nil {
		t.ema = optim.NewEMA(t.pair, t.online, false)
		t.ema.Copies, t.ema.Originals = nil, nil
	}
	t.ema.Update(decay)
}

// momentum is the weight of a target in its moving average, which moves along half
// a cosine over the training from one value to another, 0 standing for 1.
type momentum struct{ from, to float64 }

func (m momentum) at(c Clock) float64 { return c.Cosine(m.from, cmp.Or(m.to, 1)) }

func checkMomentum(from, to float64) error {
	if !(from >= 0 && from <= 1) {
		return fmt.Errorf("momentum is %v but must lie between 0 and 1", from)
	}
	if !(to >= 0 && to <= 1) {
		return fmt.Errorf("momentum_end is %v but must lie between 0 and 1, or be 0 for 1", to)
	}
	return nil
}

// normalize divides rows by their norm, which is at least 1e-12 as in PyTorch, in
// full precision: what is compared afterwards differs little.
func normalize(x *torch.Tensor) *torch.Tensor {
	x = full(x)
	return x.Div(x.Norm(2, []int{1}, true).ClampMin(1e-12))
}
