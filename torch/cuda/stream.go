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

// A Stream is a queue of work on one device. Streams come from a pool of
// libtorch: they are cheap, comparable with ==, and never freed. The zero
// Stream is the default stream of device 0.
type Stream struct {
	id     int64
	device int
}

func (s Stream) c() C.ct_cuda_stream {
	return C.ct_cuda_stream{id: C.int64_t(s.id), device: C.int32_t(s.device)}
}

func stream(op string, get func(out *C.ct_cuda_stream) C.ct_err) (Stream, error) {
	var c C.ct_cuda_stream
	err := do(op, func() C.ct_err { return get(&c) })
	return Stream{id: int64(c.id), device: int(c.device)}, err
}

// NewStream returns a stream of a device. A lower priority comes first: 0 is
// normal and −1 high. After 32 streams of one priority the first comes again.
func NewStream(index, priority int) (Stream, error) {
	return stream("NewStream", func(out *C.ct_cuda_stream) C.ct_err {
		return C.ct_cuda_new_stream(C.int32_t(index), C.int32_t(priority), out)
	})
}

// DefaultStream returns the stream of a device where work goes that is not
// told otherwise.
func DefaultStream(index int) (Stream, error) {
	return stream("DefaultStream", func(out *C.ct_cuda_stream) C.ct_err { return C.ct_cuda_default_stream(C.int32_t(index), out) })
}

// CurrentStream returns the stream of a device where the calling thread's work
// goes.
func CurrentStream(index int) (Stream, error) {
	return stream("CurrentStream", func(out *C.ct_cuda_stream) C.ct_err { return C.ct_cuda_current_stream(C.int32_t(index), out) })
}

// Device returns the device of the stream.
func (s Stream) Device() torch.Device { return torch.CUDA(s.device) }

// String names the stream for people: "stream 3 of cuda:0".
func (s Stream) String() string { return fmt.Sprintf("stream %d of cuda:%d", s.id, s.device) }

// Synchronize waits until all work queued so far is done.
func (s Stream) Synchronize() error {
	return do("Stream.Synchronize", func() C.ct_err { return C.ct_cuda_stream_synchronize(s.c()) })
}

// Query reports whether all work queued so far is done.
func (s Stream) Query() (bool, error) {
	var done C.bool
	err := do("Stream.Query", func() C.ct_err { return C.ct_cuda_stream_query(s.c(), &done) })
	return bool(done), err
}

// WaitEvent makes work that is queued in s from now on wait for the event. It
// returns at once.
func (s Stream) WaitEvent(e *Event) error {
	err := do("Stream.WaitEvent", func() C.ct_err { return C.ct_cuda_event_wait(e.c, s.c()) })
	runtime.KeepAlive(e)
	return err
}

// WaitStream makes work that is queued in s from now on wait for all that is
// queued in other so far. It returns at once.
func (s Stream) WaitStream(other Stream) error {
	e, err := NewEvent(false)
	if err != nil {
		return err
	}
	if err := e.Record(other); err != nil {
		return err
	}
	return s.WaitEvent(e)
}

// WithStream runs fn with s as the current stream of its device, and that
// device as the current one. What was set before is set again when fn ends,
// also by a panic. The goroutine is locked to its thread meanwhile; goroutines
// started inside do not inherit the stream.
func WithStream(s Stream, fn func()) error {
	var failed error
	err := WithDevice(s.device, func() { failed = withStream(s, fn) })
	return errors.Join(failed, err)
}

func withStream(s Stream, fn func()) (err error) {
	before, err := CurrentStream(s.device)
	if err != nil {
		return err
	}
	set := func(s Stream) error {
		return do("WithStream", func() C.ct_err { return C.ct_cuda_set_stream(s.c()) })
	}
	if err := set(s); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set(before)) }()
	fn()
	return nil
}

// RecordStream tells the memory allocator that work queued in s uses t, whose
// memory belongs to another stream: once t is freed, the memory is not given
// away before that work is done.
func RecordStream(t *torch.Tensor, s Stream) error {
	return do("RecordStream", func() C.ct_err {
		h := torch.NewHandle(t)
		defer torch.FreeHandle(h)
		return C.ct_cuda_record_stream(C.ct_tensor(uintptr(h)), s.c())
	})
}
