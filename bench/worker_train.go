package main

import (
	"fmt"
	"iter"

	"sslmem/ssl"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/optim"
)

// A trainWorker takes the same step over and over, as [ssl.Loop] takes it.
type trainWorker struct {
	c       stepCase
	trainer ssl.Trainer
	opt     *optim.Adam
	pixels  []float32 // of the views, [2B, H, W, C]
	taken   int
}

// newTrainWorker builds a case and writes its weights and views to a file.
func newTrainWorker(name, path string) (*trainWorker, error) {
	c, err := lookup(name)
	if err != nil {
		return nil, err
	}
	trainer, err := ssl.New(c.recipe, c.channels, seed)
	if err != nil {
		return nil, err
	}
	w := &trainWorker{c: c, trainer: trainer, pixels: c.views()}
	if err := torch.SaveSafetensors(path, w.start(), nil); err != nil {
		return nil, fmt.Errorf("cannot hand the weights over: %w", err)
	}
	nn.To(trainer, torch.CPU, torch.ChannelsLast)
	w.opt = optim.NewAdam(nn.Tensors(trainer), optim.AdamOptions{WeightDecay: c.recipe.WeightDecay})
	return w, nil
}

// start yields what the other side needs: the weights and "views".
func (w *trainWorker) start() iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		for name, t := range nn.State(w.trainer) {
			if !yield(name, t) {
				return
			}
		}
		yield("views", w.views(torch.Root))
	}
}

// views makes a tensor of the pixels, [2B, C, H, W] with the channels last.
func (w *trainWorker) views(s *torch.Scope) *torch.Tensor {
	n := w.c.shape()
	return torch.FromSlice(s, w.pixels, n[0], n[2], n[3], n[1]).Permute([]int{0, 3, 1, 2})
}

// steps takes n steps and returns the loss of the last.
func (w *trainWorker) steps(n int) (loss float64) {
	for range n {
		loss = w.step()
	}
	return loss
}

func (w *trainWorker) step() float64 {
	s := torch.NewScope()
	defer s.Close()
	loss := w.trainer.Loss(ssl.Batch{Views: w.views(s), Size: w.c.recipe.BatchSize})
	loss.Backward()
	w.opt.Step(w.c.recipe.LR)
	w.opt.ZeroGrad()
	w.trainer.AfterStep(w.taken)
	w.taken++
	return loss.Item()
}
