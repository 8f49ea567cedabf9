package ssl

import (
	"slices"
	"testing"

	"sslmem/torch"
	"sslmem/torch/nn"
)

// FirstGradients returns the loss and the gradients of a training's first step whose
// batch is computed in the given number of parts. In evaluation, batch norm uses the
// statistics of its start.
func FirstGradients(l *Loop, parts int, training bool) (loss float64, grads map[string][]float32, err error) {
	defer torch.LockThread()()
	st, err := l.start()
	if err != nil {
		return 0, nil, err
	}
	defer st.Free()
	nn.SetTraining(st.Trainer, training)
	loader := startLoader(l.Data, newPlan(l.Index, l.Recipe.BatchSize, l.Seed, l.ranks()), st.recipe, 0, 1)
	defer loader.Stop()
	batch, err := loader.Next()
	if err != nil {
		return 0, nil, err
	}
	h := l.hostBatch(batch)
	st.gradients(parts, func(s *torch.Scope, part int) Batch { return st.batch(s, h, part, parts) })
	st.journal.close(1)
	grads = map[string][]float32{}
	for name, g := range gradients(st.Trainer) {
		grads[name] = torch.ToSlice[float32](g)
	}
	st.opt.ZeroGrad()
	return st.TakeLoss(), grads, nil
}

// StepImages returns the images of a step of a training.
func StepImages(l *Loop, step int) []int {
	p := newPlan(l.Index, l.Recipe.BatchSize, l.Seed, l.ranks())
	images, _ := p.step(step)
	return slices.Clone(images)
}

// FirstRates returns the learning rates of the first three steps of a training.
func FirstRates(t *testing.T, l *Loop) (rates []float64) {
	t.Helper()
	st, err := l.start()
	if err != nil {
		t.Fatal(err)
	}
	defer st.Free()
	for st.step = range 3 {
		rates = append(rates, st.LR())
	}
	return rates
}
