package torch

/*
#include "shim/api_gen.h"
*/
import "C"

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
)

// A DeviceType is a kind of device. The numbers are those of c10::DeviceType.
type DeviceType int8

const (
	// CPUType is the host.
	CPUType DeviceType = 0
	// CUDAType is an NVIDIA GPU.
	CUDAType DeviceType = 1
)

// A Device is where the elements of a tensor live. The zero value is the CPU.
type Device struct {
	Type  DeviceType
	Index int // number of the GPU; 0 for the CPU
}

// CPU is the host device.
var CPU = Device{}

// CUDA returns the GPU of the given number.
func CUDA(index int) Device { return Device{Type: CUDAType, Index: index} }

// String returns PyTorch's name: "cpu", "cuda:0".
func (d Device) String() string {
	if d.Type == CPUType {
		return "cpu"
	}
	return fmt.Sprintf("cuda:%d", d.Index)
}

// ParseDevice reads "cpu", "cuda", "cuda:N" or "auto" (the first GPU if there
// is one, else the CPU), and checks that the device can be used here.
func ParseDevice(name string) (Device, error) {
	switch kind, index, numbered := strings.Cut(strings.ToLower(strings.TrimSpace(name)), ":"); {
	case kind == "cpu" && !numbered:
		return CPU, Init()
	case kind == "auto" && !numbered:
		if err := Init(); err != nil {
			return CPU, err
		}
		if n, err := CUDACount(); err == nil && n > 0 {
			return CUDA(0), nil
		}
		return CPU, nil
	case kind == "cuda":
		i := 0
		if numbered {
			var err error
			if i, err = strconv.Atoi(index); err != nil || i < 0 {
				return CPU, fmt.Errorf("device %q: the part after the colon must be the number of a GPU, such as cuda:0", name)
			}
		}
		n, err := CUDACount()
		if err != nil {
			return CPU, fmt.Errorf("device %q: %w", name, err)
		}
		if i >= n {
			return CPU, fmt.Errorf("device %q: %s", name, noDevice(CUDA(i), n))
		}
		return CUDA(i), nil
	}
	return CPU, fmt.Errorf("unknown device %q; known are auto, cpu, cuda and cuda:N", name)
}

// noDevice says that there are n GPUs, which is too few for d.
func noDevice(d Device, n int) string {
	if n == 0 {
		return "there is no CUDA device, or no NVIDIA driver that is new enough for this libtorch (nvidia-smi shows both); take cpu or auto"
	}
	return fmt.Sprintf("there is no %v, the CUDA devices are 0 to %d; take one of them, cpu or auto", d, n-1)
}

var cudaOnce = sync.OnceValue(func() error {
	if err := Init(); err != nil {
		return err
	}
	return Try(func() { check("load libtorch_cuda", C.ct_load_cuda()) })
})

// CUDACount returns the number of GPUs that can be used. It loads libtorch's
// CUDA part on the first call; the error says why that did not work.
func CUDACount() (int, error) {
	if err := cudaOnce(); err != nil {
		return 0, fmt.Errorf("libtorch's CUDA part does not load (%w); run ./build.sh on a machine with an NVIDIA driver, or take cpu", err)
	}
	return int(C.ct_cuda_count()), nil
}

// NumThreads returns the number of threads that one operation may use.
func NumThreads() int {
	mustInit("NumThreads")
	return int(C.ct_get_num_threads())
}

// SetNumThreads sets the number of threads that one operation may use, for the
// whole process. Set it before the first operation.
func SetNumThreads(n int) {
	mustInit("SetNumThreads")
	check("set_num_threads", C.ct_set_num_threads(C.int32_t(n)))
}

// LockThread locks the calling goroutine to its operating system thread and
// returns the function that undoes it. libtorch keeps one pool of worker
// threads per calling thread, so a goroutine that computes for long should
// stay on one.
func LockThread() (unlock func()) {
	mustInit("LockThread")
	runtime.LockOSThread()
	// The number of threads reaches a thread of the system when it first asks.
	C.ct_get_num_threads()
	return runtime.UnlockOSThread
}
