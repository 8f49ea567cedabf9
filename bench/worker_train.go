package main

import (
	"fmt"
	"iter"

	"sslmem/data/augment"
	"sslmem/ssl"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// A trainWorker takes the same step over and over, as [ssl.Loop] takes it.
type trainWorker struct {
	c      stepCase
	engine *ssl.Engine
	batch  ssl.HostBatch
}

// newTrainWorker builds a case and writes its weights and views to a file.
func newTrainWorker(name, path string) (*trainWorker, error) {
	c, err := lookup(name)
	if err != nil {
		return nil, err
	}
	c.recipe.Epochs, c.recipe.Optimizer.WarmupEpochs = forever, 0
	engine, err := ssl.NewEngine(c.recipe, ssl.EngineOptions{Channels: c.channels, Classes: classes, PerEpoch: forever, Seed: seed})
	if err != nil {
		return nil, err
	}
	w := &trainWorker{c: c, engine: engine, batch: ssl.HostBatch{Pixels: c.views(), Index: make([]int, c.recipe.BatchSize)}}
	for i := range w.batch.Index {
		w.batch.Index[i] = i
	}
	if m, err := ssl.LookupMethod(c.recipe.Method); err == nil && m.Labels {
		for i := range w.batch.Index {
			w.batch.Labels = append(w.batch.Labels, int64(i%classes))
		}
	}
	if err := torch.SaveSafetensors(path, w.start(), nil); err != nil {
		return nil, fmt.Errorf("cannot hand the weights over: %w", err)
	}
	return w, nil
}

// forever is more epochs, and steps of one, than are measured: the learning rate
// stays at that of the recipe.
const forever = 1 << 20

// start yields what the other side needs: the weights, and the batch under
// "batch.".
func (w *trainWorker) start() iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		for name, t := range nn.State(w.engine.Trainer) {
			if !yield(name, t) {
				return
			}
		}
		s := torch.NewScope()
		defer s.Close()
		n := w.c.shape()
		views := torch.FromSlice(s, w.batch.Pixels, n[0], n[2], n[3], n[1]).Permute([]int{0, 3, 1, 2})
		if !yield("batch.views", views) {
			return
		}
		if w.batch.Labels != nil && !yield("batch.labels", torch.FromSlice(s, w.batch.Labels)) {
			return
		}
		if m, ok := w.engine.Trainer.(ssl.Masker); ok {
			yield("batch.order", w.order(s, m.Mask()))
		}
	}
}

// order is that of the patches, as the engine draws it for the batch.
func (w *trainWorker) order(s *torch.Scope, m augment.Mask) *torch.Tensor {
	size, n := w.c.recipe.Augment.Size, len(w.batch.Index)
	var all []int64
	for v := range w.c.shape()[0] / n {
		drawn := make([]int, n*m.Patches(size))
		m.Batch(drawn, augment.Key{Seed: ssl.ViewSeed(seed), View: v}, w.batch.Index)
		for _, p := range drawn {
			all = append(all, int64(p))
		}
	}
	return torch.FromSlice(s, all, w.c.shape()[0], m.Patches(size))
}

// steps takes n steps and returns the loss of the last.
func (w *trainWorker) steps(n int) (loss float64) {
	for range n {
		w.engine.Step(w.batch)
		loss = w.engine.TakeLoss()
	}
	return loss
}
