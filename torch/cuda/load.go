package cuda

/*
#cgo LDFLAGS: -ldl
#include <stdlib.h>
#include "../shim/cuda/api_gen.h"
int ct_cuda_open(const char *path, const char **why);
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unsafe"

	"sslmem/torch"
)

const libraryName = "libctorch_cuda.so"

// ErrNoDevice is wrapped by the error of every function here where no CUDA
// device can be used.
var ErrNoDevice = errors.New("no CUDA device can be used")

// ready opens the library, once for the process, and makes sure that there is
// a device.
var ready = sync.OnceValue(func() error {
	if err := load(); err != nil {
		return fmt.Errorf("%w: %w", ErrNoDevice, err)
	}
	return nil
})

func load() error {
	if _, err := torch.CUDACount(); err != nil {
		return err
	}
	path := filepath.Join(filepath.Dir(torch.LibraryPath()), libraryName)
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("%s is not in %s; run ./build.sh on a machine with an NVIDIA driver, or ./build.sh test",
			libraryName, filepath.Dir(path))
	}
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	var why *C.char
	switch C.ct_cuda_open(cpath, &why) {
	case 1:
		return fmt.Errorf("%s does not load (%s); run ./build.sh to rebuild it", path, C.GoString(why))
	case 2:
		return fmt.Errorf("%s is not the CUDA part of this version of the program; run ./build.sh to rebuild it", path)
	}
	if built := C.GoString(C.ct_cuda_built_version()); !sameVersion(built, torch.Version()) {
		return fmt.Errorf("%s was built against libtorch %s but %s is loaded; run ./build.sh to rebuild it", path, built, torch.Version())
	}
	if err := C.ct_cuda_require_device(); err != nil {
		return errors.New(message(err).Msg)
	}
	return nil
}

// sameVersion ignores local labels such as +cu130.
func sameVersion(a, b string) bool {
	a, _, _ = strings.Cut(a, "+")
	b, _, _ = strings.Cut(b, "+")
	return a == b
}

// do runs a call of the library once that is ready, and returns its error.
func do(op string, call func() C.ct_err) error {
	if err := ready(); err != nil {
		return fmt.Errorf("cuda: %s: %w", op, err)
	}
	if err := call(); err != nil {
		e := message(err)
		e.Op = "cuda." + op
		return e
	}
	return nil
}

// message frees err and returns what it says, in one line.
func message(err C.ct_err) *torch.Error {
	defer C.free(unsafe.Pointer(err))
	kind := torch.Kind(*(*byte)(unsafe.Pointer(err)))
	text := C.GoString((*C.char)(unsafe.Add(unsafe.Pointer(err), 1)))
	text, _, _ = strings.Cut(text, "\nCUDA kernel errors might be asynchronously reported")
	text = strings.Join(strings.Fields(text), " ")
	return &torch.Error{Kind: kind, Msg: strings.TrimRight(text, ".")}
}
