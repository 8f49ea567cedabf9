package cuda

/*
#include "../shim/cuda/api_gen.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"

	"sslmem/torch"
)

// A Graph is the recorded work of a function, to be done again as a whole. It
// is for one goroutine at a time.
type Graph struct {
	c       C.ct_cuda_graph
	device  int
	cleanup runtime.Cleanup
	closed  bool
}

// A CaptureErrorMode says which calls of other threads spoil a capture.
type CaptureErrorMode int32

const (
	// Global forbids calls that wait for a device, or take memory from it, to
	// all threads of the process.
	Global CaptureErrorMode = iota
	// ThreadLocal forbids them to the capturing thread only: right where other
	// goroutines copy data to the device meanwhile.
	ThreadLocal
	// Relaxed forbids nothing.
	Relaxed
)

// CaptureOptions are the settings of [Capture]; the zero value is good.
type CaptureOptions struct {
	// NumWarmupIters is how often fn runs before it is recorded, so that
	// libraries set themselves up and grads get their memory. 0 stands for 3, a
	// negative number for none.
	NumWarmupIters int
	// Generators are those that fn draws from. Each replay draws new numbers.
	Generators []*torch.Generator
	// CaptureErrorMode is Global unless set.
	CaptureErrorMode CaptureErrorMode
}

// Capture runs fn as often as the options say and then records what it queues
// on a device, without running it. The recorded work reads and writes the same
// memory each time:
//
//   - Inputs are tensors that exist before; copy new values into them with
//     CopyFrom before each replay. They must live as long as the graph.
//   - Results are tensors that fn leaves behind; each replay overwrites them.
//     Keep their scope open as long as they are read.
//   - Numbers that fn took from Go, such as a learning rate or a count of
//     steps, are recorded as they were.
//
// fn must not ask for values, as Item, ToSlice and printing do, must do the
// same operations each time, and must work on this device only. A whole
// training step starts with ZeroGrad, so that the backward pass makes the
// gradients in the graph's memory. The runs before the recording are real:
// they do change parameters and running statistics.
//
// A *torch.Error of fn is returned as an error; after any error or panic the
// capture is undone. The goroutine is locked to its thread meanwhile.
func Capture(index int, o CaptureOptions, fn func()) (*Graph, error) {
	side, err := NewStream(index, 0)
	if err != nil {
		return nil, err
	}
	outside, err := CurrentStream(index)
	if err != nil {
		return nil, err
	}
	if err := side.WaitStream(outside); err != nil {
		return nil, err
	}
	g := &Graph{device: index}
	if err := do("Capture", func() C.ct_err { return C.ct_cuda_graph_new(&g.c) }); err != nil {
		return nil, err
	}
	g.cleanup = runtime.AddCleanup(g, func(c C.ct_cuda_graph) { C.ct_cuda_graph_free(c) }, g.c)
	var failed error
	err = WithStream(side, func() { failed = g.record(side, o, fn) })
	if err := errors.Join(failed, err); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return g, outside.WaitStream(side)
}

func (g *Graph) record(side Stream, o CaptureOptions, fn func()) error {
	warmup := o.NumWarmupIters
	if warmup == 0 {
		warmup = 3
	}
	for range warmup {
		if err := torch.Try(fn); err != nil {
			return fmt.Errorf("cuda: Capture: before the recording: %w", err)
		}
	}
	if err := side.Synchronize(); err != nil {
		return err
	}
	// What is garbage now is better freed before the recording than within it.
	runtime.GC()
	if err := EmptyCache(); err != nil {
		return err
	}
	for _, gen := range o.Generators {
		err := do("Capture", func() C.ct_err {
			return C.ct_cuda_graph_register_generator(g.c, C.ct_generator(uintptr(gen.Handle())))
		})
		runtime.KeepAlive(gen)
		if err != nil {
			return err
		}
	}
	if err := do("Capture", func() C.ct_err { return C.ct_cuda_graph_capture_begin(g.c, C.int32_t(o.CaptureErrorMode)) }); err != nil {
		return err
	}
	return g.finish(fn)
}

// finish ends the capture whatever happens in fn.
func (g *Graph) finish(fn func()) (err error) {
	defer func() {
		err = errors.Join(err, do("Capture", func() C.ct_err { return C.ct_cuda_graph_capture_end(g.c) }))
	}()
	return torch.Try(fn)
}

// Replay queues the recorded work in the current stream of the graph's device
// and returns at once.
func (g *Graph) Replay() error {
	if g.closed {
		return errors.New("cuda: Replay: the graph was closed")
	}
	var err error
	failed := WithDevice(g.device, func() {
		err = do("Replay", func() C.ct_err { return C.ct_cuda_graph_replay(g.c) })
	})
	runtime.KeepAlive(g)
	return errors.Join(err, failed)
}

// Close waits for the device and frees the graph. Tensors that the recorded
// function left behind keep their last values. Closing twice does nothing. A
// graph that is forgotten is freed by the collector.
func (g *Graph) Close() error {
	if g.closed {
		return nil
	}
	g.closed = true
	err := Synchronize(g.device)
	g.cleanup.Stop()
	C.ct_cuda_graph_free(g.c)
	return err
}
