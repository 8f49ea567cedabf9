package nn

import (
	"fmt"

	"sslmem/torch"
)

// Dropout sets elements to zero with probability P in training, and multiplies
// the others by 1/(1 − P), as torch.nn.Dropout (Hinton et al. 2012). Otherwise
// it returns its argument.
//
// What is dropped is drawn from Generator alone: the same state gives the same
// mask. With one on the CPU it is that of PyTorch for an equal seed, also for
// tensors on a GPU, to which the mask is then copied.
type Dropout struct {
	P         float64
	Generator *torch.Generator
	Training  bool
}

// NewDropout returns a dropout layer in training mode. It panics unless p is in
// [0, 1].
func NewDropout(p float64, g *torch.Generator) *Dropout {
	mustBeProbability("dropout", p)
	return &Dropout{P: p, Generator: g, Training: true}
}

// Forward returns x of any shape with elements dropped.
func (d *Dropout) Forward(x *torch.Tensor) *torch.Tensor {
	if !d.Training {
		return x
	}
	return drop(x, x.Shape(), d.P, d.Generator)
}

// Register implements [Module]; there is nothing to name.
func (d *Dropout) Register(r *Registry) { r.Training(&d.Training) }

// Dropout2d drops whole channels of [N, C, H, W], as torch.nn.Dropout2d
// (Tompson et al. 2015): neighboring pixels tell the same, so that dropping
// single ones takes little away.
type Dropout2d struct {
	P         float64
	Generator *torch.Generator
	Training  bool
}

// NewDropout2d returns a layer that drops channels with probability p, in
// training mode; see [NewDropout].
func NewDropout2d(p float64, g *torch.Generator) *Dropout2d {
	mustBeProbability("dropout2d", p)
	return &Dropout2d{P: p, Generator: g, Training: true}
}

// Forward returns x [N, C, H, W] with channels dropped. It panics below two
// dimensions.
func (d *Dropout2d) Forward(x *torch.Tensor) *torch.Tensor {
	if !d.Training {
		return x
	}
	return drop(x, leading(x, "dropout2d", 2), d.P, d.Generator)
}

// Register implements [Module]; there is nothing to name.
func (d *Dropout2d) Register(r *Registry) { r.Training(&d.Training) }

// DropPath drops the whole sample, as the branch of a residual block wants
// (stochastic depth, Huang et al. 2016): torchvision's StochasticDepth in mode
// "row", timm's DropPath.
type DropPath struct {
	P         float64
	Generator *torch.Generator
	Training  bool
}

// NewDropPath returns a layer that drops samples with probability p, in
// training mode; see [NewDropout].
func NewDropPath(p float64, g *torch.Generator) *DropPath {
	mustBeProbability("drop_path", p)
	return &DropPath{P: p, Generator: g, Training: true}
}

// Forward returns x [N, …] with samples dropped. It panics for a scalar.
func (d *DropPath) Forward(x *torch.Tensor) *torch.Tensor {
	if !d.Training {
		return x
	}
	return drop(x, leading(x, "drop_path", 1), d.P, d.Generator)
}

// Register implements [Module]; there is nothing to name.
func (d *DropPath) Register(r *Registry) { r.Training(&d.Training) }

// drop multiplies x by a mask of the given shape, which broadcasts to x's: 0
// with probability p, else 1/(1 − p).
func drop(x *torch.Tensor, shape []int, p float64, g *torch.Generator) *torch.Tensor {
	switch p {
	case 0:
		return x
	case 1:
		return x.MulScalar(0)
	}
	mask := g.Bernoulli(x.Scope().Empty(shape, x.DType(), g.Device()), 1-p).ToDevice(x.Device())
	return x.Mul(mask.DivScalar(1 - p))
}

// leading returns x's shape with all but the first n sizes 1.
func leading(x *torch.Tensor, op string, n int) []int {
	shape := x.Shape()
	if len(shape) < n {
		panic(&torch.Error{Op: op, Kind: torch.Value, Msg: fmt.Sprintf("the input is %v, but %d dimensions are needed", shape, n)})
	}
	for i := n; i < len(shape); i++ {
		shape[i] = 1
	}
	return shape
}

func mustBeProbability(op string, p float64) {
	if !(p >= 0 && p <= 1) {
		panic(&torch.Error{Op: op, Kind: torch.Value, Msg: fmt.Sprintf("p is %v but must lie in [0, 1]", p)})
	}
}
