package torch

/*
#cgo noescape ct_script_load
#cgo nocallback ct_script_load
#cgo nocallback ct_script_free
#cgo noescape ct_script_call
#cgo nocallback ct_script_methods
#cgo nocallback ct_script_tensors
#cgo noescape ct_script_assign
#cgo nocallback ct_script_assign
#cgo nocallback ct_script_train
#cgo nocallback ct_script_to
#include "shim/api_gen.h"
*/
import "C"

import (
	"fmt"
	"io"
	"iter"
	"os"
	"runtime"
	"unsafe"
)

// A ScriptModule is a module that PyTorch exported with torch.jit.script or
// torch.jit.trace: its weights together with its code, which libtorch's
// interpreter runs without Python.
//
// Its weights live until [ScriptModule.Free], or until the collector finds the
// module unreachable. Several goroutines may call its methods at once, unless
// the script changes its own attributes; everything else must not run beside
// another use of it.
type ScriptModule struct {
	h       C.ct_script
	cleanup runtime.Cleanup
}

// LoadScript reads a TorchScript archive, the file that ScriptModule.save of
// PyTorch writes, onto the CPU. The module is in the mode in which it was
// saved; see [ScriptModule.SetTraining].
//
// An archive is a program. Calling its methods can do whatever TorchScript can:
// take any time and memory, and read and write files through operators that do.
// Load archives from sources only whose programs you would run.
//
// The error says whether the file is damaged, or is one of PyTorch's other
// kinds. Operators of libraries that the script uses must have been loaded
// before, with [LoadLibrary].
func LoadScript(path string) (*ScriptModule, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("loading a script: %w", err)
	}
	m, err := newScript(data)
	if err != nil {
		return nil, fmt.Errorf("loading the script %s: %w", path, err)
	}
	return m, nil
}

// ReadScript is [LoadScript] for an archive that comes from r, which it reads
// to the end.
func ReadScript(r io.Reader) (*ScriptModule, error) {
	data, err := io.ReadAll(r)
	if err == nil {
		var m *ScriptModule
		if m, err = newScript(data); err == nil {
			return m, nil
		}
	}
	return nil, fmt.Errorf("loading a script: %w", err)
}

func newScript(data []byte) (*ScriptModule, error) {
	if err := checkArchive(data); err != nil {
		return nil, err
	}
	if err := Init(); err != nil {
		return nil, err
	}
	m := &ScriptModule{}
	if cerr := C.ct_script_load(unsafe.Pointer(unsafe.SliceData(data)), C.int64_t(len(data)), &m.h); cerr != nil {
		return nil, newError("LoadScript", cerr, nil)
	}
	m.cleanup = runtime.AddCleanup(m, func(h C.ct_script) { C.ct_script_free(h) }, m.h)
	return m, nil
}

// Free gives up the module and its weights; tensors that others hold live on.
// Using the module afterwards is an error, freeing it twice does nothing.
func (m *ScriptModule) Free() {
	if m == nil || m.h == 0 {
		return
	}
	m.cleanup.Stop()
	C.ct_script_free(m.h)
	m.h = 0
}

func (m *ScriptModule) check(op string) error {
	if m == nil || m.h == 0 {
		return &Error{Op: op, Kind: Closed, Msg: "the script module is nil or was freed"}
	}
	return nil
}

// Forward calls the method forward; see [ScriptModule.Method].
func (m *ScriptModule) Forward(args ...any) (IValue, error) { return m.Method("forward", args...) }

// Method calls the method of the given name with arguments as [Call] takes
// them, checked against the types that it declares; the last may be [Named].
// New tensors join the deepest scope of the operands, or [Root] where there is
// none. The calls are recorded for differentiation unless inside [NoGrad].
//
// An exception that the script raises comes back as an error with its text.
func (m *ScriptModule) Method(name string, args ...any) (IValue, error) {
	op := "script." + name
	if err := m.check(op); err != nil {
		return IValue{}, err
	}
	a := argumentsPool.Get().(*arguments)
	defer a.release()
	if err := a.all(op, args); err != nil {
		return IValue{}, err
	}
	defer runtime.KeepAlive(m)
	cells, n, positional, text := a.c()
	p, length := chars(name)
	return a.result(op, a.scope, C.ct_script_call(m.h, p, length, cells, n, positional, text))
}

