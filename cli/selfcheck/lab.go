package selfcheck

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"sslmem/data/rng"
	"sslmem/internal/config"
	"sslmem/models"
	"sslmem/ssl"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// A Lab trains and scores what checks ask for, each once, and keeps it in a folder,
// so that checks share encoders and a run that was stopped goes on.
type Lab struct {
	Plan Plan
	Dir  string
	Say  func(format string, args ...any) // told what is under way
	// Untrained says that there is nothing to train: checks take encoders with weights
	// as they are drawn.
	Untrained bool

	*subject
}

// planFile holds the plan that the encoders of a folder were trained by.
const planFile = "plan.toml"

// OpenLab opens a folder, which is made if it does not exist. One that another plan
// was begun in is an error.
func OpenLab(dir string, p Plan, say func(string, ...any)) (*Lab, error) {
	s, err := newSubject(p)
	if err != nil {
		return nil, err
	}
	for _, sub := range []string{"encoders", "scores", "checkpoints"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o777); err != nil {
			return nil, fmt.Errorf("cannot make a folder for the self-check: %w", err)
		}
	}
	path := filepath.Join(dir, planFile)
	if exists(path) {
		old, text := Plan{}, ""
		if text, err = config.Read(path); err == nil {
			err = config.Decode(path, text, &old)
		}
		if err != nil {
			return nil, err
		}
		if old != p {
			return nil, fmt.Errorf("%s was begun with other settings or another seed; take another folder", dir)
		}
	} else if err := config.Save(path, p); err != nil {
		return nil, err
	}
	return &Lab{Plan: p, Dir: dir, Say: say, subject: s}, nil
}

// FastLab is a Lab without encoders, for the checks that take seconds. It has no folder.
func FastLab(p Plan) (*Lab, error) {
	s, err := newSubject(p)
	return &Lab{Plan: p, Say: func(string, ...any) {}, Untrained: true, subject: s}, err
}

// The encoders of a pair.
const (
	roleF = "f"
	roleG = "g"
)

// pairSeed is that of both encoders of a pair, the same in all arms.
func (l *Lab) pairSeed(pair int) uint64 {
	return rng.Sub(l.Plan.Seed, rng.Word("pair"), uint64(pair))
}

// encoderPath is the file of an encoder, of the end of its training if epoch is 0.
func (l *Lab) encoderPath(a arm, role string, pair, epoch int) string {
	name := fmt.Sprintf("%s-%s%d", a.name, role, pair)
	if epoch > 0 && epoch < l.Plan.Epochs {
		name += fmt.Sprintf("-epoch%04d", epoch)
	}
	return filepath.Join(l.Dir, "encoders", name+".safetensors")
}

// train trains what is not trained yet of an arm, f and g of a pair at the same time.
func (l *Lab) train(ctx context.Context, a arm) error {
	recipe, err := l.Plan.recipe(a, l.images)
	if err != nil {
		return err
	}
	for pair := range a.seeds {
		var group sync.WaitGroup
		var errs [2]error
		for k, role := range []string{roleF, roleG} {
			if exists(l.encoderPath(a, role, pair, 0)) {
				continue
			}
			l.Say("training %s%d of arm %s (%s, %d epochs)", role, pair, a.name, a.method, recipe.Epochs)
			group.Go(func() { errs[k] = l.trainOne(ctx, a, recipe, role, pair) })
		}
		group.Wait()
		if err := errors.Join(errs[:]...); err != nil {
			return fmt.Errorf("training of pair %d of arm %s: %w", pair, a.name, err)
		}
	}
	return nil
}

func (l *Lab) trainOne(ctx context.Context, a arm, recipe ssl.Recipe, role string, pair int) error {
	index := l.splits.F()
	if role == roleG {
		index = l.splits.G()
	}
	loop := &ssl.Loop{
		Recipe: recipe, Data: l.images, Index: index, Seed: l.pairSeed(pair), Device: torch.CPU,
		Checkpoints:     filepath.Join(l.Dir, "checkpoints", fmt.Sprintf("%s-%s%d", a.name, role, pair)),
		CheckpointEvery: max(1, recipe.Epochs/10), Resume: true,
		Warn: func(text string) { l.Say("%s%d of arm %s: %s", role, pair, a.name, text) },
	}
	loop.EpochEnd = func(p ssl.Progress, t ssl.Trainer) error {
		for _, epoch := range a.snapshots {
			if epoch == p.Epoch && epoch < recipe.Epochs {
				return torch.SaveSafetensors(l.encoderPath(a, role, pair, epoch), nn.State(t.Encoder()), nil)
			}
		}
		return nil
	}
	t, err := loop.Run(ctx)
	if err != nil {
		if t != nil {
			ssl.Free(t)
		}
		return err
	}
	defer ssl.Free(t)
	if err := torch.SaveSafetensors(l.encoderPath(a, role, pair, 0), nn.State(t.Encoder()), nil); err != nil {
		return err
	}
	return os.RemoveAll(loop.Checkpoints)
}

// encoder reads a trained encoder, in evaluation mode; nn.Free it.
func (l *Lab) encoder(a arm, role string, pair, epoch int) (models.Backbone, error) {
	recipe, err := l.Plan.recipe(a, l.images)
	if err != nil {
		return nil, err
	}
	s := torch.NewScope()
	defer s.Close()
	state, _, err := torch.LoadSafetensors(s, l.encoderPath(a, role, pair, epoch))
	if err != nil {
		return nil, err
	}
	channels, _, _ := l.images.Shape()
	b, err := models.New(recipe.ModelConfig(channels), torch.NewGenerator(0, torch.CPU))
	if err != nil {
		return nil, err
	}
	if err := nn.LoadState(b, state); err != nil {
		nn.Free(b)
		return nil, err
	}
	nn.To(b, torch.CPU, torch.ChannelsLast)
	nn.SetTraining(b, false)
	return b, nil
}

// pair reads f and g of a pair.
func (l *Lab) pair(a arm, pair, epoch int) (f, g models.Backbone, err error) {
	if f, err = l.encoder(a, roleF, pair, epoch); err != nil {
		return nil, nil, err
	}
	if g, err = l.encoder(a, roleG, pair, epoch); err != nil {
		nn.Free(f)
		return nil, nil, err
	}
	return f, g, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
