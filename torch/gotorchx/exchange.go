package gotorchx

import (
	"runtime"
	"unsafe"

	"github.com/wangkuiyi/gotorch"

	"sslmem/torch"
)

// FromGotorch returns a tensor of s, of any shape and dtype, that shares x: its
// memory, gradient and autograd history. x may be collected afterwards. It
// panics with [*torch.Error] if x is absent (its T is nil) or undefined, as is
// the Grad of a gotorch tensor that has none; FromGotorch(s, x).Grad() is nil
// there.
func FromGotorch(s *torch.Scope, x gotorch.Tensor) *torch.Tensor {
	var p unsafe.Pointer
	if x.T != nil {
		p = *x.T
	}
	t := torch.FromHandle(s, p)
	runtime.KeepAlive(x.T)
	return t
}

// ToGotorch returns a gotorch tensor, of any shape and dtype, that shares t: its
// memory, gradient and autograd history. It outlives t and t's scope, and is
// freed by the garbage collector. It panics with [*torch.Error] if t is closed.
func ToGotorch(t *torch.Tensor) gotorch.Tensor {
	// gotorch's own finalizer would make gotorch.GC wait for this tensor.
	word := new(unsafe.Pointer)
	*word = torch.NewHandle(t)
	runtime.SetFinalizer(word, func(word *unsafe.Pointer) { held.free(*word) })
	return gotorch.Tensor{T: word}
}