// Methods returns the names of the methods that the module itself has, or nil
// after Free.
func (m *ScriptModule) Methods() []string {
	if m.check("Methods") != nil {
		return nil
	}
	var a arguments
	v, err := a.result("Methods", nil, C.ct_script_methods(m.h))
	runtime.KeepAlive(m)
	if err != nil {
		return nil
	}
	return v.texts()
}

// NamedParameters yields the parameters with their names in PyTorch's order,
// as second names in [Root]. It panics if the module was freed.
func (m *ScriptModule) NamedParameters() iter.Seq2[string, *Tensor] {
	return m.tensors("NamedParameters", false)
}

// NamedBuffers yields the tensors that are saved but not trained, such as
// running means, as NamedParameters does.
func (m *ScriptModule) NamedBuffers() iter.Seq2[string, *Tensor] {
	return m.tensors("NamedBuffers", true)
}

func (m *ScriptModule) tensors(op string, buffers bool) iter.Seq2[string, *Tensor] {
	return func(yield func(string, *Tensor) bool) {
		if err := m.check(op); err != nil {
			panic(err)
		}
		var a arguments
		v, err := a.result(op, Root, C.ct_script_tensors(m.h, C.bool(buffers)))
		runtime.KeepAlive(m)
		if err != nil {
			panic(err)
		}
		going := true
		for name, t := range v.Items() {
			if going {
				going = yield(name.Text(), t.Tensor())
			} else {
				t.Tensor().Free()
			}
		}
	}
}

// SetTensor puts t in the place of the parameter or buffer of the given name,
// such as "layer1.0.conv1.weight". The module shares t from then on. It is an
// error if there is none of that name.
func (m *ScriptModule) SetTensor(name string, t *Tensor) error {
	const op = "SetTensor"
	if err := m.check(op); err != nil {
		return err
	}
	if !t.isOpen() {
		return closedError(op, t)
	}
	defer runtime.KeepAlive(m)
	defer runtime.KeepAlive(t)
	p, length := chars(name)
	return asError(op, C.ct_script_assign(m.h, p, length, t.h))
}

// SetTraining switches the module and all within it to training, or to
// evaluation. A module that torch.jit.freeze made cannot be switched, nor does
// it change what torch.jit.trace has recorded.
func (m *ScriptModule) SetTraining(on bool) error {
	if err := m.check("SetTraining"); err != nil {
		return err
	}
	defer runtime.KeepAlive(m)
	return asError("SetTraining", C.ct_script_train(m.h, C.bool(on)))
}

// ToDevice moves all parameters, with their gradients, and all buffers to the
// device. Constants in the code stay where they are; a script that makes
// tensors should take their device from its input.
func (m *ScriptModule) ToDevice(device Device) error { return m.to("ToDevice", device, -1) }

// To is ToDevice that converts the floating-point ones to dtype, too.
func (m *ScriptModule) To(device Device, dtype DType) error { return m.to("To", device, dtype) }

func (m *ScriptModule) to(op string, device Device, dtype DType) error {
	if err := m.check(op); err != nil {
		return err
	}
	if err := Try(func() { mustHave(op, device) }); err != nil {
		return err
	}
	defer runtime.KeepAlive(m)
	return asError(op, C.ct_script_to(m.h, C.int8_t(device.Type), C.int8_t(device.Index), C.int8_t(dtype)))
}

// asError is check for functions that return an error.
func asError(op string, cerr C.ct_err) error {
	if cerr == nil {
		return nil
	}
	return newError(op, cerr, nil)
}
