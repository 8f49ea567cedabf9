package ptfile

// extend appends to the list on top of the stack.
func (u *unpickler) extend(items ...Value) error {
	switch target := u.top().(type) {
	case *List:
		target.Items = append(target.Items, items...)
		return nil
	case *Object:
		if u.opts.Opaque {
			target.List = append(target.List, items...)
			return nil
		}
	}
	return problemf("APPENDS to %s instead of a list", describe(u.top()))
}

// setItems sets keys and values, in turn, in the dictionary on top of the
// stack.
func (u *unpickler) setItems(pairs ...Value) error {
	if len(pairs)%2 != 0 {
		return problemf("SETITEMS with a key that has no value")
	}
	var dict *Dict
	switch target := u.top().(type) {
	case *Dict:
		dict = target
	case *Object:
		if u.opts.Opaque {
			if target.Dict == nil {
				target.Dict = &Dict{}
			}
			dict = target.Dict
		}
	}
	if dict == nil {
		return problemf("SETITEMS to %s instead of a dict", describe(u.top()))
	}
	for i := 0; i < len(pairs); i += 2 {
		k, err := u.key(pairs[i])
		if err != nil {
			return err
		}
		dict.set(k, pairs[i], pairs[i+1])
	}
	return nil
}

// key is canonical at the cost of the budget.
func (u *unpickler) key(v Value) (any, error) {
	cost := 0
	k, err := canonical(v, &cost)
	if s, ok := k.(string); ok {
		cost = len(s)
	}
	if err := u.charge(cost); err != nil {
		return nil, err
	}
	if err != nil {
		return nil, problemf("%v", err)
	}
	return k, nil
}

// addTo adds the items that are new to a set.
func (u *unpickler) addTo(set *Set, items []Value) error {
	for _, v := range items {
		k, err := u.key(v)
		if err != nil {
			return err
		}
		if set.index[k] {
			continue
		}
		if set.index == nil {
			set.index = make(map[any]bool)
		}
		set.index[k] = true
		set.Items = append(set.Items, v)
	}
	return nil
}

// build gives the object on top of the stack its state.
func (u *unpickler) build(state Value) error {
	switch target := u.top().(type) {
	case *Dict:
		if attrs, ok := state.(*Dict); ok && target.Kind != PlainDict {
			target.Attrs = attrs
			return nil
		}
	case *Object:
		target.State = state
		return nil
	}
	return problemf("BUILD of %s with %s", describe(u.top()), describe(state))
}

// make replaces the callable on top of the stack by what a call of it with the
// arguments would return.
func (u *unpickler) make(args Tuple, named *Dict) error {
	callable, err := u.pop()
	if err != nil {
		return err
	}
	v, err := u.call(callable, args, named)
	if err != nil {
		return err
	}
	return u.push(v)
}

func (u *unpickler) call(callable Value, args Tuple, named *Dict) (Value, error) {
	switch c := callable.(type) {
	case Class:
		if fn, ok := callables[c]; ok && named == nil {
			return fn(u, args)
		}
		if u.opts.Opaque {
			return &Object{Of: c, Args: args, Named: named}, nil
		}
		return nil, problemf("a call of %s, which is no function that this package knows", c)
	case *Object:
		if u.opts.Opaque {
			return &Object{Of: c, Args: args, Named: named}, nil
		}
	}
	return nil, problemf("a call of %s", describe(callable))
}

// persistent makes the storage that a persistent id names.
func (u *unpickler) persistent(id Value) error {
	t, ok := id.(Tuple)
	if !ok || len(t) != 5 || t[0] != Value("storage") {
		return problemf("a persistent id is not ('storage', type, key, location, numel)")
	}
	class, ok1 := t[1].(Class)
	key, ok2 := t[2].(string)
	location, ok3 := t[3].(string)
	numel, ok4 := t[4].(int64)
	kind, ok5 := storageClasses[class]
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return problemf("a storage has the id (%s, %s, %s, %s), not (class, str, str, int)", describe(t[1]), describe(t[2]), describe(t[3]), describe(t[4]))
	}
	if !ok5 {
		return problemf("%s is no class of storages that this package knows", class)
	}
	if numel < 0 || numel > 1<<58 {
		return problemf("storage %q has %d elements", key, numel)
	}
	s := &Storage{DType: kind.dtype, Untyped: kind.untyped, Location: location, Numel: numel, key: key}
	if old := u.storages[key]; old != nil {
		if old.DType != s.DType || old.Untyped != s.Untyped || old.Numel != s.Numel {
			return problemf("storage %q is %d elements of %s in one place and %d of %s in another", key, old.Numel, old.DType, s.Numel, s.DType)
		}
		return u.push(old)
	}
	u.storages[key] = s
	u.order = append(u.order, s)
	return u.push(s)
}
