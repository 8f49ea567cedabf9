package torch

/*
#include "shim/api_gen.h"
*/
import "C"

import (
	"fmt"
	"iter"
	"strings"
	"unsafe"

	"sslmem/torch/safetensors"
)

// fileDTypes are the names in safetensors files of the dtypes that PyTorch has.
var fileDTypes = map[string]safetensors.DType{
	"uint8": safetensors.U8, "int8": safetensors.I8, "uint16": safetensors.U16, "int16": safetensors.I16,
	"uint32": safetensors.U32, "int32": safetensors.I32, "uint64": safetensors.U64, "int64": safetensors.I64,
	"float16": safetensors.F16, "bfloat16": safetensors.BF16, "float32": safetensors.F32, "float64": safetensors.F64,
	"complex64": safetensors.C64, "bool": safetensors.Bool, "float8_e4m3fn": safetensors.F8E4M3, "float8_e5m2": safetensors.F8E5M2,
	"float8_e4m3fnuz": safetensors.F8E4M3FNUZ, "float8_e5m2fnuz": safetensors.F8E5M2FNUZ, "float8_e8m0fnu": safetensors.F8E8M0,
}

// fromFileDType returns the dtype of this package for one of a file.
func fromFileDType(d safetensors.DType) (DType, bool) {
	for name, file := range fileDTypes {
		if file == d {
			return dtypeNamed(name)
		}
	}
	return 0, false
}

// SaveSafetensors writes the named tensors and the metadata, which may be nil,
// to a safetensors file, which PyTorch and others read too. Each tensor may be
// on any device and in any memory format; the file has its elements in
// row-major order and in its own dtype. The same tensors give the same bytes,
// whatever order they come in.
//
// The file appears complete or not at all. It is an error if a tensor cannot
// be used any more, a name comes twice, or the file cannot be written.
func SaveSafetensors(path string, tensors iter.Seq2[string, *Tensor], metadata map[string]string) error {
	in := NewScope() // what is written lives until the file is, even if tensors frees it before
	defer in.Close()
	var list []safetensors.Tensor
	var operands []*Tensor
	for name, t := range tensors {
		entry := safetensors.Tensor{Name: name}
		err := Try(func() {
			t = rowMajor(in, t)
			entry.DType, entry.Shape, entry.Data = t.fileForm()
		})
		if err != nil {
			return fmt.Errorf("saving tensor %q to %s: %w", name, path, err)
		}
		list, operands = append(list, entry), append(operands, t)
	}
	err := safetensors.Save(path, list, metadata)
	keepAlive(operands)
	return err
}

// rowMajor returns t in scope in, or a copy if its memory is not on the CPU and in
// row-major order.
func rowMajor(in *Scope, t *Tensor) *Tensor {
	if m := t.describe("SaveSafetensors"); DeviceType(m.device_type) == CPUType && bool(m.contiguous) {
		return in.Use(t)
	}
	var same *Tensor
	NoGrad(func() { same = in.Use(t).ToDevice(CPU).Contiguous(ContiguousFormat) })
	return same
}

// fileForm describes a row-major CPU tensor; data is its own memory.
func (t *Tensor) fileForm() (dtype safetensors.DType, shape []int64, data []byte) {
	m := t.describe("SaveSafetensors")
	dtype, ok := fileDTypes[DType(m.dtype).String()]
	if !ok {
		panic(&Error{Op: "SaveSafetensors", Kind: Value, Shapes: []string{t.signature()}, Msg: "the format has no such dtype"})
	}
	shape = make([]int64, m.dim)
	for i := range shape {
		shape[i] = int64(m.size[i])
	}
	return dtype, shape, t.bytes(m)
}

// bytes returns the memory of a row-major CPU tensor.
func (t *Tensor) bytes(m C.ct_meta) []byte {
	if m.numel == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(C.ct_data(t.h)), int(m.numel)*DType(m.dtype).Size())
}

// LoadSafetensors reads all tensors of a safetensors file into s, on the CPU,
// and returns them by name with the file's metadata, which is nil if there is
// none. Use [Scope] Root for tensors that are to live on without a scope.
//
// A path that ends in ".index.json" is that of a model in several files, as
// Hugging Face's libraries write large ones; all of them are read.
//
// The file is mapped and each tensor copied once, from the map to its memory.
//
// It is an error if the file cannot be read, is no safetensors file, or has a
// tensor of an element type that is none of this package's dtypes; s then has
// nothing of it.
func LoadSafetensors(s *Scope, path string) (tensors map[string]*Tensor, metadata map[string]string, err error) {
	if err := Init(); err != nil {
		return nil, nil, fmt.Errorf("loading %s: %w", path, err)
	}
	f, err := openSafetensors(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	tensors = make(map[string]*Tensor)
	for info, data := range f.All() {
		err := Try(func() { tensors[info.Name] = s.fromFile(info, data) })
		if err != nil {
			for _, t := range tensors {
				t.Free()
			}
			return nil, nil, fmt.Errorf("loading tensor %q of %s: %w", info.Name, path, err)
		}
	}
	return tensors, f.Metadata(), nil
}

// safetensorsFile is one file or several with an index.
type safetensorsFile interface {
	All() iter.Seq2[safetensors.Info, []byte]
	Metadata() map[string]string
	Close() error
}

func openSafetensors(path string) (safetensorsFile, error) {
	if strings.HasSuffix(path, ".index.json") {
		return safetensors.OpenSharded(path)
	}
	return safetensors.Open(path)
}

// fromFile copies the bytes of one tensor of a file.
func (s *Scope) fromFile(info safetensors.Info, data []byte) *Tensor {
	const op = "LoadSafetensors"
	s.mustOpen(op)
	dtype, ok := fromFileDType(info.DType)
	if !ok {
		panic(&Error{Op: op, Kind: Value, Msg: fmt.Sprintf("no dtype of this program has elements of type %s", info.DType)})
	}
	if dtype == Bool {
		if err := checkBools(data); err != nil {
			panic(&Error{Op: op, Kind: Value, Msg: err.Error()})
		}
	}
	p := (*C.int64_t)(unsafe.SliceData(info.Shape))
	return adopt(op, s, C.ct_from_host(unsafe.Pointer(unsafe.SliceData(data)), C.int64_t(len(data)), p, C.int64_t(len(info.Shape)), C.int8_t(dtype)))
}

// checkBools returns an error if data, which comes from a file, has a byte that
// C++ takes for no bool.
func checkBools(data []byte) error {
	for _, b := range data {
		if b > 1 {
			return fmt.Errorf("a bool is 0 or 1, not %d", b)
		}
	}
	return nil
}
