package encoders

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"sslmem/torch"
)

// beside are names that a network's own may be mixed with, and that have no part in
// its features: classifiers, heads of pretraining, the decoder of MAE, queues.
var beside = regexp.MustCompile(`^(fc|head|heads|classifier|linear|projector|projection|projection_head|proj_head|predictor|prediction_head|decoder\w*|mask_token|queue\w*)(\.|$)`)

// place is where in a state_dict a network was found.
type place struct {
	prefix string // with a dot at its end, or ""
	naming
}

// places returns all places of networks in a state_dict, sorted by prefix.
func places(state map[string]*torch.Tensor) []place {
	var found []place
	for _, name := range slices.Sorted(maps.Keys(state)) {
		for _, mark := range landmarks {
			prefix, ok := strings.CutSuffix(name, mark.first)
			if ok && (prefix == "" || strings.HasSuffix(prefix, ".")) && state[prefix+mark.second] != nil {
				found = append(found, place{prefix, mark.naming})
			}
		}
	}
	slices.SortFunc(found, func(a, b place) int { return strings.Compare(a.prefix, b.prefix) })
	return found
}

// findNetwork returns the weights of the one network in a state_dict, with the names
// of package models, and notes what was left out.
func (e *Encoder) findNetwork(state map[string]*torch.Tensor, prefix string) (map[string]*torch.Tensor, error) {
	if prefix != "" && !strings.HasSuffix(prefix, ".") {
		prefix += "."
	}
	all := places(state)
	found := slices.DeleteFunc(slices.Clone(all), func(p place) bool { return !strings.HasPrefix(p.prefix, prefix) })
	if len(found) > 1 && found[0].prefix == prefix {
		found = found[:1] // the network itself, with others inside
	}
	switch {
	case len(all) == 0:
		return nil, fmt.Errorf("its %d weights, %s, are of no network that is known: ResNets with torchvision's names (conv1, layer1.0.conv1), ViTs with timm's (patch_embed.proj, blocks.0.norm1), ResNet-9; export any other with torch.jit.trace", len(state), some(slices.Sorted(maps.Keys(state)), 4))
	case len(found) == 0:
		return nil, fmt.Errorf("no network is under the prefix %q; there is one under %s", prefix, prefixes(all))
	case len(found) > 1:
		return nil, fmt.Errorf("there are several networks, under %s; name one of these as prefix", prefixes(found))
	}
	at := found[0]
	others := slices.DeleteFunc(all, func(p place) bool { return p.prefix == at.prefix })
	inOther := func(name string) bool {
		return slices.ContainsFunc(others, func(p place) bool { return len(p.prefix) > len(at.prefix) && strings.HasPrefix(name, p.prefix) })
	}
	network := map[string]*torch.Tensor{}
	left := map[string]bool{}
	count := 0
	for name, t := range state {
		own, ok := strings.CutPrefix(name, at.prefix)
		if ok && at.rename != nil {
			own = at.rename(own)
		}
		if !ok || beside.MatchString(own) || inOther(name) {
			part, _, _ := strings.Cut(own, ".")
			left[part] = true
			count++
			continue
		}
		if network[own] != nil {
			return nil, fmt.Errorf("two weights would have the name %s", own)
		}
		network[own] = t
	}
	if at.prefix != "" {
		e.note("The network is the one under %q.", at.prefix)
	}
	if at.rename != nil {
		e.note("Its weights have the names of %s.", at.called)
	}
	if count > 0 {
		e.note("%d tensors beside the network are left out: %s.", count, some(slices.Sorted(maps.Keys(left)), 8))
	}
	return network, nil
}

func prefixes(at []place) string {
	var names []string
	for _, p := range at {
		names = append(names, fmt.Sprintf("%q", p.prefix))
	}
	return strings.Join(names, ", ")
}

// some lists up to n names.
func some(names []string, n int) string {
	if len(names) > n {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:n], ", "), len(names)-n)
	}
	return strings.Join(names, ", ")
}
