package ssl

import (
	"iter"
	"math"

	"sslmem/data/augment"
	"sslmem/data/rng"
	"sslmem/torch"
	"sslmem/torch/amp"
	"sslmem/torch/nn"
	"sslmem/torch/optim"
)

// An Engine takes the steps of a training: forward, backward, the optimizer and
// what the method does afterwards. It has all that changes from step to step.
type Engine struct {
	Trainer Trainer

	recipe    Recipe
	o         EngineOptions
	opt       optim.Optimizer
	groups    []optim.Group
	kinds     []groupKind
	params    []*torch.Tensor
	schedule  optim.Schedule
	scaler    *amp.GradScaler  // for fp16
	generator *torch.Generator // of what the networks draw in a step
	mask      augment.Mask
	private   *private // nil unless the recipe has privacy

	step    int // taken
	journal journal
}

// EngineOptions say what is trained on, and where.
type EngineOptions struct {
	Channels int // of the images
	Classes  int // of the labels, 0 if there are none
	PerEpoch int // steps of an epoch
	Images   int // that are trained on; recipes with privacy need it
	Seed     uint64
	Seeds    Seeds
	Device   torch.Device
	Ranks    Ranks // nil means Alone

	double bool // computes in float64, as the tests of parity do
}

// A HostBatch holds the views of B images in memory of the program, as package
// views makes them.
type HostBatch struct {
	Pixels []float32 // all global views [V·B, Size, Size, C], then the local ones
	Index  []int     // the images, as positions in their data set
	Epoch  int
	Labels []int64 // their classes, for methods that learn from them
}

// NewEngine builds the networks and the optimizer of a recipe with nothing open,
// on the device. See Free.
func NewEngine(r Recipe, o EngineOptions) (*Engine, error) {
	if o.Ranks == nil {
		o.Ranks = Alone{}
	}
	t, g, err := build(r, o.Channels, o.Classes, o.Seeds.init(o.Seed), o.Ranks)
	if err != nil {
		return nil, err
	}
	nn.To(t, o.Device, torch.ChannelsLast)
	if o.double {
		nn.ToDType(t, torch.Float64)
	}
	e := &Engine{Trainer: t, recipe: r, o: o, generator: g}
	if m, ok := t.(Masker); ok {
		e.mask = m.Mask()
		if err := e.mask.Check(r.Augment.Size); err != nil {
			Free(t)
			return nil, err
		}
	}
	images := r.BatchSize * o.Ranks.World()
	if r.Privacy != nil {
		if e.private, err = newPrivate(r, t, o); err != nil {
			Free(t)
			return nil, err
		}
	}
	e.schedule = r.Optimizer.schedule(images, o.PerEpoch, o.PerEpoch*r.Epochs)
	groups, kinds := r.Optimizer.groups(t, r.Optimizer.scaled(r.Optimizer.LR, images))
	e.opt, e.kinds = r.Optimizer.new(groups), kinds
	e.groups, e.params = e.opt.Groups(), e.opt.Params()
	if r.Precision == FP16 {
		e.scaler = amp.NewGradScaler(o.Device, amp.Options{})
	}
	e.journal = journal{device: o.Device, clips: r.Optimizer.ClipGrad != 0}
	return e, nil
}

// Clock says which step comes next.
func (e *Engine) Clock() Clock {
	return Clock{Step: e.step, Steps: e.o.PerEpoch * e.recipe.Epochs, PerEpoch: e.o.PerEpoch}
}

// LR returns the learning rate of the next step.
func (e *Engine) LR() float64 { return e.schedule.At(e.step) }

// Step takes one step on a batch. Everything it computes lives in one scope. It
// panics with *[torch.Error] where a tensor operation does; see [torch.Try].
func (e *Engine) Step(h HostBatch) {
	parts := e.parts(h)
	e.take(parts, func(s *torch.Scope, part int) Batch { return e.batch(s, h, part, parts) })
}

// parts is in how many parts a batch is computed: with privacy, each image is one.
func (e *Engine) parts(h HostBatch) int {
	if e.private != nil {
		return len(h.Index)
	}
	return max(e.recipe.Accumulate, 1)
}

// take takes one step on a batch that comes in parts.
func (e *Engine) take(parts int, batch func(s *torch.Scope, part int) Batch) {
	defer torch.LockThread()()
	e.gradients(parts, batch)
	e.update()
	e.step++
	e.journal.close(e.step)
}

