package torch_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// leakSmall and leakLarge are the places that a report must name.
func leakSmall(s *torch.Scope) *torch.Tensor { return torch.FromSlice(s, []float32{1, 2, 3}) }

func leakLarge(x *torch.Tensor) *torch.Tensor {
	return x.Expand([]int{100, 3}).Contiguous(torch.ContiguousFormat)
}

func TestLiveTensors(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	before := torch.Scalar(s, 1.0) // not noted
	if torch.TrackingTensors() || torch.LiveTensors() != nil {
		t.Skip("run with SSLMEM_DEBUG_TENSORS=1")
	}
	torch.TrackTensors(true)
	defer torch.TrackTensors(false)

	inner := s.Child()
	x := leakSmall(inner)
	for range 3 {
		leakSmall(s).Free()
	}
	large := leakLarge(x).MoveTo(s)
	root := leakSmall(torch.Root)
	live := torch.LiveTensors()
	var got []string
	for _, l := range live {
		at := slices.IndexFunc(l.Stack, func(f runtime.Frame) bool { return strings.Contains(f.Function, "leak") })
		if at != 0 {
			t.Errorf("the innermost call is not the leak's: %v", l.Stack)
			continue
		}
		got = append(got, fmt.Sprint(l.DType, l.Shape, l.Bytes, l.Depth, l.Stack[0].Function[strings.LastIndexByte(l.Stack[0].Function, '.'):]))
	}
	// Expand's result is a view of 300 elements.
	want := "float32 [3] 12 2.leakSmall|float32 [100 3] 1200 2.leakLarge|float32 [100 3] 1200 1.leakLarge|float32 [3] 12 0.leakSmall"
	if fmt.Sprint(strings.Join(got, "|")) != want {
		t.Errorf("live are\n%s, want\n%s", strings.Join(got, "|"), want)
	}
	if n := torch.Live() - len(live); n < 1 {
		t.Errorf("%d tensors live that are not noted, want at least one", n)
	}

	var report strings.Builder
	if err := torch.WriteLiveTensors(&report); err != nil {
		t.Error(err)
	}
	first, second := strings.Index(report.String(), "leakLarge"), strings.Index(report.String(), "leakSmall")
	if first < 0 || second < first || !strings.Contains(report.String(), "2 of 2400 bytes in all, the latest float32[100 3] at scope depth 1, made by\n    sslmem/torch_test.leakLarge\n") {
		t.Errorf("the report is\n%s", report.String())
	}
	inner.Close()
	large.Free()
	root.Free()
	if live := torch.LiveTensors(); len(live) != 0 {
		t.Errorf("still live: %v", live)
	}
	torch.Scalar(torch.Root, 1.0)
	torchtest.Drain(1) // what the collector frees is forgotten too
	if live := torch.LiveTensors(); len(live) != 0 {
		t.Errorf("still live: %v", live)
	}
	leakSmall(s)
	torch.TrackTensors(false)
	if torch.LiveTensors() != nil {
		t.Error("noted after the end")
	}
	report.Reset()
	if err := torch.WriteLiveTensors(&report); err != nil || !strings.Contains(report.String(), "SSLMEM_DEBUG_TENSORS=1") {
		t.Errorf("%v, the report is %q", err, report.String())
	}
	if err := torch.WriteLiveTensors(failingWriter{}); !errors.Is(err, errWrite) {
		t.Errorf("error %v", err)
	}
	before.Free()
}

var errWrite = errors.New("full")

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errWrite }

// TestLiveTensorsConcurrent lists tensors while others come and go.
func TestLiveTensorsConcurrent(t *testing.T) {
	torchtest.NoLeak(t)
	torch.TrackTensors(true)
	defer torch.TrackTensors(false)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				s := torch.NewScope()
				leakSmall(s).Exp().Free()
				torch.Scalar(torch.Root, 1.0)
				s.Close()
			}
		})
	}
	wg.Go(func() {
		for range 50 {
			torch.LiveTensors()
		}
	})
	wg.Wait()
}
