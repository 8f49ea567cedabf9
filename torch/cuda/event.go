package cuda

/*
#include "../shim/cuda/api_gen.h"
*/
import "C"

import (
	"runtime"
	"time"
)

// An Event marks a place in a stream's work. Record puts the mark; others can
// then ask for it or wait for it.
type Event struct {
	c C.ct_cuda_event
}

// NewEvent returns an event that is recorded nowhere yet. Only one made with
// enableTiming can measure time.
func NewEvent(enableTiming bool) (*Event, error) {
	e := &Event{}
	if err := do("NewEvent", func() C.ct_err { return C.ct_cuda_event_new(C.bool(enableTiming), &e.c) }); err != nil {
		return nil, err
	}
	runtime.AddCleanup(e, func(c C.ct_cuda_event) { C.ct_cuda_event_free(c) }, e.c)
	return e, nil
}

// Record marks the end of what is queued in s so far.
func (e *Event) Record(s Stream) error {
	err := do("Event.Record", func() C.ct_err { return C.ct_cuda_event_record(e.c, s.c()) })
	runtime.KeepAlive(e)
	return err
}

// Query reports whether the work before the mark is done; true for an event
// that was not recorded.
func (e *Event) Query() (bool, error) {
	var done C.bool
	err := do("Event.Query", func() C.ct_err { return C.ct_cuda_event_query(e.c, &done) })
	runtime.KeepAlive(e)
	return bool(done), err
}

// Synchronize waits until the work before the mark is done.
func (e *Event) Synchronize() error {
	err := do("Event.Synchronize", func() C.ct_err { return C.ct_cuda_event_synchronize(e.c) })
	runtime.KeepAlive(e)
	return err
}

// ElapsedTime returns the time on the device from e to end. Both must be
// events with timing that have happened.
func (e *Event) ElapsedTime(end *Event) (time.Duration, error) {
	var ms C.double
	err := do("Event.ElapsedTime", func() C.ct_err { return C.ct_cuda_event_elapsed(e.c, end.c, &ms) })
	runtime.KeepAlive(e)
	runtime.KeepAlive(end)
	return time.Duration(float64(ms) * float64(time.Millisecond)), err
}
