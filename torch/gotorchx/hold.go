package gotorchx

/*
#cgo LDFLAGS: -ldl
#include "hold.h"
*/
import "C"

import (
	"sync"
	"unsafe"

	"sslmem/torch"
)

// Hold runs fn, which computes with gotorch, and frees no tensor of gotorch or
// of [ToGotorch] meanwhile, in the whole process; those that the collector
// finds are freed when the last Hold ends. gotorch's operators do not keep
// their operands alive, so that outside of Hold a collection may free one while
// it is read. Tensors that fn no longer needs take memory until Hold ends: hold
// one forward pass, not a loop.
//
// A panic of fn with a string or an error made from one, which is what gotorch
// does with an exception of C++, becomes a panic with [*torch.Error], so that
// [torch.Try] returns it.
func Hold(fn func()) {
	held.begin()
	defer held.end()
	defer func() {
		switch r := recover().(type) {
		case nil:
		case string:
			panic(&torch.Error{Op: "gotorch", Kind: torch.Runtime, Msg: r})
		default:
			panic(r)
		}
	}()
	fn()
}

// handles are those of ToGotorch that were collected during a Hold.
type handles struct {
	mu      sync.Mutex
	holders int
	waiting []unsafe.Pointer
}

var held handles

func (h *handles) begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.holders++
	C.gx_hold()
}

func (h *handles) end() {
	h.mu.Lock()
	var free []unsafe.Pointer
	if h.holders--; h.holders == 0 {
		free, h.waiting = h.waiting, nil
	}
	h.mu.Unlock()
	for _, p := range free {
		torch.FreeHandle(p)
	}
	C.gx_release()
}

// free frees a handle, now or at the end of the last Hold.
func (h *handles) free(p unsafe.Pointer) {
	h.mu.Lock()
	later := h.holders > 0
	if later {
		h.waiting = append(h.waiting, p)
	}
	h.mu.Unlock()
	if !later {
		torch.FreeHandle(p)
	}
}

// waitingTensors counts gotorch's tensors that wait for the end of Hold.
func waitingTensors() int { return int(C.gx_waiting()) }
