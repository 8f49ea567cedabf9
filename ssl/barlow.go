package ssl

import (
	"fmt"
	"math"

	"sslmem/torch"
	"sslmem/torch/nn"
)

var _ = register(Method{
	Name: "barlow", Title: "Barlow Twins",
	Paper: "Zbontar et al. 2021, Barlow Twins: Self-Supervised Learning via Redundancy Reduction, arXiv 2103.03230",
	Views: 2,
	Mixes: "the correlations are those over the images of the batch",
	Options: func() Options {
		return &BarlowTwinsOptions{Projector: []int{8192, 8192, 8192}, Lambda: .0051, ScaleLoss: 1}
	},
})

// BarlowTwinsOptions are the options of Barlow Twins.
type BarlowTwinsOptions struct {
	// Projector holds the units of the layers of the projector: linear, batch norm and
	// ReLU, and at the end linear alone. No linear layer has a bias.
	Projector []int   `toml:"projector"`
	Lambda    float64 `toml:"lambda"` // weight of the redundancy
	// ScaleLoss multiplies the loss. It is 1 in the authors' code, .024 in an earlier
	// one and .1 in solo-learn. For LARS it is a factor of the learning rate of biases
	// and norms, as the steps of all else do not depend on the length of a gradient:
	// the authors' later code has that factor as Optimizer.BiasLRScale, .0048/.2.
	ScaleLoss float64 `toml:"scale_loss"`
}

// Check implements [Options].
func (o *BarlowTwinsOptions) Check() error {
	if !(o.Lambda >= 0) || math.IsInf(o.Lambda, 0) {
		return fmt.Errorf("lambda is %v but must be a number that is at least 0", o.Lambda)
	}
	if !(o.ScaleLoss > 0) || math.IsInf(o.ScaleLoss, 0) {
		return fmt.Errorf("scale_loss is %v but must be a number above 0", o.ScaleLoss)
	}
	return checkUnits("projector", o.Projector)
}

// New implements [Options].
func (o *BarlowTwinsOptions) New(b Build) (Trainer, error) {
	projector := MLP{Units: o.Projector, NoHiddenBias: true, NoLastBias: true}
	return &BarlowTwins{core: newCore(b), projector: projector.New(b.Encoder.Features(), b.Generator), o: *o, ranks: b.Ranks}, nil
}

// BarlowTwins makes the cross-correlation of the projections of two views the
// identity: each dimension agrees with itself, and tells nothing of the others
// (Zbontar et al. 2021, arXiv 2103.03230, algorithm 1). The loss is that of
// [CrossCorrelation] over the images of all ranks.
//
// Where batch norm sees the views depends on [Recipe.Forward]; the authors' code
// is Split, over all devices.
type BarlowTwins struct {
	core
	projector nn.Sequential
	o         BarlowTwinsOptions
	ranks     Ranks
}

// Forward implements [Trainer].
func (m *BarlowTwins) Forward(b Batch) Result {
	z := m.forward(b, b.Views, func(x *torch.Tensor) *torch.Tensor {
		return m.projector.Forward(m.encoder.Forward(x))
	})
	views := b.Parts(z)
	diagonal, redundancy := CrossCorrelation(m.ranks.Gather(views[0]), m.ranks.Gather(views[1]))
	return Result{
		Loss:   diagonal.Add(redundancy.MulScalar(m.o.Lambda)).MulScalar(m.o.ScaleLoss),
		Output: z,
		Parts:  []Part{{"diagonal", diagonal}, {"redundancy", redundancy}},
	}
}

// Collapse implements [Collapser]. No loss tells one: that of outputs which do not
// depend on the image, the number of dimensions, is met on the way to a good one.
func (m *BarlowTwins) Collapse() Collapse {
	return Collapse{
		Loss:   math.NaN(),
		Advice: fmt.Sprintf("lower optimizer.lr or options.lambda (now %g), which keeps dimensions apart at the cost of the views' agreement", m.o.Lambda),
	}
}

// Register implements [nn.Module].
func (m *BarlowTwins) Register(r *nn.Registry) {
	r.Module("encoder", m.encoder)
	r.Module("projector", m.projector)
}

// CrossCorrelation returns how far the correlations C [D, D] of the dimensions of x
// with those of y, both [N, D], are from the identity (Zbontar et al. 2021, equation
// 1): the sums of (1 − C)² on the diagonal and of C² beside it. The columns are
// brought to mean 0 and variance 1 by the batch norm of PyTorch, which adds 1e-5 to
// the variance. Where all rows are equal the correlations are 0, and the first sum D.
func CrossCorrelation(x, y *torch.Tensor) (diagonal, redundancy *torch.Tensor) {
	x, y = standardize(full(x)), standardize(full(y))
	n := float64(x.Size(0))
	diagonal = x.Mul(y).MeanDim([]int{0}, false).SubScalar(1).Square().Sum()
	return diagonal, offDiagonal(x, y).DivScalar(n * n)
}

// standardize brings the columns of x [N, D] to mean 0 and variance 1.
func standardize(x *torch.Tensor) *torch.Tensor {
	return x.BatchNorm(nil, nil, nil, nil, true, 0, 1e-5, true)
}
