package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"sslmem/ssl"
	"sslmem/torch"
	"sslmem/torch/cuda"
	"sslmem/torch/nn"
)

// An estimate is what one encoder costs to train, as far as a few steps tell.
type estimate struct {
	Encoder  int `json:"encoder_parameters"`
	Heads    int `json:"head_parameters"`  // trained beside the encoder
	Others   int `json:"other_parameters"` // not trained, such as those of a teacher
	Features int `json:"features"`

	Images        int `json:"images"`
	StepsPerEpoch int `json:"steps_per_epoch"`
	Steps         int `json:"steps"`

	// Measured is the number of images of the steps that were timed; what they took
	// is scaled to the batch.
	Measured       int     `json:"measured_images"`
	SecondsPerStep float64 `json:"seconds_per_step"`
	Memory         int64   `json:"memory_bytes"` // that a step adds, on the device
}

// estimate measures the training of an encoder on some images.
func (r *run) estimate(ctx context.Context, index []int) (e estimate, err error) {
	if err := r.countParameters(&e); err != nil {
		return e, err
	}
	l := r.loop(index)
	e.Images, e.StepsPerEpoch = len(index), l.StepsPerEpoch()
	e.Steps = e.StepsPerEpoch * l.Recipe.Epochs
	return e, r.measure(ctx, &e, index)
}

func (r *run) countParameters(e *estimate) error {
	fitted, err := r.fitted()
	if err != nil {
		return err
	}
	t, err := ssl.New(fitted, r.channels, len(r.data.ClassNames()), 0)
	if err != nil {
		return err
	}
	defer ssl.Free(t)
	e.Features = t.Encoder().Features()
	e.Encoder = nn.NumParameters(t.Encoder())
	for _, p := range nn.Parameters(t) {
		if p.RequiresGrad() {
			e.Heads += p.Numel()
		} else {
			e.Others += p.Numel()
		}
	}
	e.Heads -= e.Encoder
	return nil
}

// measure takes a few steps on batches that grow, by parts of the recipe's, until
// one takes long enough to be told by the clock. What one image more takes is told
// by the last two.
func (r *run) measure(ctx context.Context, e *estimate, index []int) error {
	const enough = 300 * time.Millisecond
	batch := r.settings.Recipe.BatchSize
	var before, last sample
	for _, size := range growing(batch) {
		before = last
		var err error
		if last, err = r.sample(ctx, index, size); err != nil {
			return fmt.Errorf("a step on %d images: %w", size, err)
		}
		if last.step > enough {
			break
		}
	}
	e.Measured = last.batch
	rest := float64(batch - last.batch)
	e.SecondsPerStep = last.step.Seconds() * float64(batch) / float64(last.batch)
	perImage := float64(last.memory) / float64(last.batch)
	if before.batch > 0 && last.memory > before.memory {
		perImage = float64(last.memory-before.memory) / float64(last.batch-before.batch)
	}
	e.Memory = last.memory + int64(rest*perImage)
	return nil
}

// growing lists parts of a batch, each at least twice the one before, and the batch.
// They divide it, as methods with a queue want it.
func growing(batch int) []int {
	var sizes []int
	last := 3
	for size := 2; size <= batch; size++ {
		if batch%size == 0 && (size >= 2*last || size == batch) {
			sizes = append(sizes, size)
			last = size
		}
	}
	return sizes
}

// A sample is what a step on some images took.
type sample struct {
	batch  int
	step   time.Duration
	memory int64
}

// sample times two steps behind a first one, which sets things up.
func (r *run) sample(ctx context.Context, index []int, batch int) (sample, error) {
	const steps = 3
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l := r.loop(index[:min(len(index), steps*r.settings.Recipe.BatchSize)])
	l.Recipe.BatchSize, l.Recipe.Accumulate = batch, 0
	if a := r.settings.Recipe.Accumulate; a > 1 && batch%a == 0 {
		l.Recipe.Accumulate = a
	}
	var start time.Time
	var took time.Duration
	l.Report = func(p ssl.Progress) {
		switch p.Step {
		case 1:
			start = time.Now()
		case steps:
			took = time.Since(start)
			cancel()
		}
	}
	memory := watchMemory(r.device)
	trainer, err := l.Run(ctx)
	if err != nil && !errors.Is(err, ssl.ErrStopped) {
		return sample{}, err
	}
	if trainer != nil {
		ssl.Free(trainer)
	}
	return sample{batch: batch, step: took / (steps - 1), memory: memory()}, nil
}

// watchMemory returns a function that says how much more memory was in use on a
// device, at most, than when watchMemory was called; 0 where that is not known.
func watchMemory(d torch.Device) func() int64 {
	if d.Type == torch.CUDAType {
		before, err := cuda.MemoryAllocated(d.Index)
		if err == nil {
			err = cuda.ResetPeakMemoryStats(d.Index)
		}
		return func() int64 {
			peak, failed := cuda.MaxMemoryAllocated(d.Index)
			if err != nil || failed != nil {
				return 0
			}
			return peak - before
		}
	}
	const resetPeak = "5" // see proc(5), clear_refs
	if os.WriteFile("/proc/self/clear_refs", []byte(resetPeak), 0) != nil {
		return func() int64 { return 0 }
	}
	before := processMemory("VmRSS:")
	return func() int64 { return max(0, processMemory("VmHWM:")-before) }
}

// processMemory returns a line of the kernel's account of this process in bytes.
func processMemory(key string) int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == key {
			kb, _ := strconv.ParseInt(f[1], 10, 64)
			return kb << 10
		}
	}
	return 0
}
