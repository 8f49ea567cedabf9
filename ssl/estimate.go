package ssl

import (
	"errors"
	"fmt"
	"time"

	"sslmem/data/rng"
	"sslmem/torch"
	"sslmem/torch/cuda"
)

// An Estimate is what a training costs, as far as steps on small batches tell.
type Estimate struct {
	Params   int           // that are trained
	Fixed    int64         // bytes whatever the batch: weights, gradients, the optimizer's, teachers, queues
	PerImage int64         // bytes that each image of a batch adds
	Step     time.Duration // of a step on the recipe's batch
	Measured int           // images of the larger batch
}

// Bytes returns what tensors take on the device, at most, in steps on batches of
// the given size. What grows faster than the batch, such as the similarities of all
// pairs of SimCLR, is taken to grow with it, and the inner memory of operations is
// not counted.
func (e Estimate) Bytes(batch int) int64 { return e.Fixed + int64(batch)*e.PerImage }

// Fits returns the largest batch whose steps take no more than the given bytes, 0 if
// none does.
func (e Estimate) Fits(bytes int64) int {
	return max(0, int((bytes-e.Fixed)/max(e.PerImage, 1)))
}

// EstimateStep measures what a recipe with nothing open costs, with images of noise:
// on batches that double until a step takes a second, or holds 64 images. From the last
// two on, memory and time are taken to grow in proportion. Other work of the
// program on the same device at the same time spoils the numbers. Where not even the
// smallest batch fits, it returns the error.
func EstimateStep(r Recipe, o EngineOptions) (Estimate, error) {
	var last, before sample
	for batch := min(4, r.BatchSize); batch <= min(64, r.BatchSize) && last.took < time.Second; batch *= 2 {
		s, err := measure(r, o, batch)
		if err != nil {
			if last.batch > 0 && isOutOfMemory(err) {
				break
			}
			return Estimate{}, err
		}
		before, last = last, s
	}
	e := Estimate{Params: last.params, Measured: last.batch}
	e.PerImage = (last.bytes - before.bytes) / int64(last.batch-before.batch)
	e.Fixed = max(0, last.bytes-int64(last.batch)*e.PerImage)
	e.Step = time.Duration(float64(last.took) * float64(r.BatchSize) / float64(last.batch))
	if parts := int64(r.Accumulate); parts > 1 {
		e.PerImage /= parts
	}
	return e, nil
}

// A sample is what steps on a batch took.
type sample struct {
	batch, params int
	bytes         int64
	took          time.Duration
}

// measure takes two steps on a batch of noise: one in which everything is made that is
// kept, and one for the clock.
func measure(r Recipe, o EngineOptions, batch int) (s sample, err error) {
	r.BatchSize, r.Accumulate = batch, 0
	r.Optimizer.WarmupEpochs = 0
	o.PerEpoch, o.Ranks, o.Images = 2, nil, batch
	if r.Privacy != nil {
		r.Privacy = &Privacy{MaxGradNorm: r.Privacy.MaxGradNorm, NoiseMultiplier: 1, Delta: r.Privacy.Delta}
	}
	defer torch.LockThread()()
	peak := watchMemory(o.Device)
	failed := torch.Try(func() {
		var e *Engine
		if e, err = NewEngine(r, o); err != nil {
			return
		}
		defer e.Free()
		for _, p := range e.params {
			s.params += p.Numel()
		}
		h := noiseBatch(r, o)
		var start time.Time
		for range 2 {
			start = time.Now()
			e.Step(h)
			e.TakeLoss()
		}
		s.took = time.Since(start)
	})
	if err = errors.Join(err, failed); err != nil {
		return s, err
	}
	s.batch = batch
	s.bytes, err = peak()
	return s, err
}

// noiseBatch is a batch of a recipe whose pixels are noise.
func noiseBatch(r Recipe, o EngineOptions) HostBatch {
	pixels := 0
	for _, v := range r.Views() {
		pixels += v.Size * v.Size * o.Channels * r.BatchSize
	}
	h := HostBatch{Pixels: make([]float32, pixels), Index: make([]int, r.BatchSize)}
	random := rng.New(0)
	for i := range h.Pixels {
		h.Pixels[i] = float32(random.Float64()*2 - 1)
	}
	for i := range h.Index {
		h.Index[i] = i
	}
	if m, err := LookupMethod(r.Method); err == nil && m.Labels {
		h.Labels = make([]int64, r.BatchSize)
	}
	return h
}

