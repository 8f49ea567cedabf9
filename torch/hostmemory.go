package torch

/*
#cgo nocallback ct_host_bytes
#cgo nocallback ct_host_peak
#include "shim/api_gen.h"
*/
import "C"

// HostMemory returns the bytes of host memory that the tensors of all goroutines hold,
// and the most since the start or the last [ResetPeakHostMemory]. What libtorch
// takes for the inner work of an operation is not counted, and neither is memory that
// is not its own, such as that of files. For GPUs see package cuda.
func HostMemory() (bytes, peak int64) {
	mustInit("HostMemory")
	return int64(C.ct_host_bytes()), int64(C.ct_host_peak(false))
}

// ResetPeakHostMemory makes the bytes of now the peak of [HostMemory], and returns what
// it was.
func ResetPeakHostMemory() int64 {
	mustInit("ResetPeakHostMemory")
	return int64(C.ct_host_peak(true))
}
