package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// The names of what a run folder holds.
const (
	ConfigFile      = "config.toml"
	EnvironmentFile = "environment.json"
	SplitsFile      = "splits.json"
	MetricsFile     = "metrics.csv"
	LinesFile       = "metrics.jsonl"
	TensorBoardDir  = "tensorboard"
	ScoresFile      = "scores.csv"
	SummaryFile     = "summary.json"
	ReportFile      = "report.html"
	FiguresDir      = "figures"
	CheckpointsDir  = "checkpoints"
	EncodersDir     = "encoders"
	CurveFile       = "curve.csv"
	LayersFile      = "layers.csv"
	UnitsFile       = "units.csv"
	HeadsDir        = "heads"
	DejaVuFile      = "dejavu.csv"
	DejaVuReport    = "dejavu.json"
	MembershipFile  = "membership.csv"
	MembersReport   = "membership.json"
	LabelsFile      = "labels.csv"
	LabelsReport    = "labels.json"
	AboutFile       = "encoders.json" // what two encoders are that were trained elsewhere
	ViewsFile       = "views.toml"    // the views that they were scored with
)

// standard lists all names that a run folder may hold.
var standard = []string{
	ConfigFile, EnvironmentFile, SplitsFile, MetricsFile, LinesFile, TensorBoardDir, ScoresFile, SummaryFile, ReportFile,
	FiguresDir, CheckpointsDir, EncodersDir, CurveFile, LayersFile, UnitsFile,
	HeadsDir, DejaVuFile, DejaVuReport, MembershipFile, MembersReport, LabelsFile, LabelsReport,
	AboutFile, ViewsFile,
}

// Dir is the path of a run's folder.
type Dir string

// Join returns the path of a file in the folder, as
// d.Join(FiguresDir, "histogram.png").
func (d Dir) Join(elem ...string) string {
	return filepath.Join(append([]string{string(d)}, elem...)...)
}

// Name is the last part of the path, as "001-demo".
func (d Dir) Name() string { return filepath.Base(string(d)) }

// Create makes the folder at path, with all folders above it, and in it
// figures and checkpoints. A folder that is there and empty will do.
//
// If the folder holds a run, then with overwrite the files of the run are
// removed first (only those that this package has names for), and without it
// that is an error that wraps os.ErrExist. A folder that holds anything but a
// run is refused in any case, so that no slip of the keyboard can delete it.
func Create(path string, overwrite bool) (Dir, error) {
	d := Dir(path)
	if err := Check(path, overwrite); err != nil {
		return "", err
	}
	if overwrite {
		if err := d.clear(); err != nil {
			return "", fmt.Errorf("cannot overwrite the run in %s: %w", path, err)
		}
	}
	if err := d.makeFolders(); err != nil {
		return "", err
	}
	return d, nil
}

// Check returns the error of [Create] for a folder that it would refuse, and
// changes nothing.
func Check(path string, overwrite bool) error {
	entries, err := os.ReadDir(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return fmt.Errorf("cannot make the run folder: %w", err)
	case len(entries) == 0:
	case !Dir(path).hasConfig() && !onlyStandard(entries):
		return fmt.Errorf("%s is not empty and holds no run (no %s), so it is left alone; choose another name: %w", path, ConfigFile, os.ErrExist)
	case !overwrite:
		return fmt.Errorf("%s holds a run already; choose another name, resume it or ask to overwrite it: %w", path, os.ErrExist)
	}
	return nil
}

// CreateNumbered makes a folder below root, with root if need be, whose name is
// the next number and kind, as "001-demo": one more than the highest number
// that any name there begins with. Programs that do so at the same moment get
// different folders.
func CreateNumbered(root, kind string) (Dir, error) {
	if err := os.MkdirAll(root, 0o777); err != nil {
		return "", fmt.Errorf("cannot make the folder for runs: %w", err)
	}
	next, err := nextNumber(root)
	if err != nil {
		return "", err
	}
	for ; ; next++ {
		d := numbered(root, next, kind)
		err := os.Mkdir(string(d), 0o777)
		if errors.Is(err, os.ErrExist) {
			continue // another program was faster
		}
		if err != nil {
			return "", fmt.Errorf("cannot make the run folder: %w", err)
		}
		return d, d.makeFolders()
	}
}

// Next returns the path of the folder that [CreateNumbered] would make now.
func Next(root, kind string) (string, error) {
	n, err := nextNumber(root)
	return string(numbered(root, n, kind)), err
}

func numbered(root string, n int, kind string) Dir {
	return Dir(filepath.Join(root, fmt.Sprintf("%03d-%s", n, kind)))
}

// nextNumber returns one more than the highest number of a folder below root.
func nextNumber(root string) (int, error) {
	entries, err := os.ReadDir(root)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, fmt.Errorf("cannot look for earlier runs: %w", err)
	}
	next := 1
	for _, e := range entries {
		digits, _, _ := strings.Cut(e.Name(), "-")
		if n, err := strconv.ParseUint(digits, 10, 31); err == nil {
			next = max(next, int(n)+1)
		}
	}
	return next, nil
}

// Open returns the run in the folder at path. It is an error, which wraps
// os.ErrNotExist, if there is none.
func Open(path string) (Dir, error) {
	d := Dir(path)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("there is no run %s: %w", path, err)
	}
	if !d.hasConfig() {
		return "", fmt.Errorf("%s holds no run: it has no %s: %w", path, ConfigFile, os.ErrNotExist)
	}
	return d, nil
}

// hasConfig reports whether the folder has settings, which every command writes
// before it does anything else.
func (d Dir) hasConfig() bool {
	stat, err := os.Stat(d.Join(ConfigFile))
	return err == nil && stat.Mode().IsRegular()
}

// onlyStandard reports whether a folder holds nothing but files of a run, as
// one that was stopped before it had written its settings.
func onlyStandard(entries []os.DirEntry) bool {
	for _, e := range entries {
		if !slices.Contains(standard, e.Name()) {
			return false
		}
	}
	return true
}

// clear removes what standard names. The settings go last, so that a folder
// that could not be cleared is still known as a run.
func (d Dir) clear() error {
	for _, name := range slices.Backward(standard) {
		if err := os.RemoveAll(d.Join(name)); err != nil {
			return err
		}
	}
	return nil
}

func (d Dir) makeFolders() error {
	for _, name := range []string{FiguresDir, CheckpointsDir} {
		if err := os.MkdirAll(d.Join(name), 0o777); err != nil {
			return fmt.Errorf("cannot make the run folder: %w", err)
		}
	}
	return nil
}
