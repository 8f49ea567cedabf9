package torch

import (
	"errors"
	"fmt"

	"sslmem/torch/ptfile"
)

// rewrite copies a tree with leaf applied to everything that is no container.
// Values that are shared in the tree are shared in the copy.
func rewrite(root ptfile.Value, leaf func(ptfile.Value) (ptfile.Value, error)) (ptfile.Value, error) {
	r := &rewriter{leaf: leaf, done: map[any]ptfile.Value{}}
	return r.value(root, 0)
}

type rewriter struct {
	leaf func(ptfile.Value) (ptfile.Value, error)
	done map[any]ptfile.Value // copies of lists and dicts; nil while one is being copied
}

var errTooDeep = errors.New("values are nested more than 500 deep, or one holds itself")

func (r *rewriter) value(v ptfile.Value, depth int) (ptfile.Value, error) {
	if depth > 500 { // as many as files may have
		return nil, errTooDeep
	}
	switch v := v.(type) {
	case *ptfile.List:
		return r.once(v, func() (ptfile.Value, error) {
			items, err := r.items(v.Items, depth)
			return &ptfile.List{Items: items}, err
		})
	case *ptfile.Dict:
		return r.once(v, func() (ptfile.Value, error) { return r.dict(v, depth) })
	case ptfile.Tuple:
		items, err := r.items(v, depth)
		return ptfile.Tuple(items), err
	}
	return r.leaf(v)
}

// once returns the copy that an earlier call for the same container made.
func (r *rewriter) once(container any, copied func() (ptfile.Value, error)) (ptfile.Value, error) {
	if out, ok := r.done[container]; ok {
		if out == nil {
			return nil, errTooDeep
		}
		return out, nil
	}
	r.done[container] = nil
	out, err := copied()
	if err != nil {
		return nil, err
	}
	r.done[container] = out
	return out, nil
}

func (r *rewriter) items(items []ptfile.Value, depth int) ([]ptfile.Value, error) {
	out := make([]ptfile.Value, len(items))
	for i, item := range items {
		var err error
		if out[i], err = r.value(item, depth+1); err != nil {
			return nil, within(fmt.Sprintf("item %d", i), err)
		}
	}
	return out, nil
}

func (r *rewriter) dict(d *ptfile.Dict, depth int) (*ptfile.Dict, error) {
	out := ptfile.NewDict(d.Kind)
	for key, value := range d.All() {
		value, err := r.value(value, depth+1)
		if err == nil {
			err = out.Set(key, value)
		}
		if err != nil {
			return nil, within(fmt.Sprintf("entry %v", key), err)
		}
	}
	if d.Attrs != nil {
		attrs, err := r.dict(d.Attrs, depth+1)
		if err != nil {
			return nil, err
		}
		out.Attrs = attrs
	}
	return out, nil
}

// within says where in a tree an error arose, unless that is everywhere.
func within(where string, err error) error {
	if err == errTooDeep {
		return err
	}
	return fmt.Errorf("%s: %w", where, err)
}
