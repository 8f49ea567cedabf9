package ssl

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"sslmem/data"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// ErrStopped is wrapped by the error of a run that its context ended early.
var ErrStopped = errors.New("training was stopped")

// Progress is what a training reports after each step.
type Progress struct {
	Epoch, Epochs  int     // Epoch counts from 1
	Step, Steps    int     // steps taken, and in all
	EpochEnd       bool    // this was the last step of its epoch
	Loss           float64 // mean over the epoch so far; read from the device only at its end, NaN before
	LR             float64 // of this step
	ViewsPerSecond float64 // since the training was started or resumed
	Wait           float64 // share of the time spent waiting for views
}

// Loop trains one Trainer on some images of a data set.
type Loop struct {
	Recipe Recipe
	Data   data.Images
	Index  []int // images to train on, as positions in Data
	Seed   uint64
	Device torch.Device
	Ranks  Ranks // nil means Alone

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
	// training, such as a torn checkpoint.
	Warn func(string)
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
	for _, i := range l.Index {
		if i < 0 || i >= l.Data.Len() {
			name, _ := l.Data.Title()
			return fmt.Errorf("image %d is not in %s, which has %d images", i, name, l.Data.Len())
		}
	}
	return nil
}

// state is a training under way.
type state struct {
	*Engine
	images string // fingerprint of the training images, empty before it is needed
}

// Run trains to the end and returns the Trainer, in evaluation mode, whose
// tensors are the caller's (see [Free]). When ctx ends it finishes the step
// at hand, writes a checkpoint and returns an error that wraps [ErrStopped].
// A loss that is not finite ends the run with an error; the last checkpoint
// stays. The goroutine is locked to its thread meanwhile.
func (l *Loop) Run(ctx context.Context) (Trainer, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	defer torch.LockThread()()
	fitted, err := l.Recipe.Fit(l.Data)
	if err != nil {
		return nil, err
	}
	channels, _, _ := l.Data.Shape()
	e, err := NewEngine(fitted, EngineOptions{
		Channels: channels, Classes: len(l.Data.ClassNames()), PerEpoch: l.StepsPerEpoch(),
		Seed: l.Seed, Device: l.Device, Ranks: l.ranks(),
	})
	if err != nil {
		return nil, err
	}
	if err := l.run(ctx, &state{Engine: e}); err != nil {
		e.Free()
		return nil, err
	}
	nn.SetTraining(e.Release(), false)
	return e.Trainer, nil
}

func (l *Loop) ranks() Ranks {
	if l.Ranks == nil {
		return Alone{}
	}
	return l.Ranks
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
	perEpoch := l.StepsPerEpoch()
	total := perEpoch * l.Recipe.Epochs
	p := newPlan(slices.Clone(l.Index), l.Recipe.BatchSize, l.Seed, l.ranks())
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
		h := HostBatch{Pixels: batch.Pixels, Index: batch.Index, Epoch: batch.Epoch, Labels: l.labels(batch.Index)}
		if err := torch.Try(func() { st.Step(h) }); err != nil {
			return fmt.Errorf("step %d: %w", st.step+1, err)
		}
		loader.Recycle(batch)
		end := st.step%perEpoch == 0
		progress := Progress{
			Epoch: (st.step-1)/perEpoch + 1, Epochs: l.Recipe.Epochs,
			Step: st.step, Steps: total, EpochEnd: end, Loss: math.NaN(), LR: lr,
		}
		if end {
			progress.Loss = st.TakeLoss() / float64(perEpoch)
			if err := l.diverged(progress.Loss, progress.Epoch); err != nil {
				return err
			}
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
		stopped := ctx.Err() != nil && st.step < total
		if stopped {
			if err := l.diverged(st.lossSum.Item(), progress.Epoch); err != nil {
				return err
			}
		}
		if err := l.checkpoint(st, perEpoch, total, stopped); err != nil {
			return err
		}
		if stopped {
			return fmt.Errorf("%w after step %d of %d: %w", ErrStopped, st.step, total, context.Cause(ctx))
		}
	}
	return nil
}

// diverged returns an error if a loss is not finite, so that no checkpoint of
// such weights is written.
func (l *Loop) diverged(loss float64, epoch int) error {
	if !math.IsNaN(loss) && !math.IsInf(loss, 0) {
		return nil
	}
	return fmt.Errorf("the loss became %v in epoch %d; lower optimizer.lr (now %g), or warm up for longer", loss, epoch, l.Recipe.Optimizer.LR)
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

// checkpoint writes one where it is due.
func (l *Loop) checkpoint(st *state, perEpoch, total int, stopped bool) error {
	every := perEpoch * max(l.CheckpointEvery, 1)
	if l.Checkpoints == "" || !stopped && st.step != total && st.step%every != 0 {
		return nil
	}
	return l.save(st)
}
