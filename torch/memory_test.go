package torch_test

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// peakOfAdds adds tensors of so many bytes n times, in scopes that are closed
// every few adds, and returns the peak of the process's resident memory in MB.
func peakOfAdds(n, perScope, bytes int) int {
	x := torch.Root.Ones([]int{bytes / 4}, torch.Float32, torch.CPU)
	defer x.Free()
	for i := 0; i < n; i += perScope {
		s := torch.NewScope()
		y := s.Use(x)
		for range perScope {
			y = y.Add(x)
		}
		s.Close()
	}
	return peakRSS()
}

// peakRSS returns VmHWM in MB.
func peakRSS() int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
			kb, _ := strconv.Atoi(fields[1])
			return kb >> 10
		}
	}
	return 0
}

// TestMemoryStaysFlat is the promise of scopes: 1,500 adds of 4 MB tensors, in
// a scope closed every 10, stay under 350 MB, libtorch itself included.
func TestMemoryStaysFlat(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("the peak is read from /proc")
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SSLMEM_TEST_CHILD=memory")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	peak, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("peak %d MB", peak)
	if peak == 0 || peak >= 350 {
		t.Errorf("peak %d MB, want under 350", peak)
	}
}

func TestAllocationsPerOp(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := s.Ones([]int{2, 2}, torch.Float32, torch.CPU)
	y := x.Add(x)
	for name, c := range map[string]struct {
		op   func()
		most float64
	}{
		"Add":        {func() { x.Add(y).Free() }, 1},
		"AddInPlace": {func() { x.AddInPlace(y, 1) }, 0},
		"Cat":        {func() { torch.Cat([]*torch.Tensor{x, y}, 0).Free() }, 1},
		"MaxDim": {func() {
			values, indices := x.MaxDim(0, false)
			values.Free()
			indices.Free()
		}, 2},
		"Dim":  {func() { x.Dim() }, 0},
		"Size": {func() { x.Size(-1) }, 0},
	} {
		if got := testing.AllocsPerRun(50, c.op); got > c.most {
			t.Errorf("%s: %v allocations, want at most %v", name, got, c.most)
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	b.Run("2x2", func(b *testing.B) {
		s := torch.NewScope()
		x := s.Ones([]int{2, 2}, torch.Float32, torch.CPU)
		b.ReportAllocs()
		in := s.Child()
		for i := 0; b.Loop(); i++ {
			if i%100 == 0 {
				in.Close()
				in = s.Child()
			}
			in.Use(x).Add(x)
		}
		in.Close()
		s.Close()
	})
	b.Run("2x2/deep", func(b *testing.B) { // without Use: one op an iteration
		s := torch.NewScope()
		defer s.Close()
		root := torch.Root.Ones([]int{2, 2}, torch.Float32, torch.CPU)
		defer root.Free()
		b.ReportAllocs()
		in := s.Child()
		x := in.Use(root)
		for i := 0; b.Loop(); i++ {
			if i%100 == 99 {
				in.Close()
				in = s.Child()
				x = in.Use(root)
			}
			x.Add(root)
		}
		in.Close()
	})
	b.Run("4MB/scopeOf10", func(b *testing.B) {
		for b.Loop() {
			peakOfAdds(10, 10, 4<<20)
		}
	})
}
