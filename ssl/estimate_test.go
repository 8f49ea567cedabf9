package ssl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// An estimate from small batches is what a larger batch then takes, and tells weights
// from what grows with the batch.
func TestEstimateStep(t *testing.T) {
	torchtest.NoLeak(t)
	for _, method := range []string{"simclr", "byol"} {
		l := tinyLoop(t)
		l.Recipe.Method, l.Recipe.Options, l.Recipe.BatchSize = method, map[string]any{"projector": []int{64, 32}}, 128
		if method == "byol" {
			l.Recipe = l.Recipe.With("predictor", []int{32})
		}
		o := EngineOptions{Channels: 1}
		r, err := l.Recipe.Fit(l.Data)
		if err != nil {
			t.Fatal(err)
		}
		e, err := EstimateStep(r, o)
		if err != nil {
			t.Fatal(err)
		}
		s, err := measure(r, o, 128)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %+v; %d bytes for 128 images", method, e, s.bytes)
		if ratio := float64(e.Bytes(128)) / float64(s.bytes); ratio < .85 || ratio > 1.15 {
			t.Errorf("%s: %d bytes estimated, %d measured", method, e.Bytes(128), s.bytes)
		}
		if e.Params != s.params || e.Params < 1000 || e.Measured < 16 || e.Step <= 0 {
			t.Errorf("%s: estimate %+v, measured %+v", method, e, s)
		}
		// Weights, their gradients and two moments of Adam.
		if least := int64(4 * 4 * e.Params); e.Fixed < 0 || e.Fixed > 4*least {
			t.Errorf("%s: %d bytes are fixed with %d parameters", method, e.Fixed, e.Params)
		}
		if n := e.Fits(e.Bytes(20)); n != 20 {
			t.Errorf("%s: %d images fit into what 20 need", method, n)
		}
	}
}

// What is advised fits, and parts of a batch are advised where they are sound.
func TestAdviseBatch(t *testing.T) {
	e := Estimate{Fixed: 1e9, PerImage: 1e7}
	r := Recipe{Method: "simclr", BatchSize: 256}
	for bytes, want := range map[int64]string{
		2e9:    "needs about 3.56 GB, of which 2.00 GB can be had; a batch_size of 96 fits",
		1.05e9: "a batch_size of 5 fits",
		1.01e9: "a smaller batch does not help",
		5e8:    "a smaller batch does not help",
		4e9:    "a batch_size of 248 fits", // it did not when it was tried
	} {
		if got := adviseBatch(r, e, bytes); !strings.HasSuffix(got, want) && !strings.Contains(got, want) {
			t.Errorf("%d bytes: %q does not say %q", bytes, got, want)
		}
		if got := adviseBatch(r, e, bytes); strings.Contains(got, "accumulate") {
			t.Errorf("%q advises parts for SimCLR", got)
		}
	}
	r.Method = "byol"
	if got := adviseBatch(r, e, 2e9); !strings.HasSuffix(got, "a batch_size of 96 fits, or accumulate 4") {
		t.Errorf("%q does not advise 4 parts", got)
	}
}

// A training that runs out of memory names a batch that fits, and in another process it
// does. The kernel plays the small machine.
func TestOutOfMemory(t *testing.T) {
	const variable = "SSL_TEST_BATCH"
	if batch := os.Getenv(variable); batch != "" {
		smallMachine(t, batch)
		return
	}
	attempt := func(batch int) (string, error) {
		c := child("TestOutOfMemory", t.TempDir())
		c.Env = append(c.Env, fmt.Sprintf("%s=%d", variable, batch))
		out, err := c.CombinedOutput()
		return string(out), err
	}
	out, err := attempt(1024)
	_, advice, _ := strings.Cut(out, "a batch_size of ")
	var fits int
	if n, failed := fmt.Sscan(advice, &fits); n != 1 || err == nil {
		t.Fatalf("no batch is named (%v, %v):\n%s", err, failed, out)
	}
	t.Logf("a batch of %d", fits)
	if fits < 32 || fits >= 1024 {
		t.Errorf("a batch of %d instead of 1024", fits)
	}
	if out, err := attempt(fits); err != nil {
		t.Errorf("%v with a batch of %d:\n%s", err, fits, out)
	}
}

// smallMachine takes a step on a batch where tensors may have 500 MB.
func smallMachine(t *testing.T, batch string) {
	l := tinyLoop(t)
	l.Recipe.Epochs, l.Recipe.Optimizer.WarmupEpochs = 1, 0
	run(t, l) // so that libtorch has its threads
	l.Recipe.Width = 16
	if _, err := fmt.Sscan(batch, &l.Recipe.BatchSize); err != nil {
		t.Fatal(err)
	}
	l.Index = make([]int, l.Recipe.BatchSize)
	for i := range l.Index {
		l.Index[i] = i
	}
	most := uint64(procField("/proc/self/status", "VmSize:")) + 500<<20
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
		t.Fatal(err)
	}
	tr, err := l.Run(context.Background())
	if err != nil {
		var cause *torch.Error
		t.Fatalf("%v (cause: %v)", err, errors.As(err, &cause) && cause.Kind == torch.Memory)
	}
	Free(tr)
}
