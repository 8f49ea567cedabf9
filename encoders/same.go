package encoders

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// SameArchitecture reports whether two encoders are the same network but for their
// weights: of one model, and with weights of the same names and shapes. Of two
// TorchScript modules the weights alone are compared, as their code is not looked at.
func SameArchitecture(a, b *Encoder) bool {
	ba, ok := a.Backbone()
	bb, also := b.Backbone()
	switch {
	case ok && also:
		return family(a.Config.Model) == family(b.Config.Model) &&
			cmp.Or(a.Config.Pool, models.TokenPool) == cmp.Or(b.Config.Pool, models.TokenPool) &&
			sameShapes(shapes(nn.State(ba), false), shapes(nn.State(bb), false))
	case ok || also:
		return false
	}
	return sameShapes(a.Network.(script).shapes(), b.Network.(script).shapes())
}

func sameShapes(a, b map[string][]int) bool { return maps.EqualFunc(a, b, slices.Equal[[]int]) }

// shapes returns the shapes of named tensors, and frees these if they are names that
// were made for it.
func shapes(tensors iter.Seq2[string, *torch.Tensor], free bool) map[string][]int {
	out := map[string][]int{}
	for name, t := range tensors {
		out[name] = t.Shape()
		if free {
			t.Free()
		}
	}
	return out
}

func (s script) shapes() map[string][]int {
	all := shapes(s.module.NamedParameters(), true)
	maps.Copy(all, shapes(s.module.NamedBuffers(), true))
	return all
}
