package ptfile

// rebuildTensor is torch._utils._rebuild_tensor_v2(storage, storage_offset,
// size, stride, requires_grad, backward_hooks, metadata=None), and the first
// version of it, which has only the first four. Hooks are functions and are
// left out.
func rebuildTensor(u *unpickler, args Tuple) (Value, error) {
	if len(args) != 4 && len(args) != 6 && len(args) != 7 {
		return nil, problemf("a tensor is rebuilt from %d arguments", len(args))
	}
	var metadata Value
	if len(args) == 7 {
		metadata = args[6]
	}
	return rebuild(u, args, "", metadata)
}

// rebuildTensorV3 takes the dtype before the metadata. Its storage is untyped.
func rebuildTensorV3(u *unpickler, args Tuple) (Value, error) {
	if len(args) != 7 && len(args) != 8 {
		return nil, problemf("a tensor is rebuilt from %d arguments", len(args))
	}
	dtype, ok := args[6].(DType)
	if !ok {
		return nil, problemf("a tensor has %s as its dtype", describe(args[6]))
	}
	var metadata Value
	if len(args) == 8 {
		metadata = args[7]
	}
	return rebuild(u, args, dtype, metadata)
}

func rebuild(u *unpickler, args Tuple, dtype DType, metadata Value) (Value, error) {
	storage, ok := args[0].(*Storage)
	if !ok {
		return nil, problemf("a tensor has %s as its storage", describe(args[0]))
	}
	offset, ok := args[1].(int64)
	if !ok {
		return nil, problemf("a tensor has %s as its offset", describe(args[1]))
	}
	shape, err := ints(args[2])
	if err != nil {
		return nil, problemf("the shape of a tensor %v", err)
	}
	strides, err := ints(args[3])
	if err != nil {
		return nil, problemf("the strides of a tensor %v", err)
	}
	if err := u.charge(16 * (len(shape) + len(strides))); err != nil {
		return nil, err
	}
	if dtype == "" {
		dtype = storage.DType
	}
	t := &Tensor{DType: dtype, Shape: shape, Strides: strides, Offset: offset, Storage: storage}
	if len(args) > 4 {
		if t.RequiresGrad, ok = args[4].(bool); !ok {
			return nil, problemf("a tensor has %s as its requires_grad", describe(args[4]))
		}
	}
	switch m := metadata.(type) {
	case nil:
	case *Dict:
		for key, value := range m.All() {
			on, ok := value.(bool)
			switch {
			case !ok:
				return nil, problemf("a tensor has metadata that is not a bool")
			case key == Value("conj"):
				t.Conj = on
			case key == Value("neg"):
				t.Neg = on
			default:
				return nil, problemf("a tensor has metadata that this package does not know")
			}
		}
	default:
		return nil, problemf("a tensor has %s as its metadata", describe(metadata))
	}
	if err := t.check(); err != nil {
		return nil, problemf("%v", err)
	}
	return t, nil
}

// rebuildParameter is _rebuild_parameter(data, requires_grad, backward_hooks),
// or _rebuild_parameter_with_state with one argument more: attributes that a
// program gave to the parameter, which are left out.
func rebuildParameter(_ *unpickler, args Tuple) (Value, error) {
	if len(args) == 3 || len(args) == 4 {
		data, ok1 := args[0].(*Tensor)
		grad, ok2 := args[1].(bool)
		if ok1 && ok2 {
			t := *data
			t.RequiresGrad, t.Parameter = grad, true
			return &t, nil
		}
	}
	return nil, problemf("a parameter is not made from a tensor and its requires_grad")
}

// rebuildFromType is _rebuild_from_type_v2(func, type, args, state), which
// wraps the call of another function: a tensor that a program gave attributes,
// which are left out.
func rebuildFromType(u *unpickler, args Tuple) (Value, error) {
	if len(args) != 4 {
		return nil, problemf("a tensor is rebuilt by type from %d arguments", len(args))
	}
	inner, ok1 := args[2].(Tuple)
	fn, ok2 := args[0].(Class)
	class, ok3 := args[1].(Class)
	if !ok1 || !ok2 || !ok3 || fn.Name == "_rebuild_from_type_v2" {
		return nil, problemf("a tensor is not rebuilt by type from a function, a class and a tuple")
	}
	if class != (Class{"torch", "Tensor"}) && class != (Class{"torch.nn.parameter", "Parameter"}) && class != (Class{"torch.nn.parameter", "Buffer"}) {
		if u.opts.Opaque {
			return &Object{Of: Class{"torch._tensor", "_rebuild_from_type_v2"}, Args: args}, nil
		}
		return nil, &UnknownGlobalError{Class: class}
	}
	return u.call(fn, inner, nil)
}
