package nn

import (
	"strconv"

	"sslmem/torch"
)

// Sequential applies layers one after the other; their names are 0, 1, 2, …
type Sequential []Layer

// Forward returns the last layer's result, or x itself if there is no layer.
func (s Sequential) Forward(x *torch.Tensor) *torch.Tensor {
	for _, l := range s {
		x = l.Forward(x)
	}
	return x
}

// Register implements [Module].
func (s Sequential) Register(r *Registry) {
	for i, l := range s {
		r.Module(strconv.Itoa(i), l)
	}
}

// ModuleList holds modules of one type that a network applies in its own way;
// their names are 0, 1, 2, …, as in torch.nn.ModuleList.
type ModuleList[M Module] []M

// Register implements [Module].
func (l ModuleList[M]) Register(r *Registry) {
	for i, m := range l {
		r.Module(strconv.Itoa(i), m)
	}
}

// Stateless is embedded by layers that hold no tensors; it is their Register.
type Stateless struct{}

// Register implements [Module]; there is nothing to name.
func (Stateless) Register(*Registry) {}

// Func is a function as a layer without tensors.
type Func func(x *torch.Tensor) *torch.Tensor

// Forward returns f(x).
func (f Func) Forward(x *torch.Tensor) *torch.Tensor { return f(x) }

// Register implements [Module]; there is nothing to name.
func (Func) Register(*Registry) {}

// Identity returns its argument.
type Identity struct{ Stateless }

// Forward returns x itself.
func (Identity) Forward(x *torch.Tensor) *torch.Tensor { return x }
