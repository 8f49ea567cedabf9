package torch

import (
	"fmt"
	"slices"
	"strings"

	"sslmem/torch/ptfile"
)

// usualKeys are the entries of a checkpoint that hold the weights, by custom.
var usualKeys = []string{"state_dict", "model_state_dict", "model_state", "model", "module", "net", "weights"}

// findState returns the dict of weights in a file, and where it was.
func findState(root ptfile.Value, key string) (*ptfile.Dict, string, error) {
	if key != "" {
		v := root
		for part := range strings.SplitSeq(key, "/") {
			next, ok := entry(v, part)
			if !ok {
				return nil, "", fmt.Errorf("there is no entry %q in the file, which has %s", key, outline(root))
			}
			v = next
		}
		d, ok := v.(*ptfile.Dict)
		if !ok {
			return nil, "", fmt.Errorf("the entry %q of the file is no dict of tensors", key)
		}
		if isState(d) {
			return d, key, nil
		}
		d, below, err := findState(d, "")
		return d, key + "/" + below, err
	}
	d, ok := root.(*ptfile.Dict)
	if !ok {
		return nil, "", fmt.Errorf("the file holds no dict of tensors; read it with LoadPTTree")
	}
	for _, name := range usualKeys {
		if v, ok := d.Get(name); ok {
			if inner, ok := v.(*ptfile.Dict); ok && inner.Len() > 0 {
				found, below, err := findState(inner, "")
				if err == nil {
					return found, strings.TrimSuffix(name+"/"+below, "/"), nil
				}
			}
		}
	}
	if isState(d) {
		return d, "", nil
	}
	var candidates []string
	var found *ptfile.Dict
	for k, v := range d.All() {
		name, ok1 := k.(string)
		inner, ok2 := v.(*ptfile.Dict)
		if ok1 && ok2 && isState(inner) {
			candidates, found = append(candidates, name), inner
		}
	}
	switch len(candidates) {
	case 1:
		return found, candidates[0], nil
	case 0:
		return nil, "", fmt.Errorf("the file holds no dict of tensors; it has %s", outline(root))
	}
	return nil, "", fmt.Errorf("the file has several dicts of tensors, %s; name one as the Key of the options", strings.Join(candidates, ", "))
}

// entry returns an entry of a dict, or an attribute of an object.
func entry(v ptfile.Value, name string) (ptfile.Value, bool) {
	switch v := v.(type) {
	case *ptfile.Dict:
		return v.Get(name)
	case *ptfile.Object:
		return v.Attr(name)
	}
	return nil, false
}

// isState reports whether d maps names to tensors, among other values perhaps.
func isState(d *ptfile.Dict) bool {
	tensors := 0
	for k, v := range d.All() {
		if _, ok := k.(string); !ok {
			return false
		}
		if _, ok := v.(*ptfile.Tensor); ok {
			tensors++
		}
	}
	return tensors > 0
}

// outline names the first entries of a file for an error message.
func outline(root ptfile.Value) string {
	d, ok := root.(*ptfile.Dict)
	if !ok || d.Len() == 0 {
		return "no entries"
	}
	var names []string
	for k := range d.All() {
		if len(names) == 8 {
			names = append(names, fmt.Sprintf("%d more", d.Len()-8))
			break
		}
		names = append(names, fmt.Sprintf("%.40v", k))
	}
	return "the entries " + strings.Join(names, ", ")
}

// wrapperPrefixes are what DataParallel and torch.compile put before all names.
var wrapperPrefixes = []string{"module.", "_orig_mod."}

// choose fills in the names, and returns the tensors in their order.
func (c *Checkpoint) choose(state *ptfile.Dict, prefix string) ([]*ptfile.Tensor, error) {
	var tensors []*ptfile.Tensor
	for k, v := range state.All() {
		name := k.(string)
		switch v := v.(type) {
		case *ptfile.Tensor:
			c.Names, tensors = append(c.Names, name), append(tensors, v)
		case *ptfile.Object:
			return nil, fmt.Errorf("entry %q: %w", name, &ptfile.UnknownGlobalError{Class: v.Class()})
		default:
			c.Skipped = append(c.Skipped, name)
		}
	}
	for again := true; again; {
		again = false
		for _, p := range wrapperPrefixes {
			if all(c.Names, p) {
				c.Prefix, again = c.Prefix+p, true
				for i, name := range c.Names {
					c.Names[i] = name[len(p):]
				}
			}
		}
	}
	if prefix == "" {
		return tensors, nil
	}
	names, chosen := c.Names, tensors[:0]
	c.Names, c.Prefix = nil, c.Prefix+prefix
	for i, name := range names {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			c.Names, chosen = append(c.Names, rest), append(chosen, tensors[i])
		} else {
			c.Skipped = append(c.Skipped, name)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("none of the %d names begins with %q; the first is %q", len(names), prefix, names[0])
	}
	return chosen, nil
}

// all reports whether all names begin with the prefix and go on behind it.
func all(names []string, prefix string) bool {
	return !slices.ContainsFunc(names, func(name string) bool {
		return !strings.HasPrefix(name, prefix) || len(name) == len(prefix)
	})
}
