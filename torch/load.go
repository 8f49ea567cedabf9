package torch

/*
#cgo LDFLAGS: -ldl
#include <stdlib.h>
#include "shim/api_gen.h"
int ct_open(const char *path, const char **why);
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"
)

const shimName = "libctorch.so"

// ErrNoLibrary is wrapped by every error that says that libtorch or the shim
// could not be loaded.
var ErrNoLibrary = errors.New("libtorch is not available")

var library struct {
	once    sync.Once
	err     error
	path    string
	version string
	loaded  atomic.Bool // err is nil and everything else is set
}

// Init loads the shim and libtorch, once for the process. Everything that
// makes a tensor calls it and panics with its error; call it first where an
// error is wanted instead. The error wraps [ErrNoLibrary] and says what to do.
func Init() error {
	library.once.Do(func() {
		library.err = load()
		library.loaded.Store(library.err == nil)
	})
	return library.err
}

// Version returns the version of the loaded libtorch, such as "2.14.1", and
// loads it if needed; it is empty if [Init] fails.
func Version() string {
	if Init() != nil {
		return ""
	}
	return library.version
}

// LibraryPath returns the file from which the shim was loaded, or the empty
// string if [Init] fails.
func LibraryPath() string {
	if Init() != nil {
		return ""
	}
	return library.path
}

func load() error {
	path, err := findShim()
	if err != nil {
		return err
	}
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	var why *C.char
	switch C.ct_open(cpath, &why) {
	case 1:
		return fmt.Errorf("%w: %s does not load (%s); run ./build.sh to rebuild it", ErrNoLibrary, path, C.GoString(why))
	case 2:
		return fmt.Errorf("%w: %s is not the shim of this version of the program; run ./build.sh to rebuild it", ErrNoLibrary, path)
	}
	C.ct_init()
	built := C.GoString(C.ct_built_version())
	loaded, err := loadedVersion()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoLibrary, err)
	}
	if !sameVersion(built, loaded) {
		return fmt.Errorf("%w: %s was built against libtorch %s but loaded %s; run ./build.sh to rebuild it",
			ErrNoLibrary, path, built, loaded)
	}
	if err := startRelief(); err != nil {
		return fmt.Errorf("%w: %w", ErrNoLibrary, err)
	}
	library.path, library.version = path, loaded
	return nil
}

// loadedVersion asks the library itself, which may differ from the headers
// that the shim was compiled against.
func loadedVersion() (string, error) {
	kind, config := take(C.ct_loaded_config())
	if kind != 0 {
		return "", errors.New(config)
	}
	m := regexp.MustCompile(`TORCH_VERSION=([\w.+]+)`).FindStringSubmatch(config)
	if m == nil {
		return "", errors.New("libtorch does not tell its version")
	}
	return m[1], nil
}

// sameVersion ignores local labels such as +cpu.
func sameVersion(a, b string) bool {
	a, _, _ = strings.Cut(a, "+")
	b, _, _ = strings.Cut(b, "+")
	return a == b
}

// findShim looks where a shim may be: the environment, beside the executable,
// and the source tree that this package was compiled from.
func findShim() (string, error) {
	if path := os.Getenv("SSLMEM_SHIM"); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("%w: SSLMEM_SHIM names %s, which cannot be read; unset it or point it to %s", ErrNoLibrary, path, shimName)
		}
		return path, nil
	}
	var dirs []string
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		dir := filepath.Dir(exe)
		dirs = append(dirs, dir, filepath.Join(dir, "..", "third_party"))
	}
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		dirs = append(dirs, filepath.Join(filepath.Dir(file), "..", "third_party"))
	}
	for i, dir := range dirs {
		path := filepath.Join(dir, shimName)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		dirs[i] = filepath.Clean(dir)
	}
	return "", fmt.Errorf("%w: %s is in none of %s; run ./build.sh in the source tree, or set SSLMEM_SHIM to the file",
		ErrNoLibrary, shimName, strings.Join(dirs, ", "))
}
