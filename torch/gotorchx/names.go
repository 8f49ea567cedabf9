package gotorchx

import (
	"fmt"
	"reflect"

	"github.com/wangkuiyi/gotorch"
	gnn "github.com/wangkuiyi/gotorch/nn"

	"sslmem/torch/gotorchx/statedict"
)

// A field is a tensor in a gotorch module.
type field struct {
	name     string        // as PyTorch would name it
	original string        // the key of gotorch's StateDict
	buffer   bool          // saved, not trained
	value    reflect.Value // of type gotorch.Tensor, settable
}

func (f field) tensor() gotorch.Tensor { return f.value.Interface().(gotorch.Tensor) }

var (
	tensorType = reflect.TypeFor[gotorch.Tensor]()
	moduleType = reflect.TypeFor[gnn.Module]()
)

// fields returns the tensors of a module in the order of its declaration. It
// walks the fields as gotorch does for its StateDict, which is a map, and
// returns an error where gotorch would panic.
func fields(m gnn.IModule) ([]field, error) {
	v := reflect.ValueOf(m)
	if m == nil || v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("gotorchx: a gotorch module is a pointer to a struct, not %T", m)
	}
	var list []field
	if err := walk(v.Elem(), v.Elem().Type().Name(), &list); err != nil {
		return nil, err
	}
	return list, nil
}

func walk(module reflect.Value, original string, list *[]field) error {
	for i := range module.NumField() {
		f, v := module.Type().Field(i), module.Field(i)
		if f.Type == moduleType {
			continue
		}
		if !f.IsExported() {
			return fmt.Errorf("gotorchx: gotorch modules must export their fields, but %s does not export %s", module.Type(), f.Name)
		}
		at := original + "." + f.Name
		buffer := f.Tag.Get("gotorch") == "buffer"
		if v.Kind() != reflect.Slice && v.Kind() != reflect.Array {
			if err := visit(v, at, buffer, list); err != nil {
				return err
			}
			continue
		}
		for j := range v.Len() {
			if err := visit(v.Index(j), fmt.Sprintf("%s[%d]", at, j), buffer, list); err != nil {
				return err
			}
		}
	}
	return nil
}

// visit notes a tensor, walks a module and passes over anything else.
func visit(v reflect.Value, original string, buffer bool, list *[]field) error {
	if v.Type() == tensorType {
		if v.Interface().(gotorch.Tensor).T != nil {
			*list = append(*list, field{statedict.PyTorchName(original), original, buffer, v})
		}
		return nil
	}
	m, ok := v.Interface().(gnn.IModule)
	if !ok {
		return nil
	}
	inner := reflect.ValueOf(m)
	if inner.Kind() != reflect.Pointer || inner.IsNil() || inner.Elem().Kind() != reflect.Struct {
		return nil
	}
	return walk(inner.Elem(), original, list)
}
