package cli

import (
	"context"
	"runtime"
	"sync"

	"sslmem/cli/rundir"
	"sslmem/torch"
)

// together runs fn for 0 … n−1 at the same time and waits for all. The first
// error ends the context of the others and is returned.
func together(ctx context.Context, n int, fn func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var once sync.Once
	var first error
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := fn(ctx, i); err != nil {
				once.Do(func() { first = err })
				cancel(err)
			}
		})
	}
	wg.Wait()
	return first
}

// Small networks do not keep two cores busy: operations are too short to be
// divided. So each encoder computes with few threads, and the two encoders of
// a pair, or several pairs, are trained at the same time. With a fixed number
// of threads an encoder comes out the same on every number of cores.

// useThreads sets the threads of one encoder.
func (r *run) useThreads() {
	if r.settings.Threads > 0 {
		torch.SetNumThreads(r.settings.Threads)
	}
}

// encodersAtOnce is how many encoders are trained at the same time.
func (r *run) encodersAtOnce() int {
	if r.device.Type != torch.CPUType || r.settings.Threads == 0 {
		return 1
	}
	return max(1, runtime.NumCPU()/r.settings.Threads)
}

func (r *run) pairsAtOnce() int {
	return min(max(1, r.encodersAtOnce()/len(r.roles())), r.settings.Seeds)
}

// sharedMetrics lets several trainings write the metrics of a run.
type sharedMetrics struct {
	mu sync.Mutex
	m  *rundir.Log
}

func (s *sharedMetrics) rewind(model string, step int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.m.Rewind(model, step)
}

func (s *sharedMetrics) append(row rundir.Row) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.m.Append(row)
}

func (s *sharedMetrics) sync() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.m.Sync()
}

// trainPair trains what is not trained yet of a pair.
func (r *run) trainPair(ctx context.Context, pair int) error {
	if r.encodersAtOnce() > 1 {
		return together(ctx, len(r.roles()), func(ctx context.Context, i int) error { return r.train(ctx, r.roles()[i], pair) })
	}
	for _, e := range r.roles() {
		if err := r.train(ctx, e, pair); err != nil {
			return err
		}
	}
	return nil
}
