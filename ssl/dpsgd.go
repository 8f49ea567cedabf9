package ssl

import (
	"fmt"

	"sslmem/data/rng"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// private is what a training with privacy has besides.
type private struct {
	guarantee Guarantee
	clip      float64 // longest gradient of an image
	batch     float64 // expected number of images
	params    []privateParam
	size      int // numbers of all of them
}

// A privateParam is a parameter that is trained, with its place among all.
type privateParam struct {
	*torch.Tensor
	key   uint64 // of its noise
	first int
}

// newPrivate looks at the parameters of a trainer that is on its device.
func newPrivate(r Recipe, t Trainer, o EngineOptions) (*private, error) {
	if o.Ranks.World() > 1 {
		return nil, fmt.Errorf("a training with privacy runs on one device, not on %d; each would add noise of its own", o.Ranks.World())
	}
	g, err := r.Guarantee(o.Images)
	if err != nil {
		return nil, err
	}
	p := &private{guarantee: g, clip: r.Privacy.MaxGradNorm, batch: float64(r.BatchSize)}
	for name, x := range nn.Parameters(t) {
		if !x.RequiresGrad() {
			continue
		}
		p.params = append(p.params, privateParam{x, rng.Word(name), p.size})
		p.size += x.Numel()
	}
	return p, nil
}

// privateGradients leaves the private gradient of a batch that comes image by image, which
// may be of no image at all. What the networks draw at random is keyed by the place of the
// image in the batch.
func (e *Engine) privateGradients(images int, batch func(s *torch.Scope, image int) Batch) {
	s := torch.NewScope()
	defer s.Close()
	p, clock := e.private, e.Clock()
	watched := (clock.Step+1)%max(clock.PerEpoch, 1) == 0
	sum := s.Zeros([]int{p.size}, p.params[0].DType(), e.o.Device)
	var outputs []*torch.Tensor
	for image := range images {
		in := s.Child()
		e.generator.Seed(rng.Sub(e.o.Seeds.views(e.o.Seed), rng.Word("step"), uint64(clock.Step), uint64(image)))
		result := e.forward(in, clock, images, batch(in, image))
		result.Loss.Backward()
		sum.AddInPlace(clipped(p.gradient(in), p.clip), 1)
		e.opt.ZeroGrad()
		if watched && result.Output != nil {
			outputs = append(outputs, s.Use(result.Output.Detach()))
		}
		in.Close()
	}
	if len(outputs) > 0 {
		e.journal.watch(torch.Cat(outputs, 0))
	}
	p.addNoise(s, sum, e.o.Seeds.views(e.o.Seed), clock.Step)
	sum.DivScalarInPlace(p.batch)
	for _, x := range p.params {
		x.SetGrad(sum.Narrow(0, x.first, x.Numel()).Reshape(x.Shape()))
	}
}

// gradient returns the gradients of all parameters in one vector [size]; a parameter
// without one counts as 0.
func (p *private) gradient(s *torch.Scope) *torch.Tensor {
	parts := make([]*torch.Tensor, len(p.params))
	for i, x := range p.params {
		g := x.Grad()
		if g == nil {
			parts[i] = s.Zeros([]int{x.Numel()}, x.DType(), x.Device())
			continue
		}
		parts[i] = s.Use(g).Reshape([]int{-1})
		g.Free()
	}
	return torch.Cat(parts, 0)
}

// clipMargin makes up for the rounding of float32, so that no gradient is longer than its
// bound.
const clipMargin = 1e-6

// clipped shortens a vector to the length most if it is longer. The length is that of
// float64.
func clipped(x *torch.Tensor, most float64) *torch.Tensor {
	length := x.ToDType(torch.Float64).Norm(2, []int{0}, false)
	factor := length.Reciprocal().MulScalar(most * (1 - clipMargin)).ClampMax(1)
	return x.Mul(factor.ToDType(x.DType()))
}

// addNoise adds the noise of a step to the sum of the gradients. Each parameter has a
// stream of its own, so that the noise is the same on every device and whatever the order.
func (p *private) addNoise(s *torch.Scope, sum *torch.Tensor, seed uint64, step int) {
	deviation := p.guarantee.NoiseMultiplier * p.clip
	if deviation == 0 {
		return
	}
	for _, x := range p.params {
		noise := make([]float64, x.Numel())
		r := rng.New(seed, rng.Word("privacy"), uint64(step), x.key)
		for i := range noise {
			noise[i] = deviation * r.NormFloat64()
		}
		in := s.Child()
		sum.Narrow(0, x.first, len(noise)).AddInPlace(torch.FromSlice(in, noise).ToDType(x.DType()).ToDevice(x.Device()), 1)
		in.Close()
	}
}
