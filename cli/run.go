package cli

import (
	"fmt"
	"sync"

	"sslmem/cli/rundir"
	"sslmem/data"
	"sslmem/data/rng"
	"sslmem/internal/config"
	"sslmem/ssl"
	"sslmem/torch"
)

// A run is one experiment with its folder: settings, images and splits.
type run struct {
	dir      rundir.Dir
	settings Settings
	data     data.Images
	name     string // of the data set
	channels int    // of its images
	splits   data.Splits
	device   torch.Device
	console  *console
	metrics  *sharedMetrics // while trainings run
	held     *held          // for live evaluation, unless they are S_E

	// fitted returns the recipe of the views with what the settings leave open
	// taken from the images; they are looked at once.
	fitted func() (ssl.Recipe, error)
}

// use sets the images of the run.
func (r *run) use(images data.Images) {
	r.data = images
	r.name, _ = images.Title()
	r.channels, _, _ = images.Shape()
	r.fitted = sync.OnceValues(func() (ssl.Recipe, error) { return r.settings.Recipe.Fit(images) })
}

// newRun makes the folder of a new run, with its settings, environment and
// splits. Everything that can be wrong with the settings is found before the
// folder is made.
func newRun(s Settings, c *console, kind, out string, overwrite bool) (*run, error) {
	r, err := prepareRun(s, c)
	if err != nil {
		return nil, err
	}
	if out == "" {
		r.dir, err = rundir.CreateNumbered("runs", kind)
	} else {
		r.dir, err = rundir.Create(out, overwrite)
	}
	if err != nil {
		return nil, err
	}
	if err := config.Save(r.dir.Join(rundir.ConfigFile), r.settings); err != nil {
		return nil, err
	}
	if err := r.splits.Save(r.dir.Join(rundir.SplitsFile)); err != nil {
		return nil, err
	}
	return r, r.saveEnvironment()
}

// prepareRun opens what a new run works on, without its folder.
func prepareRun(s Settings, c *console) (*run, error) {
	r := &run{settings: s, console: c}
	if err := s.Check(); err != nil {
		return nil, usageError{err}
	}
	if err := r.useDevice(s.Device); err != nil {
		return nil, err
	}
	images, err := openImages(s)
	if err != nil {
		return nil, err
	}
	r.use(images)
	s.fit(r.channels)
	r.settings = s
	if err := r.openHeld(); err != nil {
		return nil, usageError{err}
	}
	if r.splits, err = r.drawSplits(); err != nil {
		return nil, usageError{err}
	}
	for _, e := range r.roles() {
		if err := r.loop(r.trainingImages(e)).Check(); err != nil {
			return nil, usageError{err}
		}
	}
	return r, nil
}

// drawSplits draws the four sets of f/g pairs. Encoders without another are
// trained on all images: they are S_S, but for what live evaluation keeps out, S_E.
func (r *run) drawSplits() (data.Splits, error) {
	sizes := r.settings.Splits
	if !r.settings.Pair {
		sizes = data.SplitSizes{Shared: r.data.Len() - r.keptOut(), External: r.keptOut()}
	}
	splits, err := data.Draw(r.data.Len(), sizes, rng.Sub(r.settings.Seed, rng.Word("splits")))
	splits.Dataset = r.name
	return splits, err
}

// openRun opens the folder of a run that exists, without its device.
func openRun(path string, c *console) (*run, error) {
	dir, err := rundir.Open(path)
	if err != nil {
		return nil, err
	}
	if exists(dir.Join(rundir.AboutFile)) {
		return nil, fmt.Errorf("%s holds the scores of two encoders that were trained elsewhere, and no run; score them again with: %s score --config %s", dir, program(), dir.Join(rundir.ConfigFile))
	}
	r := &run{dir: dir, console: c, settings: Defaults()}
	if err := r.settings.load(dir.Join(rundir.ConfigFile)); err != nil {
		return nil, err
	}
	if err := r.settings.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", dir.Join(rundir.ConfigFile), err)
	}
	images, err := openImages(r.settings)
	if err != nil {
		return nil, err
	}
	r.use(images)
	r.settings.fit(r.channels)
	if r.splits, err = data.LoadSplits(dir.Join(rundir.SplitsFile)); err != nil {
		return nil, err
	}
	if err := r.splits.Matches(r.data); err != nil {
		return nil, fmt.Errorf("%s: %w", dir.Join(rundir.SplitsFile), err)
	}
	return r, r.openHeld()
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

func (r *run) saveEnvironment() error {
	return rundir.WriteJSON(r.dir.Join(rundir.EnvironmentFile), rundir.Inspect(torch.Version(), r.device.String()))
}

// A role is one encoder of a pair: f, which is trained on S_S ∪ S_C, or g,
// which is trained on S_S ∪ S_I. Or it is that of an encoder without another.
type role string

const (
	roleF    role = "f"
	roleG    role = "g"
	roleOnly role = "e"
)

// roles are those of the encoders that are trained with each seed.
func (r *run) roles() []role {
	if r.settings.Pair {
		return []role{roleF, roleG}
	}
	return []role{roleOnly}
}

// needsPairs returns an error if the run has no f/g pairs.
func (r *run) needsPairs(command string) error {
	if r.settings.Pair {
		return nil
	}
	return fmt.Errorf("%s works on f/g pairs, but %s trained encoders of all images; train pairs by the same settings with: %s train --pair --config %s",
		command, r.dir, program(), r.dir.Join(rundir.ConfigFile))
}

// name is that of an encoder in files and metrics: f0, g0, f1, … or e0, e1, …
func (e role) name(pair int) string { return fmt.Sprintf("%s%d", e, pair) }

// trainingImages returns the positions of the images that an encoder is trained on.
// The shared ones come first in both, so that f and g of a pair see the same
// images in the same batches but for S_C in the place of S_I.
//
// An encoder without another sees all images but S_E, which are S_S then.
func (r *run) trainingImages(e role) []int {
	if e == roleG {
		return r.splits.G()
	}
	return r.splits.F()
}

// pairSeed is that of the settings.
func (r *run) pairSeed(pair int) uint64 { return r.settings.pairSeed(pair) }
