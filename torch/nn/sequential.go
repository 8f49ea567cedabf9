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

// ReLU is max(x, 0) as a layer. InPlace overwrites x, which saves memory where
// nothing else needs x: behind a batch norm, not behind a sigmoid.
type ReLU struct{ InPlace bool }

// Forward returns max(x, 0).
func (l ReLU) Forward(x *torch.Tensor) *torch.Tensor {
	if l.InPlace {
		return x.ReluInPlace()
	}
	return x.Relu()
}

// Register implements [Module]; there is nothing to name.
func (ReLU) Register(*Registry) {}

// MaxPool2d is the maximum over Kernel × Kernel windows of [N, C, H, W], with
// a stride of Kernel: [N, C, ⌊H/Kernel⌋, ⌊W/Kernel⌋]. Rows and columns that do
// not fill a window are dropped.
type MaxPool2d struct{ Kernel int }

// Forward returns the pooled x. It panics if x is smaller than one window.
func (p MaxPool2d) Forward(x *torch.Tensor) *torch.Tensor {
	return x.MaxPool2d([]int{p.Kernel, p.Kernel}, nil, nil, nil, false)
}

// Register implements [Module]; there is nothing to name.
func (MaxPool2d) Register(*Registry) {}
