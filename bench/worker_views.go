package main

import (
	"fmt"
	"runtime"
	"strconv"

	"sslmem/bench/worker"
	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/augment/fused"
)

// newViewsWorker makes batches of views of images in memory. The arguments are
// the engine, fused or reference; the recipe; and size, batch, height and width.
func newViewsWorker(threads int, args []string) (worker.Action, error) {
	n, err := numbers(args[2:])
	if err != nil {
		return nil, err
	}
	r, err := augment.Lookup(args[1])
	if err != nil {
		return nil, err
	}
	size, batch := n[0], n[1]
	r.Size, r.Mean, r.Std = size, viewMean, viewStd
	d := viewImages(min(batch, 64), n[2], n[3])
	idx := make([]int, batch)
	for i := range idx {
		idx[i] = i % d.Len()
	}
	out := make([]float32, batch*3*size*size)
	epoch := 0
	return func(times int) float64 {
		for range times {
			k := augment.Key{Seed: seed, Epoch: epoch}
			epoch++
			if args[0] == "fused" {
				err = fused.Batch(out, r, d, idx, k, fused.Layout{ChannelsLast: true}, threads)
			} else {
				err = r.Batch(out, d, idx, k, threads)
			}
			if err != nil {
				panic(err) // the recipe fits the images
			}
		}
		return mean32(out)
	}, nil
}

// newFolderWorker reads a folder of photographs, epoch by epoch, and makes
// batches as views.py does. The arguments are size, batch and the folder.
func newFolderWorker(threads int, args []string) (worker.Action, error) {
	n, err := numbers(args[:2])
	if err != nil {
		return nil, err
	}
	runtime.GOMAXPROCS(threads)
	source, err := data.OpenImageFolder(args[2], nil)
	if err != nil {
		return nil, err
	}
	size, batch := n[0], n[1]
	r := augment.Recipe{Size: size, ScaleMin: 0.08, ScaleMax: 1, RatioMin: 3. / 4, RatioMax: 4. / 3, Flip: 0.5, Mean: viewMean, Std: viewStd}
	l := data.Loader{Source: source, Sampler: data.Sampler{N: source.Len(), Batch: batch, Seed: seed}, Ahead: 2}
	out := make([]float32, batch*3*size*size)
	step := 0
	return func(epochs int) float64 {
		steps := epochs * l.Sampler.StepsPerEpoch()
		if err := readFolder(&l, step, steps, r, out); err != nil {
			panic(err) // this program has written the folder
		}
		step += steps
		return mean32(out)
	}, nil
}

// readFolder takes some steps: batches are decoded ahead and made into views.
func readFolder(l *data.Loader, first, steps int, r augment.Recipe, out []float32) error {
	q, err := l.Start(first, first+steps)
	if err != nil {
		return err
	}
	defer q.Stop()
	for range steps {
		b, err := q.Next()
		if err != nil {
			return err
		}
		k := augment.Key{Seed: seed, Epoch: l.Sampler.Epoch(b.Step)}
		if err := fused.Images(out, r, b.Images, b.Index, k, fused.Layout{ChannelsLast: true}, 0); err != nil {
			return err
		}
		q.Recycle(b)
	}
	return nil
}

func numbers(args []string) ([]int, error) {
	n := make([]int, len(args))
	for i, a := range args {
		var err error
		if n[i], err = strconv.Atoi(a); err != nil {
			return nil, fmt.Errorf("argument %q: %w", a, err)
		}
	}
	return n, nil
}

func mean32(x []float32) float64 {
	sum := 0.
	for _, v := range x {
		sum += float64(v)
	}
	return sum / float64(len(x))
}
