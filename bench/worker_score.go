package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"sslmem/bench/worker"
	"sslmem/cli"
	"sslmem/data"
	"sslmem/data/atomicfile"
	"sslmem/data/rng"
	"sslmem/mem"
	"sslmem/models"
	"sslmem/ssl"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// A scoreWorker scores points over and over, as `sslmem score` does.
type scoreWorker struct {
	images *data.Dataset
	f, g   models.Backbone
	scorer mem.Scorer
	path   string
	seed   uint64 // of the views, others each time
}

// newScoreWorker builds the encoders of a case and writes them to a file, with the
// images, and with views for a comparison of the scores.
func newScoreWorker(name, path string) (map[string]worker.Action, error) {
	c, err := lookupScore(name)
	if err != nil {
		return nil, err
	}
	w := &scoreWorker{path: path, scorer: mem.Scorer{Augment: c.views, Views: scoreViews, Distance: mem.L2, BatchSize: 512}}
	if w.images, err = c.images(); err != nil {
		return nil, err
	}
	for i, e := range []*models.Backbone{&w.f, &w.g} {
		if *e, err = models.New(c.encoder, torch.NewGenerator(uint64(i), torch.CPU)); err != nil {
			return nil, err
		}
		nn.To(*e, torch.CPU, torch.ChannelsLast)
		nn.SetTraining(*e, false)
	}
	seen := &recorder{Encoder: w.f}
	if _, err := w.pair(seen, w.first(scorePoints)); err != nil {
		return nil, err
	}
	defer seen.scope.Close()
	if err := torch.SaveSafetensors(path, w.start(seen.views), nil); err != nil {
		return nil, fmt.Errorf("cannot hand the encoders over: %w", err)
	}
	return map[string]worker.Action{"same": w.same, "score": w.score}, nil
}

// A recorder is an encoder that keeps the views of its only batch.
type recorder struct {
	mem.Encoder
	scope *torch.Scope
	views *torch.Tensor
}

func (r *recorder) Forward(x *torch.Tensor) *torch.Tensor {
	r.scope = torch.NewScope()
	r.views = torch.FromSlice(r.scope, torch.ToSlice[float32](x), x.Shape()...)
	return r.Encoder.Forward(x)
}

// start yields what the other sides need.
func (w *scoreWorker) start(views *torch.Tensor) iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		for i, e := range []models.Backbone{w.f, w.g} {
			for name, t := range nn.State(e) {
				if !yield("fg"[i:i+1]+"."+name, t) {
					return
				}
			}
		}
		s := torch.NewScope()
		defer s.Close()
		n := min(w.images.Len(), 4*scorePoints)
		if yield("views", views) {
			yield("images", torch.FromSlice(s, w.images.Pixels[:n*w.images.C*w.images.H*w.images.W], n, w.images.C, w.images.H, w.images.W))
		}
	}
}

// first returns the indices of n points, over and over the images that all sides have.
func (w *scoreWorker) first(n int) []int {
	index := make([]int, n)
	for i := range index {
		index[i] = i % min(w.images.Len(), 4*scorePoints)
	}
	return index
}

// pair scores points with f, or what stands for it, and g.
func (w *scoreWorker) pair(f mem.Encoder, index []int) (mem.PairLoss, error) {
	w.scorer.Seed = w.seed
	return w.scorer.Pair(context.Background(), f, w.g, w.images, index, w.seed)
}

// same scores the points whose views the other sides have too, leaves the scores in a
// file and returns their mean.
func (w *scoreWorker) same(int) float64 {
	w.seed = 0
	l, err := w.pair(w.f, w.first(scorePoints))
	if err != nil {
		panic(err) // it went well at the start
	}
	m := differences(l)
	if err := atomicfile.Write(scoresOf(w.path, oursName), func(out io.Writer) error {
		for _, v := range m {
			if _, err := fmt.Fprintln(out, v); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		panic(err) // the folder is of this program
	}
	return stat.Mean(m, nil)
}

// score scores n times scorePoints points by new views and returns the mean of m.
func (w *scoreWorker) score(n int) float64 {
	w.seed++
	l, err := w.pair(w.f, w.first(n*scorePoints))
	if err != nil {
		panic(err) // it went well at the start
	}
	return stat.Mean(differences(l), nil)
}

// differences are L_g − L_f.
func differences(l mem.PairLoss) []float64 {
	m := slices.Clone(l.G)
	for i := range m {
		m[i] -= l.F[i]
	}
	return m
}

// How the noise of the estimators is measured: on encoders of some trained images.
const (
	noiseImages  = 400
	noiseEpochs  = 20
	noiseRepeats = 40
)

// estimators measures how much of m is noise of the views by each rule, with a pair of
// encoders of the demo's recipe, trained for some epochs.
func estimators() ([]estimator, error) {
	d, _, err := data.FashionMNIST()
	if err != nil {
		return nil, err
	}
	index := make([]int, noiseImages)
	for i := range index {
		index[i] = i
	}
	r := cli.Defaults().Recipe
	r.Epochs, r.Optimizer.WarmupEpochs = noiseEpochs, 2
	var encoders [2]models.Backbone
	for i := range encoders {
		l := ssl.Loop{Recipe: r, Data: d, Index: index, Seed: uint64(i), Device: torch.CPU}
		trainer, err := l.Run(context.Background())
		if err != nil {
			return nil, err
		}
		defer ssl.Free(trainer)
		encoders[i] = trainer.Encoder()
		nn.SetTraining(encoders[i], false)
	}
	var all []estimator
	for _, rule := range []mem.ViewRule{mem.DisjointViews, mem.AllViewPairs, mem.RawAnchor} {
		draws := make([][]float64, noiseImages) // of m, by point
		for repeat := range uint64(noiseRepeats) {
			c := mem.Scorer{Augment: r.Augment, Views: scoreViews, Distance: mem.L2, Rule: rule, BatchSize: 512, Seed: rng.Sub(seed, repeat)}
			l, err := c.Pair(context.Background(), encoders[0], encoders[1], d, index, repeat)
			if err != nil {
				return nil, err
			}
			for i, m := range differences(l) {
				draws[i] = append(draws[i], m)
			}
		}
		variance := 0.
		for _, m := range draws {
			variance += stat.Variance(m, nil) / noiseImages
		}
		all = append(all, estimator{Rule: rule, SE: math.Sqrt(variance)})
	}
	for i := range all {
		all[i].Views = all[i].viewsFor(all[0].SE)
	}
	return all, nil
}
