package optim

import (
	"strings"

	"sslmem/torch"
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
		if IsBiasOrNorm(name, p) {
			rest.Params = append(rest.Params, p)
		} else {
			decayed.Params = append(decayed.Params, p)
		}
	}
	return []Group{decayed, rest}
}

// IsBiasOrNorm reports whether a parameter of the given name is a bias, or has
// one dimension or none as the parameters of norms do.
func IsBiasOrNorm(name string, p *torch.Tensor) bool {
	return name == "bias" || strings.HasSuffix(name, ".bias") || p.Dim() < 2
}
