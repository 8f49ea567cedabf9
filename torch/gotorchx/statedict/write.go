package statedict

import (
	"fmt"

	"sslmem/torch/ptfile"
	"sslmem/torch/safetensors"
)

// safetensorsTypes are the names of element types in safetensors files, of
// those that libtorch had in gotorch's days.
var safetensorsTypes = map[ptfile.DType]safetensors.DType{
	ptfile.Uint8: safetensors.U8, ptfile.Int8: safetensors.I8, ptfile.Int16: safetensors.I16, ptfile.Int32: safetensors.I32,
	ptfile.Int64: safetensors.I64, ptfile.Float16: safetensors.F16, ptfile.BFloat16: safetensors.BF16,
	ptfile.Float32: safetensors.F32, ptfile.Float64: safetensors.F64, ptfile.Bool: safetensors.Bool,
}

// SaveSafetensors writes the tensors to a safetensors file, which appears
// complete or not at all. It is an error if the format has no such dtype.
func (d StateDict) SaveSafetensors(path string) error {
	var list []safetensors.Tensor
	for _, t := range d {
		dtype, ok := safetensorsTypes[t.DType]
		if !ok {
			return fmt.Errorf("statedict: safetensors files have no elements of type %s, as %s has; write a .pt file", t.DType, t.Name)
		}
		list = append(list, safetensors.Tensor{Name: t.Name, DType: dtype, Shape: t.Shape, Data: t.Data})
	}
	return safetensors.Save(path, list, map[string]string{"format": "pt"})
}

// SavePT writes the tensors to a file of PyTorch, which appears complete or not
// at all and which torch.load opens as a state_dict.
func (d StateDict) SavePT(path string) error {
	root := ptfile.NewDict(ptfile.OrderedDict)
	for _, t := range d {
		storage, err := ptfile.NewStorage(t.DType, int64(len(t.Data)))
		if err != nil {
			return fmt.Errorf("statedict: %s: %w", t.Name, err)
		}
		storage.Data = t.Data
		strides := make([]int64, len(t.Shape))
		next := int64(1)
		for i := len(strides) - 1; i >= 0; i-- {
			strides[i] = next
			next *= max(t.Shape[i], 1)
		}
		if err := root.Set(t.Name, &ptfile.Tensor{DType: t.DType, Shape: t.Shape, Strides: strides, Storage: storage}); err != nil {
			return fmt.Errorf("statedict: %w", err)
		}
	}
	return ptfile.Save(path, root)
}
