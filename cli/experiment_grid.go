package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"sslmem/cli/grid"
	"sslmem/cli/rundir"
	"sslmem/encoders"
	"sslmem/eval"
	"sslmem/mem"
	"sslmem/models"
)

// An experiment is a grid of runs, each in a folder of its own below that of the
// experiment, with runs/ in it and cells/ with what was found about each.
type experiment struct {
	name     string
	base     Settings
	console  *console
	grid     grid.Grid
	settings []string // of each cell, in words
}

// unitsMeasured bounds the training images that UnitMem is measured on.
const unitsMeasured = 500

// cell adds a cell.
func (e *experiment) cell(name, setting string, depends any, run func(ctx context.Context) (any, error)) {
	e.grid.Cells = append(e.grid.Cells, grid.Cell{Name: name, Settings: depends, Run: run})
	e.settings = append(e.settings, setting)
}

// open opens the run of a cell, with the given settings, where it was stopped, or
// makes it.
func (e *experiment) open(name string, s Settings) (*run, error) {
	path := e.runPath(name)
	if !exists(filepath.Join(path, rundir.ConfigFile)) {
		return newRun(s, e.console, "", path, true)
	}
	r, err := openRun(path, e.console)
	if err != nil {
		return nil, err
	}
	return r, r.useDevice("")
}

// pairs trains and scores the f/g pairs of a cell and measures them.
func (e *experiment) pairs(ctx context.Context, name string, s Settings) (*run, found, error) {
	r, err := e.open(name, s)
	if err != nil {
		return nil, found{}, err
	}
	r.console.begin(r.settings.Seeds * (len(r.roles())*r.trainingUnits() + r.scoringUnits()))
	err = r.experiment(ctx)
	r.console.end()
	if err != nil {
		return nil, found{}, err
	}
	scores, err := r.loadScores()
	if err != nil {
		return nil, found{}, err
	}
	summary, err := r.summarize(scores)
	if err != nil {
		return nil, found{}, err
	}
	f := memorized(summary, "")
	f.M = candidates(scores, scores.M(mem.Raw))
	for pair := range scores.Pairs {
		f.PairM = append(f.PairM, candidates(scores, scores.PairM(pair, mem.Raw)))
	}
	units, err := r.unitMem(ctx)
	if err != nil {
		return nil, found{}, err
	}
	f.Measures = append(f.Measures, units)
	accuracy, err := r.accuracy(ctx, roleF, extraTasks{})
	f.Measures = append(f.Measures, accuracy...)
	return r, f, err
}

// memorized is what a summary says of each pair. A note stands behind the names.
func memorized(s *mem.Summary, note string) (f found) {
	for _, pair := range [][2]mem.Set{{mem.Candidate, mem.External}, {mem.Candidate, mem.Independent}} {
		c, ok := s.Contrast(pair[0], pair[1])
		if !ok {
			continue
		}
		var difference []float64
		for _, p := range c.Pairs {
			difference = append(difference, float64(p.Difference))
		}
		name := fmt.Sprintf("m(%v) − m(%v)%s", pair[0], pair[1], note)
		f.Measures = append(f.Measures, newMeasure(name, difference...), newMeasure(fmt.Sprintf("d %v/%v%s", pair[0], pair[1], note), float64(c.D)))
	}
	for _, set := range s.Sets {
		if set.Set == mem.Candidate {
			if set.FractionAbove.Defined() {
				f.Measures = append(f.Measures, newMeasure("m > τ"+note, float64(set.FractionAbove)))
			}
			f.Measures = append(f.Measures, newMeasure("reliability"+note, float64(set.Reliability.SpearmanBrown)))
		}
	}
	return f
}

// candidates are the values of S_C out of those of all points.
func candidates(s *mem.Scores, m []float64) []float64 {
	var c []float64
	for _, at := range s.In(mem.Candidate) {
		c = append(c, m[at])
	}
	return c
}

// unitMem is the mean UnitMem of each f over its units, dead ones as 0.
func (r *run) unitMem(ctx context.Context) (measure, error) {
	var means []float64
	for pair := range r.settings.Seeds {
		l := layerJob{run: r, encoder: roleF.name(pair), at: pair}
		table, err := l.units(ctx, spread(r.trainingImages(roleF), unitsMeasured))
		if err != nil {
			return measure{}, fmt.Errorf("UnitMem of %s: %w", l.encoder, err)
		}
		sum, n := 0., 0
		for _, layer := range table.Layers() {
			if layer.Mean.Defined() {
				sum += float64(layer.Mean) * float64(layer.Units)
				n += layer.Units
			}
		}
		means = append(means, sum/float64(max(n, 1)))
	}
	return newMeasure("UnitMem", means...), nil
}

