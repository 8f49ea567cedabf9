package ssl

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"sslmem/data"
	"sslmem/data/views"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// ErrStopped is wrapped by the error of a run that its context ended early.
var ErrStopped = errors.New("training was stopped")

// Loop trains one Trainer on some images of a data set.
type Loop struct {
	Recipe Recipe
	Data   data.Images
	Index  []int // images to train on, as positions in Data
	Seed   uint64
	Seeds  Seeds
	Device torch.Device
	Ranks  Ranks // nil means Alone

	// Deterministic makes a training on a GPU give the same bits each time, as it does
	// on a CPU anyway, at the cost of speed: operations take only algorithms that do,
	// see [torch.UseDeterministicAlgorithms], and cuDNN tries no others. One that has
	// none ends the run with an error. The settings are those of the process; they
	// are as before when Run returns.
	Deterministic bool

	// Checkpoints is the folder for checkpoints; empty means that none are
	// written. One is written after every CheckpointEvery epochs (0 means
	// each), at the end and when the run is stopped; the last two are kept.
	Checkpoints     string
	CheckpointEvery int
	// Resume goes on from the newest checkpoint in Checkpoints, if there is one;
	// without it, a checkpoint that is there already is an error.
	Resume bool

	// Report, if set, is called after every step, from the goroutine of Run.
	Report func(Progress)
	// EpochEnd, if set, is called after each epoch, before its checkpoint, with
	// the networks in training mode. Its error ends the run.
	EpochEnd func(p Progress, t Trainer) error
	// Resumed, if set, is called with the steps that a checkpoint held.
	Resumed func(step int)
	// Warn, if set, is told in a sentence what went wrong without ending the
	// training: a torn checkpoint, or, after each epoch that shows it, each sign that
	// the networks have collapsed onto the same output for all images.
	Warn func(string)
	// StopOnCollapse ends the run with an error that wraps [ErrCollapsed] instead. The
	// last checkpoint is that before the epoch that showed it.
	StopOnCollapse bool

	// What ObserveRank was told; 0 is nothing.
	rank      float64
	rankWidth int
}

// StepsPerEpoch returns the number of whole batches.
func (l *Loop) StepsPerEpoch() int {
	return len(l.Index) / (l.Recipe.BatchSize * l.ranks().World())
}

// Check returns an error that says why the training cannot start.
func (l *Loop) Check() error {
	if err := l.Recipe.Check(); err != nil {
		return err
	}
	if l.needsLabels() && len(l.Data.ClassNames()) == 0 {
		name, _ := l.Data.Title()
		return fmt.Errorf("%s learns from labels, but %s has none", l.Recipe.Method, name)
	}
	if len(l.Index) < l.Recipe.BatchSize {
		return fmt.Errorf("%d images do not fill one batch of %d; lower batch_size or take more images", len(l.Index), l.Recipe.BatchSize)
	}
	if l.Recipe.Privacy != nil {
		if _, err := l.Recipe.Guarantee(len(l.Index)); err != nil {
			return err
		}
	}
	for _, i := range l.Index {
		if i < 0 || i >= l.Data.Len() {
			name, _ := l.Data.Title()
			return fmt.Errorf("image %d is not in %s, which has %d images", i, name, l.Data.Len())
		}
		if l.needsLabels() && l.Data.Label(i) < 0 {
			name, _ := l.Data.Title()
			return fmt.Errorf("%s learns from labels, but image %d of %s has no label", l.Recipe.Method, i, name)
		}
	}
	return nil
}

// state is a training under way.
type state struct {
	*Engine
	images string // fingerprint of the training images, empty before it is needed
	alarm  alarm
	saved  int // steps that the newest checkpoint of this training holds, 0 if there is none
}

// Run trains to the end and returns the Trainer, in evaluation mode, whose
// tensors are the caller's (see [Free]). When ctx ends it finishes the step
// at hand, writes a checkpoint and returns an error that wraps [ErrStopped].
// The error of a run that is out of memory names a batch that fits. A loss that is not finite ends the run with a [*Diverged]; the last checkpoint
// stays, and a dump for [Replay] beside it. The device is asked for the losses at
// the end of each epoch and every 50 steps, so the run may go on for so long; no
// checkpoint is written of such weights. The goroutine is locked to its thread
// meanwhile.
func (l *Loop) Run(ctx context.Context) (Trainer, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	defer torch.LockThread()()
	free := freeOnHost()
	var st *state
	var err error
	if failed := torch.Try(func() { st, err = l.start() }); failed != nil {
		err = failed
	}
	if err == nil {
		defer l.deterministic()()
		if err = l.run(ctx, st); err != nil {
			st.Free()
		}
	}
	if isOutOfMemory(err) {
		err = l.outOfMemory(free, err)
	}
	if err != nil {
		return nil, err
	}
	nn.SetTraining(st.Release(), false)
	return st.Trainer, nil
}

// start builds what is trained.
func (l *Loop) start() (*state, error) {
	fitted, err := l.Recipe.Fit(l.Data)
	if err != nil {
		return nil, err
	}
	channels, _, _ := l.Data.Shape()
	e, err := NewEngine(fitted, EngineOptions{
		Channels: channels, Classes: len(l.Data.ClassNames()), PerEpoch: l.StepsPerEpoch(), Images: len(l.Index),
		Seed: l.Seed, Seeds: l.Seeds, Device: l.Device, Ranks: l.ranks(),
	})
	if err != nil {
		return nil, err
	}
	return &state{Engine: e}, nil
}

