package torch_test

import (
	"strings"
	"testing"

	"sslmem/torch"
)

func TestParseDevice(t *testing.T) {
	for _, name := range []string{"cpu", "CPU", " cpu "} {
		if d, err := torch.ParseDevice(name); d != torch.CPU || err != nil {
			t.Errorf("%q: %v, %v", name, d, err)
		}
	}
	n, noCUDA := torch.CUDACount()
	if d, err := torch.ParseDevice("auto"); err != nil || (d == torch.CPU) != (n == 0) {
		t.Errorf("auto: %v, %v, with %d GPUs", d, err, n)
	}
	for name, part := range map[string]string{
		"tpu": `unknown device "tpu"`, "": `unknown device ""`, "cpu:0": "unknown device", "cuda:x": "number of a GPU",
		"cuda:-1": "number of a GPU", "cuda:999": `device "cuda:999"`,
	} {
		if d, err := torch.ParseDevice(name); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %v, %v", name, d, err)
		}
	}
	for name, want := range map[string]torch.Device{"cuda": torch.CUDA(0), "cuda:0": torch.CUDA(0)} {
		d, err := torch.ParseDevice(name)
		if n == 0 && (err == nil || !strings.Contains(err.Error(), "take cpu")) || n > 0 && d != want {
			t.Errorf("%s: %v, %v, with %d GPUs", name, d, err, n)
		}
	}
	if torch.CPU.String() != "cpu" || torch.CUDA(1).String() != "cuda:1" {
		t.Error("wrong names")
	}
	if noCUDA != nil {
		mustFail(t, torch.NoLibrary, func() { torch.NewScope().Zeros([]int{1}, torch.Float32, torch.CUDA(0)) }, "full", "CUDA")
		mustFail(t, torch.NoLibrary, func() { torch.NewGenerator(1, torch.CUDA(0)) }, "CUDA")
	}
}

// The number of threads holds for the whole process, also for threads that are
// started later.
func TestThreads(t *testing.T) {
	before := torch.NumThreads()
	defer torch.SetNumThreads(before)
	for _, n := range []int{2, 1} {
		torch.SetNumThreads(n)
		other := make(chan int)
		go func() {
			defer torch.LockThread()()
			other <- torch.NumThreads()
		}()
		if here, there := torch.NumThreads(), <-other; here != n || there != n {
			t.Errorf("%d threads, and %d on another thread, want %d", here, there, n)
		}
	}
}
