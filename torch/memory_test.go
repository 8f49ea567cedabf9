package torch_test

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/optim"
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

// peakRSS returns the peak of resident memory in MB.
func peakRSS() int { return processMemory("VmHWM:") >> 10 }

// processMemory returns a line of /proc/self/status in KB, 0 where there is none.
func processMemory(field string) int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == field {
			kb, _ := strconv.Atoi(fields[1])
			return kb
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

// trainingSteps is how many steps the child of TestTrainingMemory makes:
// 10,000 in ./build.sh stress, which sets SSLMEM_STRESS.
func trainingSteps() int {
	if os.Getenv("SSLMEM_STRESS") != "" {
		return 10000
	}
	return 500
}

// train makes steps of a small convolutional network with AdamW, a hook of a
// parameter, one of each step's activations and a Function, and returns the
// resident memory in KB after a tenth of them and at the end.
func train(steps int) (early, late int) {
	g := torch.NewGenerator(1, torch.CPU)
	conv := g.Randn(torch.Root, []int{8, 1, 3, 3}, torch.Float32)
	linear := g.Randn(torch.Root, []int{10, 8}, torch.Float32)
	params := []*torch.Tensor{conv.RequireGrad(true), linear.RequireGrad(true)}
	defer conv.Free()
	defer linear.Free()
	adam := optim.NewAdam(params, optim.AdamOptions{WeightDecay: 0.01, Decoupled: true})
	defer adam.Free()
	defer conv.RegisterHook(func(g *torch.Tensor) *torch.Tensor { return g.Clamp(-1, 1) })()
	for step := range steps {
		s := torch.NewScope()
		x := g.Randn(s, []int{32, 1, 12, 12}, torch.Float32)
		h := torch.Recompute(func(x *torch.Tensor) *torch.Tensor {
			return x.Conv2d(conv, nil, []int{1, 1}, []int{1, 1}, []int{1, 1}, 1).Relu()
		}, x)
		h.RegisterHook(func(g *torch.Tensor) *torch.Tensor { return g.MulScalar(0.5) })
		y := torch.Apply(straightThrough{}, h.MeanDim([]int{2, 3}, false).Linear(linear, nil))[0]
		y.Sub(s.Ones([]int{10}, torch.Float32, torch.CPU)).Pow(2).Mean().Backward()
		adam.Step(1e-3)
		adam.ZeroGrad()
		s.Close()
		if step+1 == steps/10 {
			early = processMemory("VmRSS:")
		}
	}
	return early, processMemory("VmRSS:")
}

// TestTrainingMemory has a process train, whose memory must not grow after the
// first tenth of the steps.
func TestTrainingMemory(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("resident memory is read from /proc")
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SSLMEM_TEST_CHILD=train")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var early, late int
	if _, err := fmt.Sscan(string(out), &early, &late); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("%d MB after %d steps, %d MB after %d", early>>10, trainingSteps()/10, late>>10, trainingSteps())
	if growth := late - early; growth > 8<<10 {
		t.Errorf("resident memory grew by %d KB, from %d KB", growth, early)
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