// deterministic sets what Deterministic asks for and returns what takes it back.
func (l *Loop) deterministic() (restore func()) {
	if !l.Deterministic {
		return func() {}
	}
	were, benchmark := torch.AreDeterministicAlgorithmsEnabled(), torch.CuDNNBenchmark.On()
	torch.UseDeterministicAlgorithms(true, false)
	torch.CuDNNBenchmark.Set(false)
	return func() {
		torch.UseDeterministicAlgorithms(were, false)
		torch.CuDNNBenchmark.Set(benchmark)
	}
}

func (l *Loop) ranks() Ranks {
	if l.Ranks == nil {
		return Alone{}
	}
	return l.Ranks
}

func (l *Loop) warn(sentence string) {
	if l.Warn != nil {
		l.Warn(sentence)
	}
}

// needsLabels reports whether the method learns from labels.
func (l *Loop) needsLabels() bool {
	m, err := LookupMethod(l.Recipe.Method)
	return err == nil && m.Labels
}

func (l *Loop) run(ctx context.Context, st *state) error {
	if l.Checkpoints != "" {
		if err := l.resume(st); err != nil {
			return err
		}
		if st.step > 0 && l.Resumed != nil {
			l.Resumed(st.step)
		}
	}
	if slow := SlowPrecision(l.Recipe.Precision, l.Device); slow != "" {
		l.warn(slow)
	}
	if st.private != nil {
		for _, sentence := range st.private.guarantee.warnings() {
			l.warn(sentence)
		}
	}
	perEpoch := l.StepsPerEpoch()
	total := perEpoch * l.Recipe.Epochs
	p := l.plan(slices.Clone(l.Index))
	loader := startLoader(l.Data, p, st.recipe, st.step, total)
	defer loader.Stop()

	perStep := len(st.recipe.Views()) * l.Recipe.BatchSize
	first, start := st.step, time.Now()
	var waited time.Duration
	for st.step < total {
		asked := time.Now()
		batch, err := loader.Next()
		waited += time.Since(asked)
		if err != nil {
			return fmt.Errorf("step %d: %w", st.step+1, err)
		}
		lr := st.LR()
		if err := torch.Try(func() { st.Step(l.hostBatch(batch)) }); err != nil {
			return fmt.Errorf("step %d: %w", st.step+1, err)
		}
		loader.Recycle(batch)
		end := st.step%perEpoch == 0
		progress := Progress{
			Epoch: (st.step-1)/perEpoch + 1, Epochs: l.Recipe.Epochs,
			Step: st.step, Steps: total, EpochEnd: end, LR: lr,
			Loss: math.NaN(), GradNorm: math.NaN(), Spread: math.NaN(), Epsilon: math.NaN(),
		}
		if end {
			st.observe(&progress)
		}
		if st.journal.bad != nil {
			return l.diverged(st)
		}
		elapsed := time.Since(start)
		progress.ViewsPerSecond = float64((st.step-first)*perStep) / elapsed.Seconds()
		progress.Wait = waited.Seconds() / elapsed.Seconds()
		if l.Report != nil {
			l.Report(progress)
		}
		if end && l.EpochEnd != nil {
			if err := l.EpochEnd(progress, st.Trainer); err != nil {
				return err
			}
		}
		if end {
			if err := l.watch(st, progress); err != nil {
				return err
			}
		}
		stopped := ctx.Err() != nil && st.step < total
		if err := l.checkpoint(st, perEpoch, total, stopped); err != nil {
			return err
		}
		if stopped {
			return fmt.Errorf("%w after step %d of %d: %w", ErrStopped, st.step, total, context.Cause(ctx))
		}
	}
	return nil
}

// hostBatch is a batch with the classes of its images, if the method learns from them.
func (l *Loop) hostBatch(b *views.Batch) HostBatch {
	return HostBatch{Pixels: b.Pixels, Index: b.Index, Epoch: b.Epoch, Labels: l.labels(b.Index)}
}

// labels returns the classes of some images if the method learns from them.
func (l *Loop) labels(index []int) []int64 {
	if !l.needsLabels() {
		return nil
	}
	labels := make([]int64, len(index))
	for k, i := range index {
		labels[k] = int64(l.Data.Label(i))
	}
	return labels
}

// checkpoint writes one where it is due. It does so of finite weights only, also
// where there are no checkpoints.
func (l *Loop) checkpoint(st *state, perEpoch, total int, stopped bool) error {
	every := perEpoch * max(l.CheckpointEvery, 1)
	if !stopped && st.step != total && st.step%every != 0 {
		return nil
	}
	st.journal.read()
	if st.journal.bad == nil && !st.finite() {
		before := append([]float64{0}, st.journal.recent...) // no loss if all batches were empty
		st.journal.bad = &badStep{step: st.step, loss: before[len(before)-1], before: before[1:max(1, len(before)-1)]}
	}
	if st.journal.bad != nil {
		return l.diverged(st)
	}
	if l.Checkpoints == "" {
		return nil
	}
	return l.save(st)
}
