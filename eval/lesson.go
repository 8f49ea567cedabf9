package eval

import (
	"context"
	"fmt"
	"math"

	"sslmem/data"
	"sslmem/data/prefetch"
	"sslmem/data/rng"
	"sslmem/data/views"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/optim"
)

// newHead returns the classifier that fine-tuning starts with, on the device of
// the options.
func newHead(features, classes int, o FineTuneOptions) *nn.Linear {
	s := torch.NewScope()
	defer s.Close()
	g := torch.NewGenerator(rng.Sub(o.Seed, rng.Word("fine-tune head")), torch.CPU)
	zero := s.Zeros([]int{classes, features}, torch.Float32, torch.CPU)
	weight := zero.NormalLike(zero.FullLike(initialScale), g)
	return &nn.Linear{
		Weight: weight.ToDevice(o.Device).Keep().RequireGrad(true),
		Bias:   torch.Root.Zeros([]int{classes}, torch.Float32, o.Device).RequireGrad(true),
	}
}

// checkLabels returns an error unless the images have labels among names; what
// says which images they are.
func checkLabels(what string, images data.Images, index []int, names []string) error {
	if n := len(images.ClassNames()); n == 0 {
		return fmt.Errorf("eval: the %s images have no labels, and accuracy needs them", what)
	} else if n != len(names) {
		return fmt.Errorf("eval: the training set has %d classes and the %s set %d; their labels must mean the same", len(names), what, n)
	}
	index, err := resolve(images, index)
	if err != nil {
		return err
	}
	for _, i := range index {
		if images.Label(i) < 0 {
			return fmt.Errorf("eval: %s image %d has no label; leave such images out", what, i)
		}
	}
	return nil
}

// lesson is the training images of a fine-tuning with what is done with them.
type lesson struct {
	o      FineTuneOptions
	images data.Images
	names  []string
	// choose returns the images of a step, valid until the next call, and its
	// epoch.
	choose          func(step int) (images []int, epoch int)
	perEpoch, total int // steps
}

func newLesson(images data.Images, o FineTuneOptions) (*lesson, error) {
	names := images.ClassNames()
	if err := checkLabels("training", images, o.TrainIndex, names); err != nil {
		return nil, err
	}
	index, err := resolve(images, o.TrainIndex)
	if err != nil {
		return nil, err
	}
	several := false
	for _, i := range index {
		several = several || images.Label(i) != images.Label(index[0])
	}
	switch {
	case !several:
		return nil, fmt.Errorf("eval: all %d training images are of class %q; telling classes apart takes at least two", len(index), names[images.Label(index[0])])
	case len(index) < o.BatchSize:
		return nil, fmt.Errorf("eval: fine-tuning: %d images do not fill one batch of %d; lower batch_size or take more images", len(index), o.BatchSize)
	}
	sampler := data.Sampler{N: len(index), Batch: o.BatchSize, Seed: rng.Sub(o.Seed, rng.Word("fine-tune order"))}
	chosen := make([]int, o.BatchSize)
	l := &lesson{o: o, images: images, names: names, perEpoch: sampler.StepsPerEpoch()}
	l.total = o.Epochs * l.perEpoch
	l.choose = func(step int) ([]int, int) {
		sampler.Images(step, chosen)
		for k, at := range chosen {
			chosen[k] = index[at]
		}
		return chosen, sampler.Epoch(step)
	}
	return l, nil
}

// course is how a training went.
type course struct {
	loss, top1 float64 // means over the views of the last epoch
	steps      int
}