// extraTasks are what encoders are measured by beside k nearest neighbors and a linear
// probe on the images of their run.
type extraTasks struct {
	Transfer []string `json:"transfer"` // other data sets
	FineTune bool     `json:"finetune"`
	Dense    bool     `json:"dense"` // segmentation
}

// accuracy is how good the encoders of a role are on the images of the run and those
// of other data sets: k nearest neighbors, linear probe, and trained further.
func (r *run) accuracy(ctx context.Context, of role, extra extraTasks) ([]measure, error) {
	probe := liveProbe
	t := tasks{probe: &probe}
	knn, err := eval.KNNConvention("dino")
	if err != nil {
		return nil, err
	}
	t.knn = &knn
	if extra.FineTune {
		t.finetune = &fineTuning
	}
	var all []measure
	for at, name := range append([]string{r.settings.Data}, extra.Transfer...) {
		s := r.settings
		note := ""
		if at > 0 {
			s.Data, note = name, ", "+name
		}
		sets, err := openLabelled(s)
		if err != nil {
			return nil, err
		}
		values := map[string][]float64{}
		for seed := range r.settings.Seeds {
			results, err := r.evaluateSaved(ctx, r.encoderPath(of.name(seed)), sets, t, extra.Dense && at == 0)
			if err != nil {
				return nil, fmt.Errorf("evaluation of %s on %s: %w", of.name(seed), sets.name, err)
			}
			for kind, result := range results {
				values[kind] = append(values[kind], result)
			}
		}
		for _, kind := range []string{"kNN %", "probe %", "fine-tuned %", "mIoU %"} {
			if v := values[kind]; len(v) > 0 {
				all = append(all, newMeasure(kind+note, v...))
			}
		}
	}
	return all, nil
}

// fineTuning is that of sslmem eval.
var fineTuning = eval.FineTuneOptions{Optimizer: "adamw", LR: 1e-3, WeightDecay: .05, LabelSmoothing: .1, Epochs: 20, WarmupEpochs: 2, BatchSize: 64}

// evaluateSaved evaluates an encoder of the run and returns the results by kind.
func (r *run) evaluateSaved(ctx context.Context, path string, sets labelledSets, t tasks, dense bool) (map[string]float64, error) {
	c, err := r.modelConfig()
	if err != nil {
		return nil, err
	}
	e, err := encoders.Open(path, encoders.Options{Device: r.device, Config: c})
	if err != nil {
		return nil, err
	}
	defer e.Close()
	found, err := evaluateEncoder(ctx, e, sets, plainViews{}, t, r.device)
	if err != nil {
		return nil, err
	}
	results := map[string]float64{}
	if found.KNN != nil {
		results["kNN %"] = 100 * found.KNN.Top1
	}
	if found.Probe != nil {
		results["probe %"] = 100 * found.Probe.Top1
	}
	if found.FineTune != nil {
		results["fine-tuned %"] = 100 * found.FineTune.Top1
	}
	if dense {
		miou, err := denseAccuracy(ctx, e, sets, r.device)
		if err != nil {
			return nil, err
		}
		results["mIoU %"] = 100 * miou
	}
	return results, nil
}

// checkTransfer returns an error if the encoders of the settings cannot take the images of a
// data set.
func checkTransfer(s Settings, name string) error {
	images, err := openImages(s)
	if err != nil {
		return err
	}
	s.Data = name
	other, err := openImages(s)
	if err != nil {
		return err
	}
	if other.ClassNames() == nil {
		return fmt.Errorf("%s has no classes, so nothing can be transferred to it", name)
	}
	c, h, w := images.Shape()
	oc, oh, ow := other.Shape()
	if c != oc || models.TakesImageSize(s.Recipe.Model) && (h != oh || w != ow) {
		return fmt.Errorf("the images of %s are %d×%d×%d, and the encoders are trained on %d×%d×%d; choose another data set to transfer to", name, oc, oh, ow, c, h, w)
	}
	return nil
}
