//go:build gpu

package cuda_test

import (
	"errors"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/cuda"
	"sslmem/torch/torchtest"
)

// This file and its neighbours run where there is a GPU: ./build.sh test-gpu.

var gpu = torch.CUDA(0)

// must ends the test at the first error.
func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// value returns what a function says about the first device.
func value[T any](t *testing.T, ask func(index int) (T, error)) T {
	t.Helper()
	v, err := ask(0)
	must(t, err)
	return v
}

func TestDevices(t *testing.T) {
	must(t, cuda.Available())
	p, err := cuda.DeviceProperties(0)
	must(t, err)
	runtime, driver, err := cuda.Versions()
	must(t, err)
	t.Logf("%v; CUDA %d, driver for %d; libtorch %s", p, runtime, driver, torch.Version())
	if p.Name == "" || p.Major < 5 || p.TotalMemory < 1<<30 || p.MultiProcessorCount < 1 || p.WarpSize != 32 || driver < runtime/1000*1000 {
		t.Errorf("%+v, driver %d", p, driver)
	}
	if name, err := cuda.DeviceName(0); name != p.Name || err != nil {
		t.Errorf("%q, %v", name, err)
	}
	if major, minor, err := cuda.DeviceCapability(0); major != p.Major || minor != p.Minor || err != nil {
		t.Errorf("%d.%d, %v", major, minor, err)
	}
	n := cuda.DeviceCount()
	for _, wrong := range []int{-1, n} {
		if err := cuda.SetDevice(wrong); err == nil || !strings.Contains(err.Error(), "no CUDA device") {
			t.Errorf("device %d: %v", wrong, err)
		}
	}
	last := n - 1
	must(t, cuda.WithDevice(last, func() {
		if i, err := cuda.CurrentDevice(); i != last || err != nil {
			t.Errorf("device %d, %v, want %d", i, err, last)
		}
	}))
	err = torch.Try(func() { torch.Root.Zeros([]int{1}, torch.Float32, torch.CUDA(n)) })
	var e *torch.Error
	if !errors.As(err, &e) || e.Kind != torch.NoDevice {
		t.Errorf("a tensor on a device that is not there: %v", err)
	}
}

// A side stream waits for the default one and the other way round.
func TestStreams(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	side, err := cuda.NewStream(0, -1)
	must(t, err)
	home, err := cuda.CurrentStream(0)
	must(t, err)
	start, err := cuda.NewEvent(true)
	must(t, err)
	end, err := cuda.NewEvent(true)
	must(t, err)

	x := s.Full([]int{1024, 1024}, 1./1024, torch.Float32, gpu)
	must(t, side.WaitStream(home))
	var y *torch.Tensor
	must(t, cuda.WithStream(side, func() {
		if now, err := cuda.CurrentStream(0); now != side || err != nil {
			t.Errorf("%v, %v, want %v", now, err, side)
		}
		must(t, start.Record(side))
		y = x
		for range 50 {
			y = y.Mm(x) // all elements stay 1/1024
		}
		must(t, end.Record(side), cuda.RecordStream(x, side))
	}))
	must(t, home.WaitStream(side))
	if sum := y.Sum().Item(); sum < 1023.9 || sum > 1024.1 {
		t.Errorf("sum %v, want 1024", sum)
	}
	must(t, end.Synchronize(), side.Synchronize())
	if d, err := start.ElapsedTime(end); d <= 0 || err != nil {
		t.Errorf("50 products took %v, %v", d, err)
	}
	for name, query := range map[string]func() (bool, error){"event": end.Query, "stream": side.Query} {
		if done, err := query(); !done || err != nil {
			t.Errorf("%s: %v, %v", name, done, err)
		}
	}
	func() { // the stream comes back after a panic too
		defer func() { _ = recover() }()
		_ = cuda.WithStream(side, func() { panic("on purpose") })
	}()
	if now, err := cuda.CurrentStream(0); now != home || err != nil {
		t.Errorf("%v, %v, want %v", now, err, home)
	}
	must(t, cuda.Synchronize(0))
}

func TestPinned(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	host := s.EmptyPinned([]int{1 << 20}, torch.Float32)
	plain := s.Ones([]int{3}, torch.Float32, torch.CPU)
	if !host.IsPinned() || plain.IsPinned() || !plain.PinMemory().IsPinned() {
		t.Error("wrong kind of memory")
	}
	data := torch.Data[float32](host)
	for i := range data {
		data[i] = float32(i % 7)
	}
	x := host.ToDeviceAsync(gpu)
	back := s.EmptyPinned([]int{1 << 20}, torch.Float32)
	back.CopyFromAsync(x.MulScalar(2))
	must(t, cuda.Synchronize(0))
	for i, v := range torch.Data[float32](back) {
		if v != float32(2*(i%7)) {
			t.Fatalf("element %d is %v", i, v)
		}
	}
}

// The counters follow the tensors.
func TestMemory(t *testing.T) {
	torchtest.NoLeak(t)
	const size = 64 << 20
	must(t, cuda.EmptyCache(), cuda.ResetPeakMemoryStats(0))
	before := value(t, cuda.MemoryAllocated)
	s := torch.NewScope()
	s.Empty([]int{size}, torch.Uint8, gpu)
	if now := value(t, cuda.MemoryAllocated); now != before+size {
		t.Errorf("%d bytes more, want %d", now-before, size)
	}
	s.Close()
	if now := value(t, cuda.MemoryAllocated); now != before {
		t.Errorf("%d bytes more after the scope was closed", now-before)
	}
	if peak := value(t, cuda.MaxMemoryAllocated); peak != before+size {
		t.Errorf("the peak is %d bytes more, want %d", peak-before, size)
	}
	kept := value(t, cuda.MemoryReserved)
	must(t, cuda.EmptyCache(), cuda.ResetPeakMemoryStats(0))
	if now := value(t, cuda.MemoryReserved); now > kept-size {
		t.Errorf("%d bytes are reserved, %d before the cache was emptied", now, kept)
	}
	if peak := value(t, cuda.MaxMemoryReserved); peak >= kept {
		t.Errorf("the peak is still %d", peak)
	}
	if free, total, err := cuda.MemGetInfo(0); err != nil || free <= 0 || free > total {
		t.Errorf("%d of %d free, %v", free, total, err)
	}
	t.Log("\n" + value(t, cuda.MemorySummary))
}