// train moves the weights of net through all steps.
func (l *lesson) train(ctx context.Context, net *network) (c course, err error) {
	s := torch.NewScope()
	defer s.Close()
	var opt optim.Optimizer
	var sums *torch.Tensor // of this epoch: losses of the batches, images that were right
	err = torch.Try(func() {
		opt = l.o.optimizer(net)
		sums = s.Zeros([]int{2}, torch.Float32, l.o.Device)
	})
	if opt != nil {
		defer opt.Free()
	}
	if err != nil {
		return c, fmt.Errorf("eval: fine-tuning: %w", err)
	}
	schedule := optim.WarmupCosine{Base: l.o.LR, Warmup: l.o.WarmupEpochs * l.perEpoch, Total: l.total}
	schedule.Start = l.o.LR / float64(max(1, schedule.Warmup))
	source := l.start()
	defer source.Stop()
	for c.steps < l.total {
		if err := ctx.Err(); err != nil {
			return c, err
		}
		batch, err := source.Next()
		if err == nil {
			err = torch.Try(func() { l.step(net, opt, schedule.At(c.steps), batch, sums) })
		}
		if err != nil {
			return c, fmt.Errorf("eval: fine-tuning: step %d: %w", c.steps+1, err)
		}
		source.Recycle(batch)
		c.steps++
		if c.steps%l.perEpoch == 0 {
			if err := l.endEpoch(&c, sums); err != nil {
				return c, err
			}
		}
		if l.o.Report != nil {
			l.o.Report(c.steps, l.total)
		}
	}
	return c, nil
}

// endEpoch takes the means from the sums and starts these anew.
func (l *lesson) endEpoch(c *course, sums *torch.Tensor) error {
	both := torch.ToSlice[float64](sums)
	sums.Zero()
	c.loss, c.top1 = both[0]/float64(l.perEpoch), both[1]/float64(l.perEpoch*l.o.BatchSize)
	if math.IsNaN(c.loss) || math.IsInf(c.loss, 0) {
		return fmt.Errorf("eval: fine-tuning: the loss became %v in epoch %d; lower lr (now %g)", c.loss, c.steps/l.perEpoch, l.o.LR)
	}
	return nil
}

// start prepares one view of each image of a step while earlier steps compute.
func (l *lesson) start() *prefetch.Queue[*views.Batch] {
	m := views.Maker{
		Images: l.images, Views: views.Repeat(l.o.Augment, 1), Seed: rng.Sub(l.o.Seed, rng.Word("fine-tune views")),
		Batch: l.o.BatchSize, Ahead: 2,
	}
	return m.Start(l.total, l.choose)
}

// optimizer returns the optimizer of all parameters. Biases and the parameters
// of norms do not decay.
func (o FineTuneOptions) optimizer(net *network) optim.Optimizer {
	groups := optim.DecayGroups(net, o.WeightDecay)
	switch o.Optimizer {
	case "adamw":
		return optim.NewAdamGroups(groups, optim.AdamOptions{Decoupled: true})
	case "lars":
		return optim.NewLARSGroups(groups, optim.LARSOptions{Form: optim.LARSBYOL2020, Momentum: o.Momentum})
	}
	return optim.NewSGDGroups(groups, optim.SGDOptions{Momentum: o.Momentum})
}

// step updates the network by a batch, whose loss and hits it adds to sums.
func (l *lesson) step(net *network, opt optim.Optimizer, lr float64, batch *views.Batch, sums *torch.Tensor) {
	s := torch.NewScope()
	defer s.Close()
	n := len(batch.Index)
	labels := make([]int64, n)
	for k, i := range batch.Index {
		labels[k] = int64(l.images.Label(i))
	}
	channels, _, _ := l.images.Shape()
	scores := net.Forward(stage(s, batch.Pixels, n, l.o.Augment.Size, channels, l.o.Device))
	y := torch.FromSlice(s, labels, n).ToDevice(l.o.Device)
	loss := scores.CrossEntropyLoss(y, nil, torch.ReduceMean, -100, l.o.LabelSmoothing)
	loss.Backward()
	opt.Step(lr)
	opt.ZeroGrad()
	right := scores.Detach().Argmax(1, false).Eq(y).Sum().ToDType(torch.Float32)
	sums.AddInPlace(torch.Stack([]*torch.Tensor{loss.Detach(), right}, 0), 1)
}
