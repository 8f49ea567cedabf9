package cuda

/*
#include "../shim/cuda/api_gen.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"

	"sslmem/torch"
)

// IsAvailable reports whether a CUDA device can be used. [Available] says why
// not.
func IsAvailable() bool { return ready() == nil }

// Available returns nil where a CUDA device can be used, and else the reason,
// wrapping [ErrNoDevice].
func Available() error { return ready() }

// DeviceCount returns the number of devices that can be used, 0 where there is
// none.
func DeviceCount() int {
	if ready() != nil {
		return 0
	}
	n, _ := torch.CUDACount()
	return n
}

// CurrentDevice returns the index of the calling thread's current device.
func CurrentDevice() (int, error) {
	var index C.int32_t
	err := do("CurrentDevice", func() C.ct_err { return C.ct_cuda_current_device(&index) })
	return int(index), err
}

// SetDevice makes a device the current one of the calling thread. Operations
// go by the devices of their tensors and need it as little as PyTorch's do.
// The goroutine should be locked to its thread; [WithDevice] sees to that.
func SetDevice(index int) error {
	return do("SetDevice", func() C.ct_err { return C.ct_cuda_set_device(C.int32_t(index)) })
}

// WithDevice runs fn with another current device and sets back what was set
// before, also after a panic. The goroutine is locked to its thread meanwhile.
func WithDevice(index int, fn func()) (err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err := CurrentDevice()
	if err != nil {
		return err
	}
	if err := SetDevice(index); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, SetDevice(before)) }()
	fn()
	return nil
}

// Synchronize waits until all work on a device is done, in all of its streams.
// It returns the error of work that failed since the last wait.
func Synchronize(index int) error {
	return do("Synchronize", func() C.ct_err { return C.ct_cuda_synchronize(C.int32_t(index)) })
}

// Properties describes a device.
type Properties struct {
	Name                        string
	Major, Minor                int   // compute capability
	TotalMemory                 int64 // bytes
	MultiProcessorCount         int
	MaxThreadsPerMultiProcessor int
	WarpSize                    int   // threads
	L2CacheSize                 int64 // bytes
	IsIntegrated                bool  // it shares the host's memory
}

// DeviceProperties returns what is known of a device.
func DeviceProperties(index int) (Properties, error) {
	var p C.ct_cuda_device
	if err := do("DeviceProperties", func() C.ct_err { return C.ct_cuda_properties(C.int32_t(index), &p) }); err != nil {
		return Properties{}, err
	}
	return Properties{
		Name: C.GoString(&p.name[0]), Major: int(p.major), Minor: int(p.minor), TotalMemory: int64(p.total_memory),
		MultiProcessorCount: int(p.multi_processor_count), MaxThreadsPerMultiProcessor: int(p.max_threads_per_multi_processor),
		WarpSize: int(p.warp_size), L2CacheSize: int64(p.l2_cache_size), IsIntegrated: bool(p.is_integrated),
	}, nil
}

// String is one line: "NVIDIA L4, capability 8.9, 22.2 GiB".
func (p Properties) String() string {
	return fmt.Sprintf("%s, capability %d.%d, %.1f GiB", p.Name, p.Major, p.Minor, float64(p.TotalMemory)/(1<<30))
}

// DeviceName returns the name of a device, such as "NVIDIA L4".
func DeviceName(index int) (string, error) {
	p, err := DeviceProperties(index)
	return p.Name, err
}

// DeviceCapability returns the compute capability of a device: 8, 9 for 8.9.
func DeviceCapability(index int) (major, minor int, err error) {
	p, err := DeviceProperties(index)
	return p.Major, p.Minor, err
}

// Versions returns the version of the CUDA runtime that libtorch uses and the
// newest one that the driver supports, as CUDA writes them: 13000 is 13.0.
func Versions() (runtime, driver int, err error) {
	var r, d C.int32_t
	err = do("Versions", func() C.ct_err { return C.ct_cuda_versions(&r, &d) })
	return int(r), int(d), err
}