// gradients is the first half of a step: it leaves the gradients of a batch that
// comes in parts.
func (e *Engine) gradients(parts int, batch func(s *torch.Scope, part int) Batch) {
	if e.private != nil {
		e.privateGradients(parts, batch)
		return
	}
	clock := e.Clock()
	e.generator.Seed(rng.Sub(e.o.Seeds.views(e.o.Seed), rng.Word("step"), uint64(clock.Step)))
	for part := range parts {
		watched := part == parts-1 && (clock.Step+1)%max(clock.PerEpoch, 1) == 0
		e.backward(clock, parts, watched, func(s *torch.Scope) Batch { return batch(s, part) })
	}
}

// backward adds the gradients of a batch that is one of several parts. The spread
// of the output is measured if it is watched.
func (e *Engine) backward(clock Clock, parts int, watched bool, batch func(s *torch.Scope) Batch) {
	s := torch.NewScope()
	defer s.Close()
	result := e.forward(s, clock, parts, batch(s))
	loss := result.Loss
	if watched {
		e.journal.watch(result.Output)
	}
	if parts > 1 {
		loss = loss.DivScalar(float64(parts))
	}
	if e.scaler != nil {
		loss = e.scaler.Scale(loss)
	}
	loss.Backward()
}

// forward computes the loss of a batch that is one of several parts, and records it.
func (e *Engine) forward(s *torch.Scope, clock Clock, parts int, b Batch) (result Result) {
	b.Clock = clock
	e.cast(func() { result = e.Trainer.Forward(b) })
	e.journal.record(s, result.Loss, result.Parts, 1/float64(parts))
	return result
}

// update is the second half of a step: what follows from the gradients.
func (e *Engine) update() {
	s := torch.NewScope()
	defer s.Close()
	clock, lr := e.Clock(), e.LR()
	e.recipe.Optimizer.adjust(e.groups, e.kinds, clock)
	if e.scaler != nil {
		e.scaler.Unscale(e.opt)
	}
	if norm := e.recipe.Optimizer.clip(s, e.params); norm != nil {
		e.journal.norm(s, norm)
	}
	if b, ok := e.Trainer.(BeforeStepper); ok {
		b.BeforeStep(clock)
	}
	if e.scaler != nil {
		e.scaler.Step(e.opt, lr)
		e.scaler.Update()
	} else {
		e.opt.Step(lr)
	}
	e.opt.ZeroGrad()
	e.Trainer.AfterStep(clock)
}

// cast runs fn in the precision of the recipe.
func (e *Engine) cast(fn func()) {
	switch e.recipe.Precision {
	case BF16:
		torch.Autocast(e.o.Device.Type, torch.BFloat16, fn)
	case FP16:
		torch.Autocast(e.o.Device.Type, torch.Float16, fn)
	default:
		fn()
	}
}

// TakeLoss returns the sum of the losses of all steps since the last call. It
// waits for the device.
func (e *Engine) TakeLoss() float64 {
	e.journal.read()
	if e.journal.steps == 0 {
		return 0
	}
	sum := e.journal.sums[0]
	e.journal.take()
	return sum
}

// finite reports whether all weights and all that the optimizer keeps are finite.
// It waits for the device.
func (e *Engine) finite() bool {
	s := torch.NewScope()
	defer s.Close()
	ok := true
	torch.NoGrad(func() {
		var all []*torch.Tensor
		for _, p := range e.params {
			all = append(all, s.Use(p))
		}
		for _, x := range e.opt.State() {
			if x.DType() == torch.Float32 || x.DType() == torch.Float64 {
				all = append(all, s.Use(x))
			}
		}
		for i, norm := range torch.ForeachNorm(all, math.Inf(1)) {
			all[i] = norm.ToDevice(e.o.Device).ToDType(torch.Float32)
		}
		ok = torch.Stack(all, 0).IsFinite().All().Item() != 0
	})
	return ok
}

// State yields everything that the next step depends on.
func (e *Engine) State() iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		for name, t := range nn.State(e.Trainer) {
			if !yield("model."+name, t) {
				return
			}
		}
		for name, t := range e.opt.State() {
			if !yield("optimizer."+name, t) {
				return
			}
		}
		if e.scaler != nil {
			for name, t := range e.scaler.State() {
				if !yield("scaler."+name, t) {
					return
				}
			}
		}
	}
}

// Release gives up all but the networks, which are returned.
func (e *Engine) Release() Trainer {
	e.journal.free()
	e.opt.Free()
	if e.scaler != nil {
		e.scaler.Free()
	}
	return e.Trainer
}

// Free gives up everything.
func (e *Engine) Free() { Free(e.Release()) }
