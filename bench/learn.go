package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"gonum.org/v1/gonum/stat"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/eval"
	"sslmem/models"
	"sslmem/ssl"
	"sslmem/ssl/recipes"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// What part learn trains: the recipes of the demo's size, on more images for
// fewer epochs; ResNet-9s twice as wide, and of views that leave more out, as it is
// classes and not images that shall be told apart.
const (
	learnSeeds  = 3
	learnWarmup = 2
	learnWidth  = 16
	learnScale  = .2
)

// learned is what a method taught an encoder.
type learned struct {
	Method string `json:"method"`
	Seed   uint64 `json:"seed"`
	// Accuracies on the test images, and those of the encoder before its training.
	KNN         float64 `json:"knn"`
	RandomKNN   float64 `json:"random_knn"`
	Probe       float64 `json:"probe"`
	RandomProbe float64 `json:"random_probe"`
	// RankMe and the spread of the features, see package eval; Dim is their number.
	RankMe       float64 `json:"rankme"`
	RandomRankMe float64 `json:"random_rankme"`
	Spread       float64 `json:"spread"`
	Dim          int     `json:"dim"`
	Seconds      float64 `json:"seconds"` // of the training
}

// learn trains an encoder with each method for each seed and looks at it.
func (b *bench) learn() ([]learned, error) {
	train, test, err := data.FashionMNIST()
	if err != nil {
		return nil, err
	}
	torch.SetNumThreads(1) // as the demo trains small networks
	var jobs []learned
	for _, method := range b.methodNames() {
		for seed := range uint64(learnSeeds) {
			jobs = append(jobs, learned{Method: method, Seed: seed})
		}
	}
	next := make(chan int, len(jobs))
	for i := range jobs {
		next <- i
	}
	close(next)
	failed := make(chan error)
	for range b.threads {
		go func() {
			defer torch.LockThread()()
			for i := range next {
				measuring(fmt.Sprintf("%s, seed %d", jobs[i].Method, jobs[i].Seed))
				if err := jobs[i].run(train, test, b.learnEpochs); err != nil {
					failed <- fmt.Errorf("%s, seed %d: %w", jobs[i].Method, jobs[i].Seed, err)
					return
				}
				printLearned(os.Stderr, jobs[i:i+1])
			}
			failed <- nil
		}()
	}
	for range b.threads {
		if e := <-failed; e != nil {
			err = e
		}
	}
	return jobs, err
}

// methodNames are the methods to measure.
func (b *bench) methodNames() []string {
	if b.methods == "" {
		return ssl.MethodNames()
	}
	return strings.Split(b.methods, ",")
}

// run fills in what a training teaches.
func (l *learned) run(train, test *data.Dataset, epochs int) error {
	e, err := recipes.Demo(l.Method)
	if err != nil {
		return err
	}
	r := e.Recipe
	if start, ok := r.Options["limiter_start_epoch"].(int64); ok { // in the same part of the training
		r = r.With("limiter_start_epoch", start*int64(epochs)/int64(r.Epochs))
	}
	r.Epochs, r.Optimizer.WarmupEpochs = epochs, min(learnWarmup, float64(epochs)/2)
	if r.Model == "resnet9" {
		r.Width = learnWidth
		for _, view := range []*augment.Recipe{&r.Augment, r.Second} {
			if view != nil && view.ScaleMin > learnScale {
				view.ScaleMin = learnScale
			}
		}
	}
	index := make([]int, train.Len())
	for i := range index {
		index[i] = i
	}
	if r, err = r.Fit(train); err != nil {
		return err
	}
	before, err := ssl.New(r, train.C, len(train.ClassNames()), l.Seed)
	if err != nil {
		return err
	}
	nn.SetTraining(before, false)
	l.RandomKNN, l.RandomProbe, l.RandomRankMe, _, err = examine(before.Encoder(), r, train, test)
	ssl.Free(before)
	if err != nil {
		return err
	}
	began := time.Now()
	loop := ssl.Loop{Recipe: r, Data: train, Index: index, Seed: l.Seed, Device: torch.CPU}
	after, err := loop.Run(context.Background())
	if err != nil {
		return err
	}
	defer ssl.Free(after)
	l.Seconds, l.Dim = time.Since(began).Seconds(), after.Encoder().Features()
	l.KNN, l.Probe, l.RankMe, l.Spread, err = examine(after.Encoder(), r, train, test)
	return err
}

// examine returns what the features of an encoder are worth.
func examine(encoder models.Backbone, r ssl.Recipe, train, test *data.Dataset) (knn, probe, rank, spread float64, err error) {
	s := torch.NewScope()
	defer s.Close()
	ctx := context.Background()
	o := eval.FeatureOptions{Augment: r.Augment, BatchSize: 250, Device: torch.CPU}
	a, err := eval.Features(ctx, s, encoder, train, o)
	if err != nil {
		return 0, 0, 0, 0, err
	}
	b, err := eval.Features(ctx, s, encoder, test, o)
	if err != nil {
		return 0, 0, 0, 0, err
	}
	neighbors, err := eval.KNNConvention("dino")
	if err != nil {
		return 0, 0, 0, 0, err
	}
	byNeighbors, err := eval.KNN(ctx, a, b, neighbors)
	if err != nil {
		return 0, 0, 0, 0, err
	}
	byProbe, err := eval.LinearProbe(ctx, a, b, eval.ProbeOptions{Method: "lbfgs", WeightDecay: 1e-3, Standardize: true})
	if err != nil {
		return 0, 0, 0, 0, err
	}
	if rank, err = eval.RankMe(b.X); err != nil {
		return 0, 0, 0, 0, err
	}
	spread, err = eval.Spread(b.X)
	return byNeighbors.Top1, byProbe.Top1, rank, spread, err
}

// printLearned writes a table with a row for each method: means over the seeds,
// and the least margin of any seed.
func printLearned(out io.Writer, all []learned) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "method\tkNN\trandom\tleast margin\tprobe\trandom\tleast margin\tRankMe\trandom\tspread·√D\ts\t")
	for len(all) > 0 {
		n := slices.IndexFunc(all, func(l learned) bool { return l.Method != all[0].Method })
		if n < 0 {
			n = len(all)
		}
		seeds := all[:n]
		all = all[n:]
		of := func(value func(l learned) float64) []float64 {
			var v []float64
			for _, l := range seeds {
				v = append(v, value(l))
			}
			return v
		}
		mean := func(value func(l learned) float64) float64 { return stat.Mean(of(value), nil) }
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%+.1f\t%.1f\t%.1f\t%+.1f\t%.1f\t%.1f\t%.2f\t%.0f\t\n", seeds[0].Method,
			100*mean(func(l learned) float64 { return l.KNN }), 100*mean(func(l learned) float64 { return l.RandomKNN }),
			100*slices.Min(of(func(l learned) float64 { return l.KNN - l.RandomKNN })),
			100*mean(func(l learned) float64 { return l.Probe }), 100*mean(func(l learned) float64 { return l.RandomProbe }),
			100*slices.Min(of(func(l learned) float64 { return l.Probe - l.RandomProbe })),
			mean(func(l learned) float64 { return l.RankMe }), mean(func(l learned) float64 { return l.RandomRankMe }),
			mean(func(l learned) float64 { return l.Spread * math.Sqrt(float64(l.Dim)) }), mean(func(l learned) float64 { return l.Seconds }))
	}
	w.Flush()
}
