// Package cuda has what NVIDIA GPUs need beyond the operations of package
// torch: which devices there are, streams and events, memory statistics, and
// graphs of whole training steps. Names follow torch.cuda of PyTorch.
//
// A program that only computes on a GPU does not need it: a tensor made on
// [torch.CUDA], or brought there by ToDevice, takes the same path as on the
// CPU.
//
// # Without a GPU
//
// The package compiles and links everywhere. Its library, libctorch_cuda.so,
// is opened on the first call; where there is no driver, no device or no
// libtorch built for CUDA, that call returns an error that wraps [ErrNoDevice]
// and says which of these is missing. Nothing panics for want of a GPU.
//
// # Streams
//
// Work for a device is queued in a [Stream] and done in order. Each device has
// a default stream, where all work goes that says nothing else; work in two
// streams may overlap. [WithStream] queues the work of one function in another
// stream. The current stream, like the current device, belongs to the thread
// of the operating system, so WithStream locks the goroutine to its own, and
// goroutines started inside do not inherit the stream.
//
// Streams do not wait for each other unless told to, by [Stream.WaitStream] or
// with an [Event]. A tensor that was made in one stream and is used in another
// must be made known there with [RecordStream] before it is freed, or its
// memory may be given away too early.
//
// # Host to device
//
// A copy from pinned host memory can run beside the computation:
//
//	batch := torch.Root.EmptyPinned(shape, torch.Float32)
//	fill(torch.Data[float32](batch))
//	x := batch.ToDeviceAsync(torch.CUDA(0))
//
// The host memory must not be changed before the copy has happened; an event
// that was recorded after it tells.
//
// # Memory
//
// libtorch keeps freed device memory for later: [MemoryAllocated] is what
// tensors hold, [MemoryReserved] what the process holds. Closing scopes keeps
// both flat. If the device runs out, the failing operation collects what Go no
// longer reaches and is tried once more before it panics; see package torch.
//
// # Graphs
//
// Launching small kernels one by one can cost more than running them. [Capture]
// records all kernels of a function, such as one training step, and
// [Graph.Replay] launches them at once, on the same memory: new data is copied
// into the tensors that the function read.
package cuda
