package eval

import (
	"context"
	"fmt"
	"math"

	"sslmem/data/rng"
	"sslmem/torch"
	"sslmem/torch/optim"
)

// initialScale is the standard deviation of the first weights of a classifier
// that is trained in steps, as in the probes of MoCo, DINO and MAE; biases
// start at 0.
const initialScale = .01

// shuffled returns the order of n images in each epoch.
func shuffled(n int, seed uint64) func(epoch int) []int {
	return func(epoch int) []int { return rng.New(seed, rng.Word("probe"), uint64(epoch)).Perm(n) }
}

// fitSteps trains c by SGD or LARS from random weights.
func fitSteps(ctx context.Context, c *classifier, train Set, o ProbeOptions, order func(epoch int) []int) (f fit, err error) {
	err = torch.Try(func() {
		s := torch.NewScope()
		defer s.Close()
		g := torch.NewGenerator(rng.Sub(o.Seed, rng.Word("probe")), torch.CPU)
		w := s.Zeros(c.weight.Shape(), torch.Float32, torch.CPU)
		c.weight.CopyFrom(w.NormalLike(w.FullLike(initialScale), g))
	})
	if err != nil {
		return f, fmt.Errorf("eval: linear probe: %w", err)
	}
	return step(ctx, c, train, o, order)
}

// step is fitSteps from the weights that c has.
func step(ctx context.Context, c *classifier, train Set, o ProbeOptions, order func(epoch int) []int) (f fit, err error) {
	s := torch.NewScope()
	defer s.Close()
	n := train.Len()
	perEpoch := (n + o.BatchSize - 1) / o.BatchSize
	schedule := o.schedule(perEpoch)
	var opt optim.Optimizer
	var y, sum *torch.Tensor
	err = torch.Try(func() {
		c.weight.RequireGrad(true)
		c.bias.RequireGrad(true)
		opt = o.optimizer(c)
		y, sum = labelTensor(s, train), s.Zeros([]int{}, torch.Float32, train.X.Device())
	})
	if opt != nil {
		defer opt.Free()
	}
	if err != nil {
		return f, fmt.Errorf("eval: linear probe: %w", err)
	}
	for epoch := range o.Epochs {
		images := order(epoch)
		for from := 0; from < n; from += o.BatchSize {
			if err := ctx.Err(); err != nil {
				return f, err
			}
			at := f.steps
			if o.PerEpoch {
				at = epoch
			}
			batch := images[from:min(from+o.BatchSize, n)]
			if err := torch.Try(func() { c.step(opt, schedule.At(at), train.X, y, batch, sum) }); err != nil {
				return f, fmt.Errorf("eval: linear probe: step %d: %w", f.steps+1, err)
			}
			f.steps++
		}
		f.loss = sum.Item() / float64(n)
		sum.Zero()
		if math.IsNaN(f.loss) || math.IsInf(f.loss, 0) {
			return f, fmt.Errorf("eval: linear probe: the loss became %v in epoch %d; lower lr (now %g) or standardize the features", f.loss, epoch+1, o.LR)
		}
	}
	c.weight.RequireGrad(false)
	c.bias.RequireGrad(false)
	return f, nil
}

// schedule returns the learning rate of each step, or of each epoch.
func (o ProbeOptions) schedule(stepsPerEpoch int) optim.Schedule {
	if o.PerEpoch {
		stepsPerEpoch = 1
	}
	c := optim.WarmupCosine{Base: o.LR, Warmup: o.WarmupEpochs * stepsPerEpoch, Total: o.Epochs * stepsPerEpoch}
	c.Start = o.LR / float64(max(1, c.Warmup))
	return c
}

// optimizer returns the optimizer of a method. LARS has the form of the probes
// that were published with it, such as MAE's, and leaves the biases alone.
func (o ProbeOptions) optimizer(c *classifier) optim.Optimizer {
	groups := []optim.Group{
		{Params: []*torch.Tensor{c.weight}, WeightDecay: o.WeightDecay},
		{Params: []*torch.Tensor{c.bias}, NoAdapt: true},
	}
	if o.Method == "lars" {
		return optim.NewLARSGroups(groups, optim.LARSOptions{Form: optim.LARSBYOL2020, Momentum: o.Momentum})
	}
	return optim.NewSGDGroups(groups, optim.SGDOptions{Momentum: o.Momentum})
}

// step updates the classifier by a batch and adds its losses to sum.
func (c *classifier) step(opt optim.Optimizer, lr float64, x, y *torch.Tensor, batch []int, sum *torch.Tensor) {
	s := torch.NewScope()
	defer s.Close()
	places := make([]int64, len(batch))
	for k, i := range batch {
		places[k] = int64(i)
	}
	index := torch.FromSlice(s, places, len(places)).ToDevice(x.Device())
	logits := c.features(s.Use(x).IndexSelect(0, index)).Linear(c.weight, c.bias)
	loss := logits.CrossEntropy(s.Use(y).IndexSelect(0, index))
	loss.Backward()
	opt.Step(lr)
	opt.ZeroGrad()
	sum.AddInPlace(loss.Detach(), float64(len(batch)))
}
