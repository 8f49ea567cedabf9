package main

import (
	"fmt"
	"iter"

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
	engine, err := ssl.NewEngine(c.recipe, ssl.EngineOptions{Channels: c.channels, PerEpoch: forever, Seed: seed})
	if err != nil {
		return nil, err
	}
	w := &trainWorker{c: c, engine: engine, batch: ssl.HostBatch{Pixels: c.views(), Index: make([]int, c.recipe.BatchSize)}}
	if err := torch.SaveSafetensors(path, w.start(), nil); err != nil {
		return nil, fmt.Errorf("cannot hand the weights over: %w", err)
	}
	return w, nil
}

// forever is more epochs, and steps of one, than are measured: the learning rate
// stays at that of the recipe.
const forever = 1 << 20

// start yields what the other side needs: the weights and "views".
func (w *trainWorker) start() iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		for name, t := range nn.State(w.engine.Trainer) {
			if !yield(name, t) {
				return
			}
		}
		n := w.c.shape()
		yield("views", torch.FromSlice(torch.Root, w.batch.Pixels, n[0], n[2], n[3], n[1]).Permute([]int{0, 3, 1, 2}))
	}
}

// steps takes n steps and returns the loss of the last.
func (w *trainWorker) steps(n int) (loss float64) {
	for range n {
		w.engine.Step(w.batch)
		loss = w.engine.TakeLoss()
	}
	return loss
}
