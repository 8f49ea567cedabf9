package torch

/*
#include "shim/api_gen.h"
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

// startRelief starts the goroutine that collects garbage when an operation
// lacks memory. The operation waits for it and is then tried once more. It
// sleeps until then and needs no thread for that.
func startRelief() error {
	var pipe [2]int
	if err := syscall.Pipe2(pipe[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
		return fmt.Errorf("no pipe for requests of memory: %w", err)
	}
	requests := os.NewFile(uintptr(pipe[0]), "requests of memory")
	go func() {
		buf := make([]byte, 64)
		for {
			if _, err := requests.Read(buf); err != nil {
				return // never, as nobody closes the other end
			}
			asked := C.ct_relief_asked()
			collect()
			C.ct_relief_done(asked)
		}
	}()
	C.ct_relief_start(C.int32_t(pipe[1]))
	return nil
}

// collect frees the tensors that Go does not reach any more. The collector
// hands them to clean-ups, which run beside it: collect waits until the number
// of tensors has stood still for a while.
func collect() {
	const still, most = 5 * time.Millisecond, time.Second
	runtime.GC()
	n, since, begin := Live(), time.Now(), time.Now()
	for time.Since(since) < still && time.Since(begin) < most {
		time.Sleep(time.Millisecond)
		if now := Live(); now != n {
			n, since = now, time.Now()
		}
	}
}
