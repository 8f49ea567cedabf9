// Package gotorchx exchanges tensors with gotorch, the older binding of libtorch
// at github.com/wangkuiyi/gotorch, so that a program with gotorch models can use
// them together with everything in this module.
//
// # Exchange
//
// [FromGotorch] and [ToGotorch] copy nothing. Both bindings hold pointers to
// at::Tensor, and one libtorch serves both, so the two Go values are two names
// for one tensor: same memory, same gradient, same place in the autograd graph.
// What is written through one is read through the other, and Backward on either
// side runs through what both have computed:
//
//	images := gotorchx.ToGotorch(x)
//	y := gotorchx.FromGotorch(scope, model.Forward(images))
//	runtime.KeepAlive(images.T) // see below
//	y.Mul(y).Sum().Backward() // gradients for x and for the gotorch model
//
// # Lifetime
//
// Each name keeps the tensor alive by itself. The one on this side belongs to a
// scope; the one on gotorch's side is freed by the garbage collector, and counts
// in [torch.Live] until then. It never joins the tensors for which gotorch.GC
// waits, so it may be kept over training steps.
//
// # What comes with gotorch
//
// Importing this package imports gotorch, and with it three things to know:
//
//   - Its init locks the main goroutine to its thread, and sets the number of
//     threads of the process to half the number of CPUs. This package sets it
//     back to what libtorch takes by itself. If OMP_NUM_THREADS or
//     MKL_NUM_THREADS is set, neither package changes anything.
//   - A C++ exception in its Backward, Grad or optimizers ends the process, where
//     this module panics with [*torch.Error]. So call Backward on this side.
//   - Its operators do not keep their operands alive while they run: the collector
//     may free one under them. Name every operand, and hold on to it with
//     runtime.KeepAlive(x.T) after the call.
//
// gotorch is linked from third_party/gotorch, which ./build.sh fills; of this
// module's packages, only those that import this one need that.
package gotorchx
