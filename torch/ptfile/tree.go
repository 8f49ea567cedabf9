package ptfile

// extent is what the walk of checkTree knows about a container.
type extent struct {
	done   bool
	depth  int   // levels below it, with its own
	values int64 // values below it, with its own, where shared ones count each time
}

// checkTree makes sure that a program can walk the tree by plain recursion: no
// value holds itself, the nesting has a bound, and so has the number of steps
// although values may be shared.
func checkTree(root Value) error {
	_, err := measure(root, 1, map[any]*extent{})
	return err
}

func measure(v Value, level int, seen map[any]*extent) (extent, error) {
	if level > maxDepth {
		return extent{}, problemf("values are nested more than %d deep", maxDepth)
	}
	var id any // identity of what can be shared or hold itself
	switch v := v.(type) {
	case *List, *Dict, *Set, *Object:
		id = v
	case Tuple:
		if len(v) > 0 {
			id = &v[0]
		}
	default:
		return extent{true, 1, 1}, nil
	}
	if e := seen[id]; id != nil && e != nil {
		if !e.done {
			return extent{}, problemf("a value holds itself")
		}
		if level+e.depth-1 > maxDepth {
			return extent{}, problemf("values are nested more than %d deep", maxDepth)
		}
		return *e, nil
	}
	e := &extent{}
	if id != nil {
		seen[id] = e
	}
	total := extent{true, 1, 1}
	for child := range children(v) {
		sub, err := measure(child, level+1, seen)
		if err != nil {
			return extent{}, err
		}
		total.depth = max(total.depth, sub.depth+1)
		total.values += sub.values
		if total.values > maxValues {
			return extent{}, problemf("the values written out in full are more than %d", maxValues)
		}
	}
	*e = total
	return total, nil
}

// children yields what a container holds.
func children(v Value) func(yield func(Value) bool) {
	return func(yield func(Value) bool) {
		all := func(list []Value) bool {
			for _, item := range list {
				if !yield(item) {
					return false
				}
			}
			return true
		}
		switch v := v.(type) {
		case *List:
			all(v.Items)
		case Tuple:
			all(v)
		case *Set:
			all(v.Items)
		case *Dict:
			for _, e := range v.entries {
				if !yield(e.key) || !yield(e.value) {
					return
				}
			}
			if v.Attrs != nil {
				yield(v.Attrs)
			}
		case *Object:
			if !yield(v.Of) || !all(v.Args) || !yield(v.State) || !all(v.List) {
				return
			}
			if v.Named != nil && !yield(v.Named) {
				return
			}
			if v.Dict != nil {
				yield(v.Dict)
			}
		}
	}
}