// watchMemory returns a function that tells how many bytes more tensors held on a device,
// at most, than when watchMemory was called.
func watchMemory(d torch.Device) func() (int64, error) {
	if d.Type == torch.CPUType {
		torch.ResetPeakHostMemory()
		before, _ := torch.HostMemory()
		return func() (int64, error) {
			_, peak := torch.HostMemory()
			return peak - before, nil
		}
	}
	before, err := cuda.MemoryAllocated(d.Index)
	err = errors.Join(err, cuda.ResetPeakMemoryStats(d.Index))
	return func() (int64, error) {
		peak, failed := cuda.MaxMemoryAllocated(d.Index)
		return peak - before, errors.Join(err, failed)
	}
}

// isOutOfMemory reports whether an error says that a device or the host has no memory
// left.
func isOutOfMemory(err error) bool {
	var e *torch.Error
	return errors.As(err, &e) && e.Kind == torch.Memory
}

// headroom is the part of the free memory of a device that tensors may take. The rest
// is for what operations need inside, for what grows faster than the batch, and for
// gaps: on the host they were a fifth of what tensors took, and its heap grows 64 MB at
// a time.
func headroom(d torch.Device) float64 {
	if d.Type == torch.CPUType {
		return .6
	}
	return .8
}

// outOfMemory adds to the error of a training that ran out of memory which batch would
// fit. What the training held must be free again. Free is what the host had before it:
// afterwards its heap is full of gaps, which count as taken.
func (l *Loop) outOfMemory(free int64, err error) error {
	advice := fmt.Sprintf("lower batch_size (now %d) or take a smaller model", l.Recipe.BatchSize)
	fitted, failed := l.Recipe.Fit(l.Data)
	if failed != nil {
		return fmt.Errorf("%w; %s", err, advice)
	}
	channels, _, _ := l.Data.Shape()
	o := EngineOptions{Channels: channels, Classes: len(l.Data.ClassNames()), Seed: l.Seed, Device: l.Device}
	if l.Device.Type == torch.CUDAType {
		_ = cuda.EmptyCache() // what it leaves is counted as taken
		free, failed = freeOnDevice(l.Device)
	}
	e, tooLarge := EstimateStep(fitted, o)
	if errors.Join(failed, tooLarge) != nil || free == 0 {
		return fmt.Errorf("%w; %s", err, advice)
	}
	return fmt.Errorf("%w; %s", err, adviseBatch(l.Recipe, e, int64(headroom(l.Device)*float64(free))))
}

// adviseBatch says which batch fits into some bytes.
func adviseBatch(r Recipe, e Estimate, bytes int64) string {
	need := fmt.Sprintf("a step on %d images needs about %s, of which %s can be had", r.BatchSize, gigabytes(e.Bytes(r.BatchSize)), gigabytes(bytes))
	fits := min(e.Fits(bytes), r.BatchSize-1)
	if fits > 8 {
		fits -= fits % 8
	}
	if fits < 2 {
		return fmt.Sprintf("%s; a smaller batch does not help, take a smaller model (model, width) or smaller views", need)
	}
	advice := fmt.Sprintf("%s; a batch_size of %d fits", need, fits)
	m, err := LookupMethod(r.Method)
	if err != nil || m.Mixes != "" || r.Privacy != nil {
		return advice
	}
	for parts := max(r.Accumulate, 1) + 1; parts <= r.BatchSize/2; parts++ {
		if r.BatchSize%parts == 0 && r.BatchSize/parts*max(r.Accumulate, 1) <= fits {
			return fmt.Sprintf("%s, or accumulate %d", advice, parts)
		}
	}
	return advice
}

func gigabytes(bytes int64) string { return fmt.Sprintf("%.2f GB", float64(bytes)/1e9) }
