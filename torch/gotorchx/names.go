package gotorchx

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"github.com/wangkuiyi/gotorch"
	gnn "github.com/wangkuiyi/gotorch/nn"
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
	if err := walk(v.Elem(), v.Elem().Type().Name(), "", &list); err != nil {
		return nil, err
	}
	return list, nil
}

func walk(module reflect.Value, original, name string, list *[]field) error {
	for i := range module.NumField() {
		f, v := module.Type().Field(i), module.Field(i)
		if f.Type == moduleType {
			continue
		}
		if !f.IsExported() {
			return fmt.Errorf("gotorchx: gotorch modules must export their fields, but %s does not export %s", module.Type(), f.Name)
		}
		at, short := original+"."+f.Name, join(name, snake(f.Name))
		buffer := f.Tag.Get("gotorch") == "buffer"
		if v.Kind() != reflect.Slice && v.Kind() != reflect.Array {
			if err := visit(v, at, short, buffer, list); err != nil {
				return err
			}
			continue
		}
		if module.Type() == reflect.TypeFor[gnn.SequentialModule]() {
			short = name // PyTorch numbers the layers of a Sequential directly
		}
		for j := range v.Len() {
			if err := visit(v.Index(j), fmt.Sprintf("%s[%d]", at, j), join(short, fmt.Sprint(j)), buffer, list); err != nil {
				return err
			}
		}
	}
	return nil
}

// visit notes a tensor, walks a module and passes over anything else.
func visit(v reflect.Value, original, name string, buffer bool, list *[]field) error {
	if v.Type() == tensorType {
		if v.Interface().(gotorch.Tensor).T != nil {
			*list = append(*list, field{name, original, buffer, v})
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
	return walk(inner.Elem(), original, name, list)
}

func join(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}

// snake turns Go's RunningMean, FC1 and BNLayer into running_mean, fc1 and
// bn_layer.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 {
			before := runes[i-1]
			starts := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if !unicode.IsUpper(before) || starts {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.ReplaceAll(b.String(), "__", "_")
}

// PyTorchName returns PyTorch's spelling of a key of gotorch's StateDict: the
// type of the root is cut off, the list of a Sequential too, and fields are
// written in small letters: Net.FC1.Weight becomes fc1.weight, and
// Net.Body.Modules[0].RunningMean becomes body.0.running_mean.
func PyTorchName(key string) string {
	if _, rest, ok := strings.Cut(key, "."); ok {
		key = rest
	}
	parts := strings.Split(key, ".")
	var out []string
	for _, part := range parts {
		head, index, indexed := strings.Cut(part, "[")
		if !indexed || head != "Modules" {
			out = append(out, snake(head))
		}
		if indexed {
			out = append(out, strings.TrimSuffix(index, "]"))
		}
	}
	return strings.Join(out, ".")
}

// ResNetName returns torchvision's name for a tensor of gotorch's ResNets, from
// the one that [PyTorchName] gives: conv1, bn1, layer1 for C1, BN1, L1.
func ResNetName(name string) string {
	parts := strings.Split(name, ".")
	for i, part := range parts {
		if len(part) != 2 || part[1] < '1' || part[1] > '4' {
			continue
		}
		switch part[0] {
		case 'c':
			parts[i] = "conv" + part[1:]
		case 'l':
			parts[i] = "layer" + part[1:]
		}
	}
	return strings.Join(parts, ".")
}
