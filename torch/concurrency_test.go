package torch_test

import (
	"math"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// stressTime is how long a test of many goroutines lasts: a minute in
// ./build.sh stress, which sets SSLMEM_STRESS.
func stressTime() time.Duration {
	switch {
	case os.Getenv("SSLMEM_STRESS") != "":
		return time.Minute
	case testing.Short():
		return 200 * time.Millisecond
	}
	return 2 * time.Second
}

// TestConcurrency computes on 16 goroutines, each in scopes of its own, with
// shared weights in the root scope, while the collector runs all the time.
// Some results are left to the collector.
func TestConcurrency(t *testing.T) {
	torchtest.NoLeak(t)
	duration := stressTime()
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

// TestConcurrentScoring has 64 goroutines put images through one small network
// at once, without recording, while the collector runs all the time. Every
// score must be the one that a single goroutine gets, to the last bit.
func TestConcurrentScoring(t *testing.T) {
	torchtest.NoLeak(t)
	g := torch.NewGenerator(6, torch.CPU)
	conv := g.Randn(torch.Root, []int{8, 3, 3, 3}, torch.Float32).RequireGrad(true)
	scale := torch.Root.Ones([]int{8}, torch.Float32, torch.CPU).RequireGrad(true)
	shift := torch.Root.Zeros([]int{8}, torch.Float32, torch.CPU).RequireGrad(true)
	linear := g.Randn(torch.Root, []int{4, 8}, torch.Float32).RequireGrad(true)
	images := g.Randn(torch.Root, []int{16, 3, 8, 8}, torch.Float32)
	defer func() {
		for _, p := range []*torch.Tensor{conv, scale, shift, linear, images} {
			p.Free()
		}
	}()
	score := func(in *torch.Scope, i int) float64 {
		x := in.Use(images).Narrow(0, i, 1)
		x = torch.Tidy(x, func(x *torch.Tensor) *torch.Tensor {
			return x.Conv2d(conv, nil, []int{1, 1}, []int{1, 1}, []int{1, 1}, 1).BatchNorm(scale, shift, nil, nil, true, 0.1, 1e-5, false).Relu()
		})
		y := x.MeanDim([]int{2, 3}, false).Linear(linear, nil).LogSoftmax(1)
		if y.RequiresGrad() {
			t.Error("scoring is recorded")
		}
		return y.Sum().Item()
	}
	// Modes of scoring: what one leaves behind on its thread, another would see.
	modes := []func(func()){torch.NoGrad, torch.InferenceMode}
	var want [16]float64
	torch.NoGrad(func() {
		for i := range want {
			s := torch.NewScope()
			want[i] = score(s, i)
			s.Close()
		}
	})
	end := time.Now().Add(stressTime())
	var wg sync.WaitGroup
	wg.Go(func() {
		for time.Now().Before(end) {
			runtime.GC()
			time.Sleep(time.Millisecond)
		}
	})
	for k := range 64 {
		wg.Go(func() {
			for round := k; !t.Failed() && (round == k || time.Now().Before(end)); round++ {
				modes[round%2](func() {
					s := torch.NewScope()
					defer s.Close()
					if got := score(s, round%16); got != want[round%16] {
						t.Errorf("image %d has the score %v, want %v", round%16, got, want[round%16])
					}
				})
			}
		})
	}
	wg.Wait()
}
