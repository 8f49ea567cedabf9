// Package gotorchx exchanges tensors and modules with gotorch, the older binding
// of libtorch at github.com/wangkuiyi/gotorch, so that a program with gotorch
// models can use them together with everything in this module.
//
// # Tensors
//
// [FromGotorch] and [ToGotorch] copy nothing. Both bindings hold pointers to
// at::Tensor, and one libtorch serves both, so the two Go values are two names
// for one tensor: same memory, same gradient, same place in the autograd graph.
// What is written through one is read through the other, and Backward on either
// side runs through what both have computed:
//
//	gotorchx.Hold(func() { // see below
//		y = gotorchx.FromGotorch(scope, model.Forward(gotorchx.ToGotorch(x)))
//	})
//	y.Mul(y).Sum().Backward() // gradients for x and for the gotorch model
//
// # Modules
//
// [FromModule] makes a layer of a gotorch module. Its tensors are the module's
// own, under PyTorch's names and in the order of its fields, so that optimizers
// and schedules of this side train it, nn.LoadState loads it in place, and mem
// scores it:
//
//	encoder, err := gotorchx.FromModule(models.Resnet18())
//	…
//	encoder.Rename(statedict.ResNetName) // conv1 and layer1, as in torchvision
//	err = torch.SaveSafetensors("resnet18.safetensors", nn.State(encoder), nil)
//
// [ToModule] is the reverse: a layer of this side for gotorch's Sequential and
// its optimizers.
//
// Package statedict reads the checkpoints that gotorch programs have saved, and
// bin/sslmem-gotorch convert turns them into .safetensors and .pt files.
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
// Importing this package imports gotorch, and with it four things to know:
//
//   - Its init locks the main goroutine to its thread, and sets the number of
//     threads of the process to half the number of CPUs. This package sets it
//     back to what libtorch takes by itself. If OMP_NUM_THREADS or
//     MKL_NUM_THREADS is set, neither package changes anything.
//   - A C++ exception in its Backward, Grad or optimizers ends the process, where
//     this module panics with [*torch.Error]. So call Backward on this side.
//   - Its operators do not keep their operands alive while they run: the collector
//     may free one under them, and then the process ends or the result is wrong.
//     So compute inside [Hold], during which nothing of gotorch's is freed. A
//     [Module] does so by itself.
//   - Its SetStateDict puts other tensors into a module, and optimizers go on with
//     the old ones. nn.LoadState on a [Module] keeps them, and a [Module] panics
//     if it finds a tensor replaced.
//
// gotorch is linked from third_party/gotorch, which ./build.sh fills; of this
// module's packages, only those that import this one need that.
package gotorchx
