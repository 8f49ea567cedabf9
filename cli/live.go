package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sslmem/cli/rundir"
	"sslmem/data"
	"sslmem/eval"
	"sslmem/ssl"
	"sslmem/torch"
)

// LiveSettings say how encoders are evaluated while they are trained, on images
// that they are not trained on. The training is the same to the bit without it.
type LiveSettings struct {
	Every  int `toml:"every" json:"every"`   // epochs from one evaluation to the next; the last epoch has one too; 0 for none
	Images int `toml:"images" json:"images"` // held-out images that are classified, at most
	Bank   int `toml:"bank" json:"bank"`     // training images that they are classified by, at most

	K           int     `toml:"k" json:"k"`                     // nearest neighbors, by the cosine
	Temperature float64 `toml:"temperature" json:"temperature"` // of their votes, exp(s/temperature)
	Probe       bool    `toml:"probe" json:"probe"`             // train a linear classifier too
}

func (l LiveSettings) check() error {
	switch {
	case l.Every < 0:
		return fmt.Errorf("live.every is %d but must be at least 0", l.Every)
	case l.Every == 0:
		return nil
	case l.Images < 2:
		return fmt.Errorf("live.images is %d but must be at least 2", l.Images)
	case l.Bank < 2:
		return fmt.Errorf("live.bank is %d but must be at least 2", l.Bank)
	}
	return l.neighbors(l.Bank).Check()
}

// neighbors are the options of kNN with so many images to choose from.
func (l LiveSettings) neighbors(bank int) eval.KNNOptions {
	return eval.KNNOptions{K: min(l.K, bank), Distance: eval.Cosine, Weights: eval.Exponential, Temperature: l.Temperature}
}

// liveProbe ends early: a live value need not be known to the last digit.
var liveProbe = eval.ProbeOptions{Method: "lbfgs", WeightDecay: 1e-3, Standardize: true, Tolerance: 1e-4, MaxIterations: 200}

// held are the images that a run is evaluated on while it trains.
type held struct {
	images data.Images
	index  []int
}

// openHeld finds the images for live evaluation: S_E of f/g pairs; else the test
// set of the data, if it has one with the same classes; else none, and a part of
// the training images must be kept out.
func (r *run) openHeld() error {
	s := r.settings
	if s.Live.Every == 0 || s.Pair && s.Splits.External > 0 {
		return nil
	}
	test, err := openTest(s)
	if err != nil {
		return err
	}
	if test != nil && slices.Equal(test.ClassNames(), r.data.ClassNames()) {
		r.held = &held{images: test, index: evenly(test.Len(), s.Live.Images)}
	} else if s.Pair {
		return errors.New("live evaluation needs images that neither f nor g is trained on; set splits.external, or live.every=0")
	}
	return nil
}

// keptOut is how many training images are kept out for live evaluation: a tenth at most.
func (r *run) keptOut() int {
	if r.settings.Live.Every == 0 || r.held != nil {
		return 0
	}
	return min(r.settings.Live.Images, max(2, r.data.Len()/10))
}

// heldOut returns the images for live evaluation.
func (r *run) heldOut() held {
	if r.held != nil {
		return *r.held
	}
	return held{images: r.data, index: firstOf(r.splits.External, r.settings.Live.Images)}
}

// evenly returns n of all places, evenly spread.
func evenly(all, n int) []int {
	n = min(n, all)
	index := make([]int, n)
	for k := range index {
		index[k] = k * all / n
	}
	return index
}

func firstOf(index []int, n int) []int { return index[:min(n, len(index))] }

// labelled returns those of some images that have a class, none if they are all of one.
func labelled(images data.Images, index []int) []int {
	var with []int
	classes := map[int]bool{}
	if images.ClassNames() == nil {
		return nil
	}
	for _, i := range index {
		if label := images.Label(i); label >= 0 {
			with = append(with, i)
			classes[label] = true
		}
	}
	if len(classes) < 2 {
		return nil
	}
	return with
}

// bank returns the training images that classify the others; those of a set are
// in random order.
func (r *run) bank(e role) []int {
	return labelled(r.data, firstOf(r.trainingImages(e), r.settings.Live.Bank))
}

// isLive reports whether the encoders are evaluated after an epoch.
func (r *run) isLive(epoch int) bool {
	every := r.settings.Live.Every
	return every > 0 && (epoch%every == 0 || epoch == r.settings.Recipe.Epochs)
}

