package ssl

import (
	"fmt"
	"math"

	"sslmem/torch"
	"sslmem/torch/nn"
)

var _ = register(Method{
	Name: "align-uniform", Title: "Alignment and uniformity",
	Paper: "Wang and Isola 2020, Understanding Contrastive Representation Learning through Alignment and Uniformity on the Hypersphere, arXiv 2005.10242",
	Views: 2,
	Mixes: "uniformity compares every image with all others of the batch",
	Options: func() Options {
		return &AlignUniformOptions{Projector: []int{128}, Alpha: 2, T: 2, Align: 1, Uniform: 1}
	},
})

// AlignUniformOptions are the options of the method of Wang and Isola, under the
// paper's names.
type AlignUniformOptions struct {
	Projector []int   `toml:"projector"` // units of its layers, as those of SimCLR
	Alpha     float64 `toml:"alpha"`     // exponent of the distance of two views
	T         float64 `toml:"t"`         // scale of the Gaussian potential
	Align     float64 `toml:"align"`     // weights of the two terms
	Uniform   float64 `toml:"uniform"`
}

// Check implements [Options].
func (o *AlignUniformOptions) Check() error {
	for name, value := range map[string]float64{"alpha": o.Alpha, "t": o.T, "align": o.Align, "uniform": o.Uniform} {
		if !(value > 0) {
			return fmt.Errorf("%s is %v but must be above 0", name, value)
		}
	}
	return checkUnits("projector", o.Projector)
}

// New implements [Options].
func (o *AlignUniformOptions) New(b Build) (Trainer, error) {
	projector := MLP{Units: o.Projector}.New(b.Encoder.Features(), b.Generator)
	return &AlignUniform{core: newCore(b), projector: projector, o: *o, ranks: b.Ranks}, nil
}

// AlignUniform brings the two views of an image together and spreads the images
// evenly over the unit sphere, in so many words (Wang and Isola 2020, arXiv
// 2005.10242, section 4). For normalized projections x and y of two views the loss is
//
//	Align · mean ‖x − y‖^Alpha + Uniform · (u(x) + u(y))/2
//	u(x) = ln mean exp(−T·‖xᵢ − xⱼ‖²) over the pairs i < j
type AlignUniform struct {
	core
	projector nn.Sequential
	o         AlignUniformOptions
	ranks     Ranks
}

// Forward implements [Trainer].
func (m *AlignUniform) Forward(b Batch) Result {
	z := m.forward(b, b.Views, func(x *torch.Tensor) *torch.Tensor {
		return normalize(m.projector.Forward(m.encoder.Forward(x)))
	})
	views := b.Parts(z)
	x, y := m.ranks.Gather(views[0]), m.ranks.Gather(views[1])
	align := x.Sub(y).Norm(2, []int{1}, false).Pow(m.o.Alpha).Mean()
	uniform := uniformity(x, m.o.T).Add(uniformity(y, m.o.T)).DivScalar(2)
	return Result{
		Loss:   align.MulScalar(m.o.Align).Add(uniform.MulScalar(m.o.Uniform)),
		Output: z,
		Parts:  []Part{{"align", align}, {"uniform", uniform}},
	}
}

// uniformity is u of [AlignUniform] for the rows of x [N, D].
func uniformity(x *torch.Tensor, t float64) *torch.Tensor {
	pairs := float64(x.Size(0) * (x.Size(0) - 1) / 2)
	return x.Pdist(2).Pow(2).MulScalar(-t).LogSumExp([]int{0}, false).AddScalar(-math.Log(pairs))
}

// Register implements [nn.Module].
func (m *AlignUniform) Register(r *nn.Registry) {
	r.Module("encoder", m.encoder)
	r.Module("projector", m.projector)
}
