package ssl

import (
	"fmt"
	"math"

	"sslmem/torch"
	"sslmem/torch/nn"
)

var _ = register(Method{
	Name: "vicreg", Title: "VICReg",
	Paper: "Bardes, Ponce and LeCun 2021, VICReg: Variance-Invariance-Covariance Regularization for Self-Supervised Learning, arXiv 2105.04906",
	Views: 2,
	Mixes: "variance and covariance are those of the images of the batch",
	Options: func() Options {
		return &VICRegOptions{
			Projector: []int{8192, 8192, 8192},
			SimCoeff:  25, StdCoeff: 25, CovCoeff: 1, StdReduction: "mean",
		}
	},
})

// VICRegOptions are the options of VICReg. The names of the weights are those of the
// authors' code.
type VICRegOptions struct {
	// Projector holds the units of the layers of the expander: linear, batch norm and
	// ReLU, and at the end linear alone, without a bias.
	Projector []int   `toml:"projector"`
	SimCoeff  float64 `toml:"sim_coeff"` // weight of the invariance, λ in the paper
	StdCoeff  float64 `toml:"std_coeff"` // of the variance, μ
	CovCoeff  float64 `toml:"cov_coeff"` // of the covariance, ν
	// StdReduction says whether the variance term is the mean over the two views,
	// "mean" as in the authors' code, or "sum" as in algorithm 1 of the paper and in
	// codes that follow it, which is a std_coeff twice as large. The covariance term
	// is the sum in all of them.
	StdReduction string `toml:"std_reduction"`
}

// Check implements [Options].
func (o *VICRegOptions) Check() error {
	for _, c := range []struct {
		name  string
		value float64
	}{{"sim_coeff", o.SimCoeff}, {"std_coeff", o.StdCoeff}, {"cov_coeff", o.CovCoeff}} {
		if !(c.value >= 0) || math.IsInf(c.value, 0) {
			return fmt.Errorf("%s is %v but must be a number that is at least 0", c.name, c.value)
		}
	}
	if o.SimCoeff+o.StdCoeff+o.CovCoeff == 0 {
		return fmt.Errorf("sim_coeff, std_coeff and cov_coeff are all 0, which leaves no loss")
	}
	if o.StdReduction != "mean" && o.StdReduction != "sum" {
		return fmt.Errorf(`std_reduction is %q but must be "mean" or "sum"`, o.StdReduction)
	}
	return checkUnits("projector", o.Projector)
}

// New implements [Options].
func (o *VICRegOptions) New(b Build) (Trainer, error) {
	expander := MLP{Units: o.Projector, NoLastBias: true}
	return &VICReg{core: newCore(b), projector: expander.New(b.Encoder.Features(), b.Generator), o: *o, ranks: b.Ranks}, nil
}

// VICReg brings the embeddings of the two views of an image together, keeps the
// standard deviation of each of their dimensions over the batch above one, and
// takes the covariance of each two dimensions away (Bardes, Ponce and LeCun 2021,
// arXiv 2105.04906, section 4). For embeddings x and y [B, D] of two views, on all
// ranks, the loss is
//
//	SimCoeff · mean (x − y)² + StdCoeff · (v(x) + v(y))/2 + CovCoeff · (c(x) + c(y))
//
// with v of [VarianceHinge] and c of [CovariancePenalty]; see StdReduction.
//
// Where batch norm sees the views depends on [Recipe.Forward]; the authors' code
// is Split, over all devices.
type VICReg struct {
	core
	projector nn.Sequential
	o         VICRegOptions
	ranks     Ranks
}

// Forward implements [Trainer].
func (m *VICReg) Forward(b Batch) Result {
	z := m.forward(b, b.Views, func(x *torch.Tensor) *torch.Tensor {
		return m.projector.Forward(m.encoder.Forward(x))
	})
	views := b.Parts(full(z))
	x, y := m.ranks.Gather(views[0]), m.ranks.Gather(views[1])
	similarity := x.MSELoss(y, torch.ReduceMean)
	variance := VarianceHinge(x).Add(VarianceHinge(y))
	if m.o.StdReduction == "mean" {
		variance = variance.DivScalar(2)
	}
	covariance := CovariancePenalty(x).Add(CovariancePenalty(y))
	return Result{
		Loss:   similarity.MulScalar(m.o.SimCoeff).Add(variance.MulScalar(m.o.StdCoeff)).Add(covariance.MulScalar(m.o.CovCoeff)),
		Output: z,
		Parts:  []Part{{"similarity", similarity}, {"variance", variance}, {"covariance", covariance}},
	}
}

// Collapse implements [Collapser]. No loss tells one: that of equal outputs is met
// on the way to a good one.
func (m *VICReg) Collapse() Collapse {
	return Collapse{
		Loss:   math.NaN(),
		Advice: fmt.Sprintf("raise options.std_coeff (now %g), which keeps outputs apart, or lower optimizer.lr", m.o.StdCoeff),
	}
}

// Register implements [nn.Module].
func (m *VICReg) Register(r *nn.Registry) {
	r.Module("encoder", m.encoder)
	r.Module("projector", m.projector)
}

// VarianceHinge returns how far the standard deviations of the dimensions of z
// [N, D] stay below one, in the mean over the dimensions (Bardes, Ponce and LeCun
// 2021, equations 1 and 2):
//
//	mean max(0, 1 − √(var + 1e-4))
//
// where var divides by N − 1. It is .99 if all rows are equal.
func VarianceHinge(z *torch.Tensor) *torch.Tensor {
	std := z.Var([]int{0}, 1, false).AddScalar(1e-4).Sqrt()
	return std.Neg().AddScalar(1).Relu().Mean()
}

// CovariancePenalty returns the sum of the squared covariances, divided by N − 1,
// of each two different dimensions of z [N, D], over D (Bardes, Ponce and LeCun
// 2021, equations 3 and 4): 0 if no dimension tells anything linear of another.
func CovariancePenalty(z *torch.Tensor) *torch.Tensor {
	centered := z.Sub(z.MeanDim([]int{0}, true))
	n, d := float64(z.Size(0)-1), float64(z.Size(1))
	return offDiagonal(centered, centered).DivScalar(n * n * d)
}
