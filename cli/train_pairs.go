package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"

	"sslmem/cli/rundir"
	"sslmem/data/augment"
	"sslmem/encoders"
	"sslmem/models"
	"sslmem/ssl"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// metricColumns are the columns of metrics.csv after model and step.
var metricColumns = []string{"epoch", "loss", "lr", "views_per_s", "wait"}

// loop returns the training of one encoder but for its seed and folder.
func (r *run) loop(index []int) *ssl.Loop {
	return &ssl.Loop{Recipe: r.settings.Recipe, Data: r.data, Index: index, Device: r.device,
		Deterministic: r.settings.Deterministic, StopOnCollapse: r.settings.StopOnCollapse}
}

// train trains one encoder, or goes on where its training was stopped, and
// saves it. Nothing is done if it was saved before.
func (r *run) train(ctx context.Context, e role, pair int) error {
	name := e.name(pair)
	if exists(r.encoderPath(name)) {
		r.console.skip(r.trainingUnits())
		return nil
	}
	l := r.loop(r.trainingImages(e))
	var err error
	if l.Recipe, err = r.fitted(); err != nil {
		return err
	}
	l.Seed = r.pairSeed(pair)
	if e == roleG {
		l.Seeds = r.settings.Share.seeds()
	}
	l.Checkpoints, l.Resume = r.dir.Join(rundir.CheckpointsDir, name), true
	l.CheckpointEvery = max(1, l.Recipe.Epochs/10)
	l.Warn = func(text string) { r.console.warn(name + ": " + text) }
	l.Resumed = func(step int) {
		r.console.skip(step*r.stepUnits() + r.liveUnits(step/l.StepsPerEpoch()))
	}
	l.Report = func(p ssl.Progress) { r.console.step(name, p, r.stepUnits()) }
	rewound := false
	l.EpochEnd = func(p ssl.Progress, t ssl.Trainer) error {
		if !rewound { // rows of steps that a resumed training takes again go first
			rewound = true
			if err := r.metrics.rewind(name, p.Step-1); err != nil {
				return err
			}
		}
		values := epochValues(p)
		r.live(ctx, l, e, name, p, t, values)
		err := r.metrics.append(rundir.Row{Model: name, Step: p.Step, Values: values})
		if err != nil || !slices.Contains(r.curveEpochs(), p.Epoch) {
			return err
		}
		return r.saveEncoder(r.snapshotPath(name, p.Epoch), t.Encoder())
	}
	trainer, err := l.Run(ctx)
	if err := errors.Join(err, r.metrics.sync()); err != nil {
		if trainer != nil {
			ssl.Free(trainer)
		}
		return fmt.Errorf("training of %s: %w", name, err)
	}
	defer ssl.Free(trainer)
	if err := r.saveHead(name, trainer); err != nil {
		return err
	}
	if err := r.saveEncoder(r.encoderPath(name), trainer.Encoder()); err != nil {
		return err
	}
	// The encoder is whole on the disk: its checkpoints have done their work.
	return os.RemoveAll(l.Checkpoints)
}

// epochValues is what metrics.csv has of an epoch. What a method or a setting does
// not bring is missing.
func epochValues(p ssl.Progress) map[string]float64 {
	values := map[string]float64{
		"epoch": float64(p.Epoch), "loss": p.Loss, "lr": p.LR, "views_per_s": math.Round(p.ViewsPerSecond), "wait": p.Wait,
	}
	for _, part := range p.Parts {
		values["loss_"+part.Name] = part.Value
	}
	for key, value := range map[string]float64{"grad_norm": p.GradNorm, "output_spread": p.Spread, "epsilon": p.Epsilon} {
		if !math.IsNaN(value) && !math.IsInf(value, 0) {
			values[key] = value
		}
	}
	return values
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func (r *run) encoderPath(name string) string {
	return r.dir.Join(rundir.EncodersDir, name+".safetensors")
}

func (r *run) snapshotPath(name string, epoch int) string {
	return r.dir.Join(rundir.EncodersDir, fmt.Sprintf("%s-epoch%04d.safetensors", name, epoch))
}

// fittedViews returns the augmentations of the first view.
func (r *run) fittedViews() (augment.Recipe, error) {
	fitted, err := r.fitted()
	return fitted.Augment, err
}

// modelConfig describes the encoders of the run.
func (r *run) modelConfig() (models.Config, error) {
	fitted, err := r.fitted()
	return fitted.ModelConfig(r.channels), err
}

// saveEncoder writes an encoder, with its description for whoever finds the file
// outside of its run.
func (r *run) saveEncoder(path string, b models.Backbone) error {
	metadata, err := r.describeEncoder()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(r.dir.Join(rundir.EncodersDir), 0o777); err != nil {
		return fmt.Errorf("cannot make the folder for encoders: %w", err)
	}
	return torch.SaveSafetensors(path, nn.State(b), metadata)
}

// loadEncoder reads an encoder of the run, in evaluation mode, on its device.
func (r *run) loadEncoder(path string) (models.Backbone, error) {
	if !exists(path) {
		return nil, fmt.Errorf("there is no encoder %s; train it first: sslmem train --resume %s", path, r.dir)
	}
	c, err := r.modelConfig()
	if err != nil {
		return nil, err
	}
	e, err := encoders.Open(path, encoders.Options{Device: r.device, Config: c})
	if err != nil {
		return nil, err
	}
	b, ok := e.Backbone()
	if !ok {
		e.Close()
		return nil, fmt.Errorf("%s is %s, not an encoder that a run has saved", path, e.Format)
	}
	return b, nil
}

// curveEpochs are the epochs at which the score is measured, evenly spread and
// ending with the last.
func (r *run) curveEpochs() []int {
	n, all := r.settings.Score.CurvePoints, r.settings.Recipe.Epochs
	if !r.settings.Pair {
		n = 0
	}
	epochs := make([]int, n)
	for i := range epochs {
		epochs[i] = all * (i + 1) / n
	}
	return epochs
}
