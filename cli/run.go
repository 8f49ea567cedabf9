package cli

import (
	"errors"
	"fmt"

	"sslmem/cli/config"
	"sslmem/cli/rundir"
	"sslmem/data"
	"sslmem/data/rng"
	"sslmem/torch"
)

// A run is one experiment with its folder: settings, images and splits.
type run struct {
	dir      rundir.Dir
	settings Settings
	data     *data.Dataset
	splits   data.Splits
	device   torch.Device
	console  *console
	metrics  *sharedMetrics // while trainings run
}

// newRun makes the folder of a new run, with its settings, environment and
// splits. Everything that can be wrong with the settings is found before the
// folder is made.
func newRun(s Settings, c *console, kind, out string, overwrite bool) (*run, error) {
	r := &run{settings: s, console: c}
	if err := s.Check(); err != nil {
		return nil, usageError{err}
	}
	if err := r.useDevice(s.Device); err != nil {
		return nil, err
	}
	var err error
	if r.data, err = openData(s.Data, s.ImageSize); err != nil {
		return nil, err
	}
	s.fit(r.data)
	r.settings = s
	if r.splits, err = data.Draw(r.data.Len(), s.Splits, rng.Sub(s.Seed, rng.Word("splits"))); err != nil {
		return nil, usageError{err}
	}
	r.splits.Dataset = r.data.Name
	for _, index := range [][]int{r.splits.F(), r.splits.G()} {
		if err := r.loop(index).Check(); err != nil {
			return nil, usageError{err}
		}
	}
	if out == "" {
		r.dir, err = rundir.CreateNumbered("runs", kind)
	} else {
		r.dir, err = rundir.Create(out, overwrite)
	}
	if err != nil {
		return nil, err
	}
	if err := config.Save(r.dir.Join(rundir.ConfigFile), s); err != nil {
		return nil, err
	}
	if err := r.splits.Save(r.dir.Join(rundir.SplitsFile)); err != nil {
		return nil, err
	}
	return r, r.saveEnvironment()
}

// openRun opens the folder of a run that exists, without its device.
func openRun(path string, c *console) (*run, error) {
	dir, err := rundir.Open(path)
	if err != nil {
		return nil, err
	}
	r := &run{dir: dir, console: c, settings: Defaults()}
	if err := config.Load(dir.Join(rundir.ConfigFile), &r.settings); err != nil {
		return nil, err
	}
	if err := r.settings.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", dir.Join(rundir.ConfigFile), err)
	}
	if r.data, err = openData(r.settings.Data, r.settings.ImageSize); err != nil {
		return nil, err
	}
	if r.splits, err = data.LoadSplits(dir.Join(rundir.SplitsFile)); err != nil {
		return nil, err
	}
	if err := r.splits.Matches(r.data); err != nil {
		return nil, fmt.Errorf("%s: %w", dir.Join(rundir.SplitsFile), err)
	}
	return r, nil
}

// useDevice finds the device of the given name; an empty name stands for the
// one in the settings.
func (r *run) useDevice(name string) (err error) {
	if name == "" {
		name = r.settings.Device
	}
	if err := torch.Init(); err != nil {
		return err
	}
	if r.device, err = torch.ParseDevice(name); err != nil {
		return usageError{err}
	}
	r.useThreads()
	return nil
}

// openData reads the training images of a data set, by name or path, with the
// given side or, if that is 0, as they are.
func openData(name string, size int) (*data.Dataset, error) {
	set, err := data.OpenSet(name)
	if err != nil {
		return nil, fmt.Errorf("data %q: %w", name, err)
	}
	defer set.Close()
	train, err := data.Load(set.Train, size)
	if errors.Is(err, data.ErrSizes) {
		err = fmt.Errorf("%w, such as: --set image_size=96", err)
	}
	if err != nil {
		return nil, fmt.Errorf("data %q: %w", name, err)
	}
	return train, train.Check()
}

func (r *run) saveEnvironment() error {
	return rundir.WriteJSON(r.dir.Join(rundir.EnvironmentFile), rundir.Inspect(torch.Version(), r.device.String()))
}

// A role is one encoder of a pair: f, which is trained on S_S ∪ S_C, or g,
// which is trained on S_S ∪ S_I.
type role string

const (
	roleF role = "f"
	roleG role = "g"
)

func roles() []role { return []role{roleF, roleG} }

// name is that of an encoder in files and metrics: f0, g0, f1, …
func (e role) name(pair int) string { return fmt.Sprintf("%s%d", e, pair) }

// trainingImages returns the positions of the images that an encoder is trained on.
// The shared ones come first in both, so that f and g of a pair see the same
// images in the same batches but for S_C in the place of S_I.
func (r *run) trainingImages(e role) []int {
	if e == roleF {
		return r.splits.F()
	}
	return r.splits.G()
}

// pairSeed is that of the settings.
func (r *run) pairSeed(pair int) uint64 { return r.settings.pairSeed(pair) }
