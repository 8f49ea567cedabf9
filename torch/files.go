package torch

import (
	"fmt"
	"iter"
	"unsafe"

	"sslmem/torch/safetensors"
)

var fileDTypes = map[DType]safetensors.DType{
	Uint8: safetensors.U8, Int8: safetensors.I8, Int16: safetensors.I16, Int32: safetensors.I32, Int64: safetensors.I64,
	Float16: safetensors.F16, BFloat16: safetensors.BF16, Float32: safetensors.F32, Float64: safetensors.F64, Bool: safetensors.Bool,
}

// SaveSafetensors writes the named tensors, from any device and memory format,
// to a safetensors file, atomically: a file that exists stays as it was until
// the new one is whole. Metadata may be nil.
func SaveSafetensors(path string, tensors iter.Seq2[string, *Tensor], metadata map[string]string) error {
	var list []safetensors.Tensor
	err := Try(func() {
		for name, t := range tensors {
			list = append(list, hostTensor(name, t))
		}
	})
	if err != nil {
		return fmt.Errorf("cannot read the tensors for %s: %w", path, err)
	}
	return safetensors.Save(path, list, metadata)
}

// hostTensor copies t to host memory in row-major order.
func hostTensor(name string, t *Tensor) safetensors.Tensor {
	dtype, ok := fileDTypes[t.DType()]
	if !ok {
		panic(&Error{Op: "SaveSafetensors", Kind: Value, Msg: fmt.Sprintf("%s is %v, which safetensors files cannot hold", name, t.DType())})
	}
	out := safetensors.Tensor{Name: name, DType: dtype, Data: make([]byte, t.Numel()*t.DType().Size())}
	for _, n := range t.Shape() {
		out.Shape = append(out.Shape, int64(n))
	}
	copyToHost("SaveSafetensors", t, unsafe.Pointer(unsafe.SliceData(out.Data)), len(out.Data))
	return out
}

// LoadSafetensors reads all tensors of a safetensors file into CPU tensors of
// s, and the file's metadata.
func LoadSafetensors(s *Scope, path string) (map[string]*Tensor, map[string]string, error) {
	if err := Init(); err != nil {
		return nil, nil, err
	}
	f, err := safetensors.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	byFile := map[safetensors.DType]DType{}
	for d, name := range fileDTypes {
		byFile[name] = d
	}
	out := map[string]*Tensor{}
	for info, data := range f.All() {
		dtype, ok := byFile[info.DType]
		if !ok {
			return nil, nil, fmt.Errorf("%s: tensor %s is %s, which this program has no dtype for", path, info.Name, info.DType)
		}
		shape := make([]int, len(info.Shape))
		for i, n := range info.Shape {
			shape[i] = int(n)
		}
		err := Try(func() {
			t := s.Empty(shape, dtype, CPU)
			copyFromHost("LoadSafetensors", t, unsafe.Pointer(unsafe.SliceData(data)), len(data))
			out[info.Name] = t
		})
		if err != nil {
			return nil, nil, fmt.Errorf("%s: tensor %s: %w", path, info.Name, err)
		}
	}
	return out, f.Metadata(), nil
}
