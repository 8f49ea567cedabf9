package torch

/*
#include "shim/api_gen.h"
*/
import "C"

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// LoadLibrary loads a shared library that registers operators with
// TORCH_LIBRARY, so that [Call] and scripts find them, as
// torch.ops.load_library does. It stays loaded; loading it again does nothing.
// Its code runs with all rights of the process, so load none that you do not
// trust.
//
// The error says whether the file is missing, is no library, needs another
// libtorch than the one in use, or fails when it starts, such as for an
// operator that exists already. To find that out safely, the library is loaded
// in a copy of the process first.
func LoadLibrary(path string) error {
	if err := loadLibrary(path); err != nil {
		return fmt.Errorf("loading the operators of %s: %w", path, err)
	}
	return nil
}

func loadLibrary(path string) error {
	if err := Init(); err != nil {
		return err
	}
	path, err := filepath.Abs(path) // dlopen looks for a bare name elsewhere
	if err != nil {
		return err
	}
	if err := mustBeELF(path); err != nil {
		return err
	}
	p, length := chars(path)
	cerr := C.ct_load_extension(p, length)
	if cerr == nil {
		return nil
	}
	e := newError("LoadLibrary", cerr, nil)
	switch {
	case strings.Contains(e.Msg, "undefined symbol"):
		e.Msg += fmt.Sprintf("; compile it against libtorch %s, which is in use here, and link it with -ltorch_cpu -lc10", Version())
	case strings.Contains(e.Msg, "cannot open shared object file"):
		e.Msg += "; a library that it needs is missing"
	}
	return e
}

// mustBeELF returns an error unless path is a file of a shared library's format.
func mustBeELF(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var magic [4]byte
	if _, err := io.ReadFull(f, magic[:]); err != nil || string(magic[:]) != "\x7fELF" {
		return fmt.Errorf("it is not a shared library")
	}
	return nil
}
