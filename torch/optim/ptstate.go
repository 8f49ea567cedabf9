package optim

import (
	"fmt"
	"maps"
	"slices"

	"sslmem/torch/ptfile"
)

// ToPT turns what [Optimizer.StateDict] returns, or any other nest of maps and
// lists of plain values, into a value for [sslmem/torch.SavePT], so that
// load_state_dict of PyTorch takes it. Entries are sorted by their keys.
func ToPT(v any) ptfile.Value {
	switch v := v.(type) {
	case map[string]any:
		return toDict(v, func(key string, value any) ptfile.Value {
			if list, ok := value.([]any); ok && key == "betas" { // a tuple in PyTorch
				return ptfile.Tuple(toList(list))
			}
			return ToPT(value)
		})
	case map[int64]any:
		return toDict(v, func(_ int64, value any) ptfile.Value { return ToPT(value) })
	case []any:
		return ptfile.NewList(toList(v)...)
	}
	return v
}

func toDict[K int64 | string](m map[K]any, value func(key K, v any) ptfile.Value) *ptfile.Dict {
	d := ptfile.NewDict(ptfile.PlainDict)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if err := d.Set(key, value(key, m[key])); err != nil {
			panic(err) // numbers and strings are always keys
		}
	}
	return d
}

func toList(list []any) []ptfile.Value {
	out := make([]ptfile.Value, len(list))
	for i, v := range list {
		out[i] = ToPT(v)
	}
	return out
}

// FromPT turns the state_dict of an optimizer in a file that
// [sslmem/torch.LoadPTTree] has read into the form that
// [Optimizer.LoadStateDict] takes: dicts become map[string]any or
// map[int64]any, lists and tuples []any. It returns an error if v is no dict, or
// one in it has keys of both kinds or other ones.
func FromPT(v ptfile.Value) (map[string]any, error) {
	d, err := fromPT(v)
	if err != nil {
		return nil, err
	}
	dict, ok := d.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the state of an optimizer is a dict of names, not %T", v)
	}
	return dict, nil
}

func fromPT(v ptfile.Value) (any, error) {
	switch v := v.(type) {
	case *ptfile.Dict:
		return fromDict(v)
	case *ptfile.List:
		return fromList(v.Items)
	case ptfile.Tuple:
		return fromList(v)
	}
	return v, nil
}

func fromList(items []ptfile.Value) ([]any, error) {
	out := make([]any, len(items))
	for i, item := range items {
		var err error
		if out[i], err = fromPT(item); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func fromDict(d *ptfile.Dict) (any, error) {
	named, numbered := map[string]any{}, map[int64]any{}
	for key, value := range d.All() {
		v, err := fromPT(value)
		if err != nil {
			return nil, err
		}
		switch key := key.(type) {
		case string:
			named[key] = v
		case int64:
			numbered[key] = v
		default:
			return nil, fmt.Errorf("the state of an optimizer has names and numbers as keys, not %T", key)
		}
	}
	if len(named) > 0 && len(numbered) > 0 {
		return nil, fmt.Errorf("a dict of the state has names and numbers as keys")
	}
	if len(numbered) > 0 {
		return numbered, nil
	}
	return named, nil
}
