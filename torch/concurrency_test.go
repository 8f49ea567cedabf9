package torch_test

import (
	"math"
	"runtime"
	"sync"
	"testing"
	"time"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// TestConcurrency computes on 16 goroutines, each in scopes of its own, with
// shared weights in the root scope, while the collector runs all the time.
// Some results are left to the collector.
func TestConcurrency(t *testing.T) {
	torchtest.NoLeak(t)
	duration := 2 * time.Second
	if testing.Short() {
		duration = 200 * time.Millisecond
	}
	g := torch.NewGenerator(5, torch.CPU)
	w := g.Randn(torch.Root, []int{8, 8}, torch.Float64).RequireGrad(true)
	defer w.Free()
	norm := func(s *torch.Scope) *torch.Tensor {
		y := s.Use(w)
		for range 5 {
			y = y.Mm(w).Tanh()
		}
		return y.Mul(y).Sum()
	}
	s := torch.NewScope()
	defer s.Close()
	want := norm(s).Item()
	wantGrad := torch.ToSlice[float64](torch.Gradients(norm(s), []*torch.Tensor{w}, false)[0])

	end := time.Now().Add(duration)
	var wg sync.WaitGroup
	wg.Go(func() {
		for time.Now().Before(end) {
			runtime.GC()
			time.Sleep(time.Millisecond)
		}
	})
	for range 16 {
		wg.Go(func() {
			for rounds := 0; rounds == 0 || time.Now().Before(end); rounds++ {
				s := torch.NewScope()
				loss := norm(s)
				if got := loss.Item(); math.Abs(got-want) > 1e-9 {
					t.Errorf("%v, want %v", got, want)
				}
				grad := torch.Gradients(loss, []*torch.Tensor{w}, false)[0]
				torchtest.Close(t, torch.ToSlice[float64](grad), wantGrad, nil, 1e-9, 1e-9)
				w.Add(w).Sum() // root tensors, for the collector
				if rounds%3 != 0 {
					s.Close()
				} // else forgotten
				if t.Failed() {
					return
				}
			}
		})
	}
	wg.Wait()
}
