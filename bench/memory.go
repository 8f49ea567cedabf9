package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"sslmem/cli"
	"sslmem/data"
	"sslmem/ssl"
	"sslmem/torch"
)

// sampleEvery is after how many steps the resident memory is read.
const sampleEvery = 10

// trainLong is the worker of part memory: a whole training, with its loader
// and the carried images, that prints its resident bytes every ten steps.
func trainLong(out io.Writer, name, steps string) error {
	c, err := lookup(name)
	if err != nil {
		return err
	}
	total, err := strconv.Atoi(steps)
	if err != nil {
		return fmt.Errorf("number of steps: %w", err)
	}
	images, _, err := data.FashionMNIST()
	if err != nil {
		return err
	}
	index := make([]int, sampleEvery*c.recipe.BatchSize) // ten steps are an epoch
	for i := range index {
		index[i] = i
	}
	fmt.Fprintln(out, "ready", torch.Version())
	recipe := c.recipe
	recipe.Epochs, recipe.Optimizer.WarmupEpochs = total/sampleEvery, 0
	var failed error
	loop := ssl.Loop{
		Recipe: recipe, Data: images, Index: index, Seed: seed, Device: torch.CPU,
		Report: func(p ssl.Progress) {
			if !p.EpochEnd {
				return
			}
			bytes, err := resident(os.Getpid())
			failed = errors.Join(failed, err)
			fmt.Fprintln(out, bytes)
		},
	}
	trainer, err := loop.Run(context.Background())
	if err != nil {
		return err
	}
	ssl.Free(trainer)
	return failed
}

// A memoryResult is the resident memory of a training, sample by sample.
type memoryResult struct {
	Steps   int   `json:"steps"`
	Samples []int `json:"resident_bytes"` // after every ten steps
}

// growth is the mean of the last third of the samples over that of the first.
func (r memoryResult) growth() float64 {
	third := len(r.Samples) / 3
	return mean(r.Samples[len(r.Samples)-third:]) / mean(r.Samples[:third])
}

func mean(values []int) float64 {
	sum := 0
	for _, v := range values {
		sum += v
	}
	return float64(sum) / float64(len(values))
}

// flat is how much the last third may differ from the first.
const flat = .02

// memory watches a training of a new process.
func (b *bench) memory() (memoryResult, error) {
	r := memoryResult{Steps: b.memorySteps}
	measuring(fmt.Sprintf("%d steps of the demo's training", b.memorySteps))
	p, err := ours(cli.Defaults().Threads, "memory", "demo", strconv.Itoa(b.memorySteps)).start()
	if err != nil {
		return r, err
	}
	for p.out.Scan() {
		bytes, err := strconv.Atoi(p.out.Text())
		if err != nil {
			p.stop()
			return r, fmt.Errorf("the training prints %q", p.out.Text())
		}
		r.Samples = append(r.Samples, bytes)
	}
	p.stop()
	if want := r.Steps / sampleEvery; len(r.Samples) != want {
		return r, fmt.Errorf("the training ended after %d of %d samples: %s", len(r.Samples), want, p.stderr)
	}
	return r, nil
}
