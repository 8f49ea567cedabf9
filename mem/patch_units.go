package mem

import (
	"fmt"
	"maps"
	"slices"

	"sslmem/models"
	"sslmem/torch"
)

// A UnitRef names a unit of an encoder.
type UnitRef struct {
	Layer string `json:"layer"`
	Unit  int    `json:"unit"`
}

// Ref returns the name of u.
func (u Unit) Ref() UnitRef { return UnitRef{u.Layer, u.Unit} }

// PruneUnits returns the change of b, with tensors in s, after which the given
// units give 0 for every image: their rows of the weights, biases and of the
// scale and shift of the batch norm behind are 0. Nothing else changes. What
// layers have such units [models.UnitsOf] says; it is an error to name another,
// or a unit that its layer lacks.
func PruneUnits(s *torch.Scope, b models.Backbone, units []UnitRef) (Patch, error) {
	tensors := state(b)
	return patchUnits(s, b, units, func(u models.UnitTensors) []string { return u.Weights },
		func(name string, row *torch.Tensor, unit int) { row.Zero() }, tensors)
}

// TransplantUnits returns the change of dst, with tensors in s, after which the
// given units are those of another encoder of the same architecture: their rows
// of weights, biases, and of the batch norm behind with its statistics. src is
// the state of that encoder, see [nn.CloneState].
func TransplantUnits(s *torch.Scope, dst models.Backbone, src map[string]*torch.Tensor, units []UnitRef) (Patch, error) {
	to := state(dst)
	if err := sameShapes(to, src, slices.Collect(maps.Keys(to))); err != nil {
		return nil, err
	}
	return patchUnits(s, dst, units, func(u models.UnitTensors) []string { return append(u.Weights, u.Statistics...) },
		func(name string, row *torch.Tensor, unit int) {
			row.CopyFrom(row.Scope().Use(src[name]).Select(0, unit))
		}, to)
}

// sameShapes returns an error unless src has the named tensors in the shapes of
// dst.
func sameShapes(dst, src map[string]*torch.Tensor, names []string) error {
	slices.Sort(names)
	for _, name := range names {
		switch other := src[name]; {
		case other == nil:
			return fmt.Errorf("mem: the other encoder has no %q; it must be of the same architecture", name)
		case !slices.Equal(other.Shape(), dst[name].Shape()):
			return fmt.Errorf("mem: %q has shape %v in the other encoder and %v in this; they must be of the same architecture", name, other.Shape(), dst[name].Shape())
		}
	}
	return nil
}

// patchUnits returns copies of the tensors that choose names for each unit, in
// s, with the unit's row of them changed.
func patchUnits(s *torch.Scope, b models.Backbone, units []UnitRef, choose func(models.UnitTensors) []string,
	change func(name string, row *torch.Tensor, unit int), tensors map[string]*torch.Tensor) (Patch, error) {
	p := Patch{}
	layers := map[string]models.UnitTensors{}
	for _, unit := range units {
		u, ok := layers[unit.Layer]
		if !ok {
			var err error
			if u, err = models.UnitsOf(b, unit.Layer); err != nil {
				return nil, fmt.Errorf("mem: %w", err)
			}
			layers[unit.Layer] = u
		}
		if unit.Unit < 0 || unit.Unit >= u.Units {
			return nil, fmt.Errorf("mem: layer %q has units 0 to %d, and no unit %d", unit.Layer, u.Units-1, unit.Unit)
		}
	}
	torch.NoGrad(func() {
		inner := torch.NewScope()
		defer inner.Close()
		for _, unit := range units {
			for _, name := range choose(layers[unit.Layer]) {
				if p[name] == nil {
					p[name] = s.Use(tensors[name]).Detach().Clone()
				}
				change(name, inner.Use(p[name]).Select(0, unit.Unit), unit.Unit)
			}
		}
	})
	return p, nil
}
