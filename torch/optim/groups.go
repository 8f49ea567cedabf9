package optim

import (
	"strings"

	"sslmem/torch/nn"
)

// DecayGroups splits the parameters of m into two groups, each in m's order: the
// first has the given weight decay and holds matrices, filters and all else of
// two dimensions or more; the second has none, is not adapted by LARS and LAMB,
// and holds biases and whatever has one dimension or none, such as the
// parameters of norms. A group may be empty.
func DecayGroups(m nn.Module, weightDecay float64) []Group {
	decayed, rest := Group{WeightDecay: weightDecay}, Group{NoAdapt: true}
	for name, p := range nn.Parameters(m) {
		if isBias := name == "bias" || strings.HasSuffix(name, ".bias"); isBias || p.Dim() < 2 {
			rest.Params = append(rest.Params, p)
		} else {
			decayed.Params = append(decayed.Params, p)
		}
	}
	return []Group{decayed, rest}
}
