// Package torch binds libtorch, the C++ library under PyTorch: tensors,
// automatic differentiation, devices, random numbers and files.
//
// A program makes tensors in a scope, computes with their methods and closes
// the scope:
//
//	s := torch.NewScope()
//	defer s.Close()
//	x := torch.FromSlice(s, []float32{1, 2, 3, 4}, 2, 2)
//	fmt.Println(x.Mm(x.T()).Sum().Item())
//
// On top of this package, nn has layers, optim optimizers and schedules, amp the
// scaling of losses for float16, and cuda what only GPUs have; the package
// example trains a network. Packages ptfile and safetensors read and write
// files without libtorch, and gotorchx exchanges tensors with gotorch.
//
// # Tensors
//
// A [Tensor] is an array of any number of dimensions, with elements of one
// [DType] on one [Device]. It comes from a slice ([FromSlice], [Scalar]), a
// method of the scope ([Scope.Zeros], [Scope.Full], [Scope.Arange], …), a
// [Generator] or a file, and its elements come back by [ToSlice],
// [Tensor.Item], or [Data] without a copy. Printing it shows them.
//
// Methods are ATen's operators in Go's spelling, with PyTorch's meaning:
// broadcasting, promotion of dtypes, negative dimensions that count from the
// end. A reduction with keepdim leaves the dimensions that it reduces with size
// 1. Arguments that a method does not have keep PyTorch's defaults; a nil list
// of numbers stands for the default too, and a nil tensor for none. A method
// whose name ends in InPlace, and Zero, Fill and CopyFrom, change the receiver
// and return it; all others leave it alone, though the result of a
// shape-changing one, such as [Tensor.View], shares its memory.
//
// Images are batches [N, C, H, W]. [Tensor.Contiguous] with [ChannelsLast]
// puts the channels of a pixel side by side, which convolutions prefer; the
// shape stays the same.
//
// # Scopes
//
// The memory of a tensor is C++'s, and Go's collector neither sees how large it
// is nor hurries to free it. So each tensor belongs to a [Scope], and closing
// the scope frees all of its tensors at that moment. One scope for each
// training step or scored batch keeps memory flat:
//
//	for batch := range batches {
//		s := torch.NewScope()
//		x := torch.FromSlice(s, batch.Pixels, n, 3, 32, 32)
//		loss := model.Forward(x).Mean() // everything in between belongs to s
//		loss.Backward()
//		s.Close()
//	}
//
// The rules are few:
//
//   - A result joins the deepest scope among its operands; of equally deep
//     ones, the first. [NewScope] has depth 1, [Scope.Child] is one deeper
//     than its parent. Naming a scope where the data enters is enough.
//   - [Root], the nil scope, is the shallowest of all. Its tensors live until
//     the collector finds them unreachable, or [Tensor.Free]. Parameters live
//     there; as operands they draw no result into Root unless all others are
//     root tensors too.
//   - [Scope.Use] gives a root tensor, or one of another scope, a second name
//     in s, so that what is computed from it joins s. Both names share memory
//     and history.
//   - [Tensor.MoveTo] hands a tensor to another scope, and [Tensor.Keep] to
//     Root. That is how a result outlives the scope in which it was computed.
//   - [Scope.Do] runs a function in a child scope, closes that and lifts the
//     result out; [Tidy] does it for a function of one tensor.
//   - Closing a scope frees names, not memory that others hold: a view
//     elsewhere, a second name or the autograd graph keeps it alive.
//
// # Leak hunting
//
// [Live] counts the tensors of the process. A test that compares it before and
// after finds every scope that was not closed; package torchtest does so. Where
// the lost tensors were made is told by running the program with
//
//	SSLMEM_DEBUG_TENSORS=1
//
// in the environment, or after [TrackTensors]: each tensor then remembers the
// calls that made it, [LiveTensors] lists those that live, and
// [WriteLiveTensors] reports them by place, the largest first. Tests of
// torchtest.NoLeak print that report when they fail. Memory that grows while
// Live does not is held by autograd graphs, through results that are kept from
// step to step, a Grad that was made with CreateGraph, or a hook or [Function]
// that refers to its own results.
//
// # Errors
//
// Misuse, such as shapes that do not fit, panics with an [*Error], as an index
// out of range does in Go: computations stay readable, and mistakes are found
// where they are made. It tells the operator, the dtypes and shapes of the
// operands, the [Kind] of failure and what libtorch said. No C++ exception
// crosses into Go or ends the process. Every method panics if an operand is
// nil, freed or of a closed scope, if operands are on different devices, if a
// dimension is out of range, and if the operator does not exist for the dtype.
// Methods that change their receiver panic if it is a leaf that requires grad,
// unless inside [NoGrad]. What else a method panics for is in its documentation.
//
// [Try] runs a function and returns such a panic as an error. It belongs where
// a program meets data that it did not make, and where memory may run out:
//
//	err := torch.Try(func() { y = x.Mm(w) })
//
// Using a tensor whose scope was closed, or that was freed, is an error of kind
// [Closed], never a use of freed memory; only slices of [Data] are beyond that
// protection. Functions that meet the outside world, such as [LoadSafetensors],
// [ParseDevice] and [Init], return their errors.
//
// # Autograd
//
// Operations on a tensor with [Tensor.RequireGrad] are recorded.
// [Tensor.Backward] of a scalar result adds its derivatives to the Grad of
// every leaf, where optimizers find them; [Gradients] returns derivatives
// instead and touches no Grad. With createGraph they can be differentiated
// again. [Backward] and [GradientsWith] take several outputs and the gradients
// by them.
//
// [NoGrad] runs a function without recording. The setting belongs to the
// operating system's thread, so NoGrad locks the goroutine to its own for that
// time, and goroutines started inside have recording on. [InferenceMode] is
// NoGrad with less bookkeeping, for tensors that will never be differentiated.
// [Tensor.Detach] leaves the history of one tensor behind.
//
// [Tensor.RegisterHook] has the backward pass show the gradient of a tensor to
// a Go function, which may replace it; [Tensor.RegisterPostAccumulateGradHook]
// runs once the Grad of a leaf is there. Hooks run in the middle of C++: their
// tensors belong to a scope of their own, and a panic is held back until the
// C++ has ended in order, and goes on from Backward.
//
// A [Function] is an operation whose backward pass is written in Go too;
// [Apply] runs it. [Recompute], known as activation checkpointing, is one: it
// runs a block of a network without keeping what its backward pass needs, and
// runs it again when that comes, which trades a third more time for most of
// the memory of deep networks.
//
// The graph holds what the backward pass needs, also after the scope of those
// tensors was closed, and lets go of it in Backward or when the last result is
// freed. Changing a tensor in place that the backward pass needs is found
// there, and panics.
//
// # Mixed precision
//
// [Autocast] runs a function in which matrix products, convolutions and other
// operations that gain by it compute in bfloat16 or float16, as torch.autocast
// does. Parameters stay float32, and so do their gradients:
//
//	torch.Autocast(torch.CPUType, torch.BFloat16, func() { loss = net.Forward(x).CrossEntropy(y) })
//	loss.Backward()
//
// The backward pass and the optimizer's step belong outside. [NoAutocast] turns
// it off for a part of the computation that needs the precision. As NoGrad, it
// is a setting of the thread. Float16 has too small a range for most gradients;
// package amp scales them. It pays on GPUs, and on processors with bfloat16
// instructions; elsewhere it saves memory but no time.
//
// # Threads
//
// A scope and a generator are for one goroutine at a time. Tensors may be read
// by many, as the parameters of a network are; changes in place and Backward
// must not run beside another use of the same tensors.
//
// One operation uses up to [NumThreads] threads, from a pool that libtorch
// keeps for each thread that calls it. [SetNumThreads] sets the number for the
// process, before the first operation. Goroutines wander between threads, and
// each new one gets a pool of its own; one that computes for long calls
// [LockThread] first. Sums in floating point depend on how work is split, so
// results are the same bit for bit only for the same number of threads.
//
// # Every other operator
//
// [Call] calls any operator of ATen by name, also those that are no methods,
// with arguments that are checked against the operator's schema and defaults
// for those that are left out:
//
//	v, err := torch.Call("aten::linalg_matrix_exp", x)
//	y := v.Tensor()
//
// [Schemas] shows what an operator takes. The result, an [IValue], has a type
// that is known at run time only. Results join scopes, are differentiable and
// so on as those of methods are. [LoadLibrary] brings operators that somebody
// wrote in C++ with TORCH_LIBRARY.
//
// # TorchScript
//
// [LoadScript] reads a module that PyTorch exported with torch.jit.script or
// torch.jit.trace, weights and code, and runs it without Python:
//
//	m, err := torch.LoadScript("encoder.pt")
//	defer m.Free()
//	out, err := m.Forward(x)
//	features := out.Tensor()
//
// Methods take and return tensors and whatever else [Call] does, tuples and
// dicts included. The code runs in libtorch's interpreter: a file of unknown
// origin is a program of unknown origin. Weights alone, which run nothing, are
// safer in other formats; see Files. nn.Script makes a layer of a module.
//
// # Randomness
//
// A [Generator] is a stream of random numbers on one device. The same seed
// gives the numbers of a torch.Generator of PyTorch with that seed. Nothing in
// this package draws from libtorch's global generator, so no part of a program
// disturbs the numbers of another. [Generator.State] and [Generator.SetState]
// save and restore the position in the stream, for checkpoints.
//
// # Files
//
// [SaveSafetensors] and [LoadSafetensors] write and read named tensors in the
// safetensors format, which PyTorch reads and writes too. A file appears
// complete or not at all, and has the same bytes for the same tensors. Package
// safetensors has the format itself, for programs that need no libtorch. Large
// models come in several files; LoadSafetensors reads them by their index.
//
// [LoadPT] reads the weights of PyTorch's own .pt and .pth files, a state_dict
// or a training checkpoint that has one, and [SavePT] writes files that
// torch.load opens. Such a file is a program in Python; here nothing of it is
// run, whoever wrote it. Package ptfile says what is read and what is refused.
//
//	c, err := torch.LoadPT(torch.Root, "resnet18.pth", torch.PTOptions{})
//	if err != nil {
//		return err
//	}
//	err = nn.LoadState(model, c.Tensors)
//
// [LoadPTTree] reads all of a checkpoint, the state of an optimizer included.
//
// # Devices
//
// [CPU] is always there. [CUDA] devices need an NVIDIA driver and a libtorch
// built for it; its CUDA part is loaded only when something asks for a GPU.
// [ParseDevice] reads what a user typed, "auto" included, and says why a
// device cannot be used. [Tensor.ToDevice] copies; operands of one operation
// must be on one device. GPUs compute behind the caller's back: an operation
// returns at once, and [Tensor.Item] or [ToSlice] waits.
//
// [Scope.EmptyPinned] and [Tensor.ToDeviceAsync] bring data to a GPU beside the
// computation. Package cuda has streams, events, memory statistics and graphs.
// A [Setting] switches what libtorch does on GPUs, and
// [UseDeterministicAlgorithms] asks for the same bits each time.
//
// An operation that finds no memory, on the host or a GPU, has Go collect its
// garbage and is tried once more before it panics with the kind [Memory].
// Operations in place, Backward and optimizer steps are not tried again, as
// half of them may be done; the garbage is collected all the same.
//
// # How libtorch is found
//
// The package does not link libtorch. At the first use, or in [Init], it opens
// the shim libctorch.so, a small library that build.sh compiles and that brings
// libtorch in. A program that never touches a tensor starts without it, and one
// that does not find it gets an error which says what to do, wrapping
// [ErrNoLibrary]. The shim is looked for in this order:
//
//   - the file that the environment variable SSLMEM_SHIM names, and nothing
//     else if it is set;
//   - the folder of the executable, links followed;
//   - the folder third_party beside that folder;
//   - the folder third_party of the source tree that the program was compiled
//     from.
//
// A shim of another version of this package, or one that meets another libtorch
// than it was compiled for, is refused. [LibraryPath] and [Version] tell what
// was loaded.
//
// # How operators are added
//
// The file ops.txt lists the operators, one ATen schema with its documentation
// each. Add a line, then run go generate and build.sh, and add a case to
// testdata: every operator is compared with PyTorch's values and gradients.
package torch

//go:generate go run ../internal/opgen -torch .