// liveUnits is the work of the evaluations of one encoder after the epochs before
// and up to last.
func (r *run) liveUnits(last int) int {
	n := 0
	for epoch := 1; epoch <= last; epoch++ {
		if r.isLive(epoch) {
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return n * (len(r.heldOut().index) + len(r.bank(r.roles()[0])))
}

// evaluateLive measures an encoder in training on the images that are held out.
// The values are the columns knn, probe (shares of correct classes), rankme and
// spread; those that the labels do not allow are missing.
func (r *run) evaluateLive(ctx context.Context, e role, encoder eval.Encoder) (map[string]float64, error) {
	s := torch.NewScope()
	defer s.Close()
	fitted, err := r.fitted()
	if err != nil {
		return nil, err
	}
	out := r.heldOut()
	o := eval.FeatureOptions{Augment: fitted.Augment, BatchSize: r.settings.Score.BatchSize, Device: r.device, Index: out.index}
	test, err := eval.Features(ctx, s, encoder, out.images, o)
	if err != nil {
		return nil, err
	}
	values := map[string]float64{}
	if values["rankme"], err = eval.RankMe(test.X); err != nil {
		return nil, err
	}
	if values["spread"], err = eval.Spread(test.X); err != nil {
		return nil, err
	}
	bank := r.bank(e)
	if len(bank) == 0 || len(labelled(out.images, out.index)) < len(out.index) {
		return values, nil
	}
	o.Index = bank
	train, err := eval.Features(ctx, s, encoder, r.data, o)
	if err != nil {
		return nil, err
	}
	knn, err := eval.KNN(ctx, train, test, r.settings.Live.neighbors(len(bank)))
	if err != nil {
		return nil, err
	}
	values["knn"] = knn.Top1
	if r.settings.Live.Probe {
		probe, err := eval.LinearProbe(ctx, train, test, liveProbe)
		if err != nil {
			return nil, err
		}
		values["probe"] = probe.Top1
	}
	return values, nil
}

// live evaluates an encoder after an epoch, if it is due, adds the values to a row
// of metrics and tells them. What fails is told and does not end the training. The
// values of a training that is being stopped are measured still, as those of the
// epoch would be missing after it is resumed.
func (r *run) live(ctx context.Context, l *ssl.Loop, e role, name string, p ssl.Progress, t ssl.Trainer, row map[string]float64) {
	if !r.isLive(p.Epoch) {
		return
	}
	values, err := r.evaluateLive(context.WithoutCancel(ctx), e, t.Encoder())
	if err != nil {
		r.console.warn(fmt.Sprintf("%s could not be evaluated after epoch %d: %v", name, p.Epoch, err))
		return
	}
	for key, value := range values {
		row[key] = value
	}
	width := t.Encoder().Features()
	l.ObserveRank(values["rankme"], width)
	r.console.live(name, p, liveText(values, width), r.liveUnits(p.Epoch)-r.liveUnits(p.Epoch-1))
}

// A liveResult is the last evaluation of an encoder in training.
type liveResult struct {
	Encoder string             `json:"encoder"`
	Epoch   int                `json:"epoch"`
	Values  map[string]float64 `json:"values"`
}

var liveColumns = []string{"knn", "probe", "rankme", "spread"}

// liveResults reads the last evaluations of all encoders from the metrics.
func (r *run) liveResults() ([]liveResult, error) {
	rows, err := rundir.ReadMetrics(r.dir.Join(rundir.MetricsFile))
	if err != nil {
		return nil, err
	}
	var results []liveResult
	for seed := range r.settings.Seeds {
		for _, e := range r.roles() {
			last := liveResult{Encoder: e.name(seed)}
			for _, row := range rows {
				if _, there := row.Values["rankme"]; !there || row.Model != last.Encoder {
					continue
				}
				last.Epoch, last.Values = int(row.Values["epoch"]), map[string]float64{}
				for _, key := range liveColumns {
					if value, ok := row.Values[key]; ok {
						last.Values[key] = value
					}
				}
			}
			if last.Values != nil {
				results = append(results, last)
			}
		}
	}
	return results, nil
}

// liveText says the values of an evaluation, as "knn 71.4 %  rank 96/128"; without
// the number of features if width is 0.
func liveText(values map[string]float64, width int) string {
	var parts []string
	for _, key := range []string{"knn", "probe"} {
		if value, ok := values[key]; ok {
			parts = append(parts, fmt.Sprintf("%s %.1f %%", key, 100*value))
		}
	}
	if rank, ok := values["rankme"]; ok {
		text := fmt.Sprintf("rank %.0f", rank)
		if width > 0 {
			text += fmt.Sprintf("/%d", width)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "  ")
}
