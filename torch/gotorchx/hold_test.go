package gotorchx

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/wangkuiyi/gotorch"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// collected makes gotorch tensors, drops them and waits until the collector has
// found them, or a second.
func collected(done func() bool) bool {
	for range 100 {
		for range 10 {
			gotorch.Full([]int64{4}, 1, false)
		}
		runtime.GC()
		if done() {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

// During Hold, nested or not, tensors of both kinds wait; at its end they go.
func TestHoldDefersFrees(t *testing.T) {
	torchtest.NoLeak(t)
	before := torch.Live()
	Hold(func() {
		s := torch.NewScope()
		for range 5 {
			ToGotorch(torch.Scalar(s, 1.))
		}
		s.Close()
		Hold(func() {})
		if !collected(func() bool { return waitingTensors() > 0 }) {
			t.Error("no tensor of gotorch waits: its finalizers go past us")
		}
		if n := torch.Live() - before; n != 5 {
			t.Errorf("%d handles of ToGotorch live during Hold, want 5", n)
		}
	})
	if n := waitingTensors(); n != 0 {
		t.Errorf("%d tensors wait after Hold", n)
	}
	if n := torchtest.Drain(before); n != before {
		t.Errorf("%d handles live after Hold, want %d", n, before)
	}
}

// Without Hold every second run ends with SIGSEGV: MM reads its operands
// while the collector frees them.
func TestComputingBesideTheCollector(t *testing.T) {
	torchtest.NoLeak(t)
	stop := make(chan bool)
	var collectors sync.WaitGroup
	collectors.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	})
	for range 300 {
		Hold(func() {
			a := gotorch.Full([]int64{200, 200}, 1, false)
			for range 3 {
				a = gotorch.MM(a, a)
			}
		})
	}
	close(stop)
	collectors.Wait()
}
