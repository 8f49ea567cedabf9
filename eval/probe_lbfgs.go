package eval

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/optimize"

	"sslmem/torch"
)

// fitLBFGS moves c to the optimum of the cross entropy with weight decay, by
// L-BFGS over all images in float64 from where c is.
func fitLBFGS(ctx context.Context, c *classifier, train Set, o ProbeOptions) (f fit, err error) {
	s := torch.NewScope()
	defer s.Close()
	var l *logistic
	var start []float64
	if err := torch.Try(func() {
		l = &logistic{c: c, x: train.X, y: labelTensor(s, train), decay: o.WeightDecay}
		start = append(torch.ToSlice[float64](c.weight), torch.ToSlice[float64](c.bias)...)
	}); err != nil {
		return f, fmt.Errorf("eval: linear probe: %w", err)
	}
	settings := &optimize.Settings{
		GradientThreshold: cmp.Or(o.Tolerance, 1e-6),
		MajorIterations:   cmp.Or(o.MaxIterations, 1000),
		Converger:         optimize.NeverTerminate{},
	}
	best, steps, err := minimize(ctx, start, l.lossAndGradient, settings)
	if err != nil {
		return f, err
	}
	gradient := make([]float64, len(best))
	loss, err := l.lossAndGradient(best, gradient)
	if err != nil {
		return f, err
	}
	f = fit{loss: loss - l.penalty(best), steps: steps}
	for _, g := range gradient {
		f.gradient = max(f.gradient, math.Abs(g))
	}
	err = torch.Try(func() {
		n := c.weight.Numel()
		c.weight.CopyFrom(torch.FromSlice(s, best[:n], c.weight.Shape()...))
		c.bias.CopyFrom(torch.FromSlice(s, best[n:], c.bias.Shape()...))
	})
	return f, err
}

// labelTensor returns the labels of a set, int64 [N] in s, on the device of the
// features.
func labelTensor(s *torch.Scope, set Set) *torch.Tensor {
	places := make([]int64, len(set.Labels))
	for i, l := range set.Labels {
		places[i] = int64(l)
	}
	return torch.FromSlice(s, places, len(places)).ToDevice(set.X.Device())
}

// logistic is the objective of multinomial logistic regression as a function of
// the weights, in row-major order, followed by the biases.
type logistic struct {
	c     *classifier
	x, y  *torch.Tensor
	decay float64
}

// penalty returns λ/2·‖W‖².
func (l *logistic) penalty(at []float64) float64 {
	var sum float64
	for _, w := range at[:l.c.weight.Numel()] {
		sum += w * w
	}
	return l.decay / 2 * sum
}

// lossAndGradient returns the objective and writes its gradient.
func (l *logistic) lossAndGradient(at, gradient []float64) (loss float64, err error) {
	err = torch.Try(func() {
		torch.NoGrad(func() { loss = l.mustLossAndGradient(at, gradient) })
	})
	if err != nil {
		return 0, fmt.Errorf("eval: linear probe: %w", err)
	}
	return loss, nil
}

// mustLossAndGradient goes over the images in chunks. With the probabilities P
// and the one-hot labels Y the gradient is (P − Y)ᵀX/N by the weights, and the
// mean of P − Y by the biases.
func (l *logistic) mustLossAndGradient(at, gradient []float64) float64 {
	s := torch.NewScope()
	defer s.Close()
	n, weights, classes := l.x.Size(0), l.c.weight.Numel(), l.c.bias.Numel()
	device := l.x.Device()
	w := torch.FromSlice(s, at[:weights], l.c.weight.Shape()...).ToDevice(device)
	b := torch.FromSlice(s, at[weights:], classes).ToDevice(device)
	loss, gw, gb := s.Zeros([]int{}, torch.Float64, device), w.ZerosLike(), b.ZerosLike()
	for from := 0; from < n; from += chunkRows {
		func() {
			in := s.Child()
			defer in.Close()
			rows := min(chunkRows, n-from)
			x := l.c.features(in.Use(l.x).Narrow(0, from, rows).ToDType(torch.Float64))
			y := in.Use(l.y).Narrow(0, from, rows)
			logits := x.Linear(w, b)
			loss.AddInPlace(logits.CrossEntropyLoss(y, nil, torch.ReduceSum, -100, 0), 1)
			p := logits.Softmax(1).SubInPlace(y.OneHot(classes).ToDType(torch.Float64), 1)
			gw.AddInPlace(p.T().Mm(x), 1)
			gb.AddInPlace(p.SumDim([]int{0}, false), 1)
		}()
	}
	scale := 1 / float64(n)
	gw.MulScalarInPlace(scale).AddInPlace(w, l.decay)
	copy(gradient, torch.ToSlice[float64](gw))
	copy(gradient[weights:], torch.ToSlice[float64](gb.MulScalarInPlace(scale)))
	return loss.Item()*scale + l.penalty(at)
}

// minimize minimizes a function from start on and returns the best place and
// the number of iterations. Not to get as far as the settings ask for is no
// error. Gonum calls functions from goroutines of its own; fn is called from
// the one of minimize, which may be locked to a thread.
func minimize(ctx context.Context, start []float64, fn func(at, gradient []float64) (float64, error), settings *optimize.Settings) (best []float64, steps int, err error) {
	running, stop := context.WithCancel(ctx)
	defer stop()
	type answer struct {
		at, gradient []float64
		value        float64
	}
	questions, answers := make(chan []float64), make(chan answer)
	var last answer
	ask := func(at []float64) answer { // Gonum asks for value and gradient one by one
		if !slices.Equal(at, last.at) {
			questions <- slices.Clone(at)
			last = <-answers
		}
		return last
	}
	problem := optimize.Problem{
		Func: func(at []float64) float64 { return ask(at).value },
		Grad: func(gradient, at []float64) { copy(gradient, ask(at).gradient) },
		Status: func() (optimize.Status, error) {
			if err := running.Err(); err != nil {
				return optimize.Failure, err
			}
			return optimize.NotTerminated, nil
		},
	}
	var result *optimize.Result
	done := make(chan struct{})
	go func() {
		defer close(done)
		// Where rounding ends a line search, the result is the best so far.
		result, _ = optimize.Minimize(problem, start, settings, &optimize.LBFGS{})
	}()
	for {
		select {
		case at := <-questions:
			a := answer{at: at, gradient: make([]float64, len(at)), value: math.NaN()}
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				a.value, err = fn(at, a.gradient)
			}
			if err != nil {
				stop()
			}
			answers <- a
		case <-done:
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return nil, 0, err
			}
			return result.X, result.MajorIterations, nil
		}
	}
}
