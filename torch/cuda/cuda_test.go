package cuda_test

import (
	"errors"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/cuda"
	"sslmem/torch/torchtest"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

// withoutGPU skips the test where there is a GPU; the suite for those is in
// the files tagged gpu.
func withoutGPU(t *testing.T) {
	t.Helper()
	if cuda.IsAvailable() {
		t.Skip("there is a GPU")
	}
}

// Every function returns an error that says what is missing, and none panics.
func TestNoDevice(t *testing.T) {
	withoutGPU(t)
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float32{1, 2})
	ran := func() { t.Error("the function ran") }
	for name, call := range map[string]func() error{
		"Available":        cuda.Available,
		"CurrentDevice":    func() error { _, err := cuda.CurrentDevice(); return err },
		"SetDevice":        func() error { return cuda.SetDevice(0) },
		"WithDevice":       func() error { return cuda.WithDevice(0, ran) },
		"Synchronize":      func() error { return cuda.Synchronize(0) },
		"DeviceProperties": func() error { _, err := cuda.DeviceProperties(0); return err },
		"DeviceName":       func() error { _, err := cuda.DeviceName(0); return err },
		"DeviceCapability": func() error { _, _, err := cuda.DeviceCapability(0); return err },
		"Versions":         func() error { _, _, err := cuda.Versions(); return err },
		"MemoryStats":      func() error { _, err := cuda.MemoryStats(0); return err },
		"MemoryAllocated":  func() error { _, err := cuda.MemoryAllocated(0); return err },
		"MaxAllocated":     func() error { _, err := cuda.MaxMemoryAllocated(0); return err },
		"MemoryReserved":   func() error { _, err := cuda.MemoryReserved(0); return err },
		"MaxReserved":      func() error { _, err := cuda.MaxMemoryReserved(0); return err },
		"ResetPeak":        func() error { return cuda.ResetPeakMemoryStats(0) },
		"EmptyCache":       cuda.EmptyCache,
		"MemGetInfo":       func() error { _, _, err := cuda.MemGetInfo(0); return err },
		"MemoryFraction":   func() error { return cuda.SetPerProcessMemoryFraction(0.5, 0) },
		"MemorySummary":    func() error { _, err := cuda.MemorySummary(0); return err },
		"NewStream":        func() error { _, err := cuda.NewStream(0, 0); return err },
		"DefaultStream":    func() error { _, err := cuda.DefaultStream(0); return err },
		"CurrentStream":    func() error { _, err := cuda.CurrentStream(0); return err },
		"WithStream":       func() error { return cuda.WithStream(cuda.Stream{}, ran) },
		"Query":            func() error { _, err := cuda.Stream{}.Query(); return err },
		"StreamSync":       func() error { return cuda.Stream{}.Synchronize() },
		"WaitStream":       func() error { return cuda.Stream{}.WaitStream(cuda.Stream{}) },
		"RecordStream":     func() error { return cuda.RecordStream(x, cuda.Stream{}) },
		"NewEvent":         func() error { _, err := cuda.NewEvent(true); return err },
		"Capture":          func() error { _, err := cuda.Capture(0, cuda.CaptureOptions{}, ran); return err },
	} {
		err := call()
		if !errors.Is(err, cuda.ErrNoDevice) || !strings.Contains(err.Error(), "no CUDA device can be used: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if cuda.DeviceCount() != 0 {
		t.Errorf("%d devices", cuda.DeviceCount())
	}
	t.Log(cuda.Available())
}

// The operations of package torch say so too.
func TestNoDeviceTensors(t *testing.T) {
	withoutGPU(t)
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float32{1, 2})
	for name, call := range map[string]func(){
		"Zeros":         func() { s.Zeros([]int{2}, torch.Float32, torch.CUDA(0)) },
		"ToDevice":      func() { x.ToDevice(torch.CUDA(0)) },
		"ToDeviceAsync": func() { x.ToDeviceAsync(torch.CUDA(1)) },
		"PinMemory":     func() { x.PinMemory() },
		"EmptyPinned":   func() { s.EmptyPinned([]int{2}, torch.Float32) },
		"Generator":     func() { torch.NewGenerator(1, torch.CUDA(0)) },
	} {
		var e *torch.Error
		if err := torch.Try(call); !errors.As(err, &e) || e.Kind != torch.NoDevice && e.Kind != torch.NoLibrary || !strings.Contains(e.Msg, "cpu") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if x.IsPinned() {
		t.Error("pinned without a GPU")
	}
	if y := s.Zeros([]int{2}, torch.Float64, torch.CPU); y.CopyFromAsync(x) != y || y.String() != "[1., 2.] float64" {
		t.Errorf("copied %v", y)
	}
	if y := x.ToDeviceAsync(torch.CPU); y.Device() != torch.CPU {
		t.Errorf("%v on %v", y, y.Device())
	}
}

func TestNames(t *testing.T) {
	p := cuda.Properties{Name: "Some GPU", Major: 9, Minor: 1, TotalMemory: 3 << 29}
	if got := p.String(); got != "Some GPU, capability 9.1, 1.5 GiB" {
		t.Error(got)
	}
	if got := (cuda.Stream{}).String(); got != "stream 0 of cuda:0" {
		t.Error(got)
	}
	if got := (cuda.Stream{}).Device(); got != torch.CUDA(0) {
		t.Error(got)
	}
}
