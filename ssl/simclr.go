package ssl

import (
	"fmt"
	"math"

	"sslmem/torch"
	"sslmem/torch/nn"
)

var _ = register(Method{
	Name: "simclr", Title: "SimCLR",
	Paper:   "Chen et al. 2020, A Simple Framework for Contrastive Learning of Visual Representations, arXiv 2002.05709",
	Views:   2,
	Mixes:   "every view is compared with all other views of the batch, and parts have fewer of them",
	Options: func() Options { return &SimCLROptions{Temperature: .5, Projector: []int{2048, 128}} },
})

// SimCLROptions are the options of SimCLR.
type SimCLROptions struct {
	Temperature float64 `toml:"temperature"` // of NT-Xent
	// Projector holds the units of the layers of the projector: linear, batch norm and
	// ReLU, and at the end linear alone.
	Projector []int `toml:"projector"`
	// ProjectorNorm adds a batch norm behind the last layer.
	ProjectorNorm bool `toml:"projector_norm"`
}

// Check implements [Options].
func (o *SimCLROptions) Check() error {
	if !(o.Temperature > 0) {
		return fmt.Errorf("temperature is %v but must be above 0", o.Temperature)
	}
	return checkUnits("projector", o.Projector)
}

// New implements [Options].
func (o *SimCLROptions) New(b Build) (Trainer, error) {
	head := MLP{Units: o.Projector, LastNorm: o.ProjectorNorm}
	return &SimCLR{
		core:        newCore(b),
		projector:   head.New(b.Encoder.Features(), b.Generator),
		temperature: o.Temperature,
		images:      b.Recipe.BatchSize * b.Ranks.World(),
		ranks:       b.Ranks,
	}, nil
}

// SimCLR pulls the two views of an image together and pushes all other views
// of the batch away (Chen et al. 2020, arXiv 2002.05709).
type SimCLR struct {
	core
	projector   nn.Sequential
	temperature float64
	images      int // of a batch, on all ranks
	ranks       Ranks
	targets     ntXentTargets
}

// Forward implements [Trainer].
func (m *SimCLR) Forward(b Batch) Result {
	z := m.forward(b, b.Views, func(x *torch.Tensor) *torch.Tensor {
		return m.projector.Forward(m.encoder.Forward(x))
	})
	all := gatherViews(m.ranks, b, z)
	return Result{Loss: ntXent(all, m.temperature, m.targets.of(all)), Output: z}
}

// Collapse implements [Collapser]: no view is nearer to its partner than to others.
func (m *SimCLR) Collapse() Collapse {
	return Collapse{
		Loss: math.Log(float64(2*m.images - 1)), Within: 1e-3,
		Meaning: fmt.Sprintf("ln %d, that of views which are all alike", 2*m.images-1),
		Advice:  fmt.Sprintf("lower optimizer.lr, warm up for longer, or lower options.temperature (now %g)", m.temperature),
	}
}

// Register implements [nn.Module].
func (m *SimCLR) Register(r *nn.Registry) {
	r.Module("encoder", m.encoder)
	r.Module("projector", m.projector)
}

// Free gives up the constants of the loss and all weights.
func (m *SimCLR) Free() {
	m.targets.free()
	nn.Free(m)
}

// NTXent returns the normalized temperature-scaled cross entropy (Chen et al.
// 2020, equation 1) of projections z [2B, D], where rows i and i+B are the
// views of one image: the mean over all rows of −log of the softmax, over the
// 2B − 1 other rows, of cosine similarity / temperature at the partner. It is
// ln(2B − 1) when all rows are equal. It panics if z has an odd number of rows.
func NTXent(z *torch.Tensor, temperature float64) *torch.Tensor {
	var t ntXentTargets
	defer t.free()
	return ntXent(z, temperature, t.of(z))
}

func ntXent(z *torch.Tensor, temperature float64, t *ntXentTargets) *torch.Tensor {
	z = normalize(z)
	logits := z.Mm(z.T()).DivScalar(temperature).MaskedFill(t.self, math.Inf(-1))
	return logits.CrossEntropy(t.partner)
}

// ntXentTargets are the constants of the loss for one batch size.
type ntXentTargets struct {
	self    *torch.Tensor // [2B, 2B] bool: a row against itself
	partner *torch.Tensor // [2B] int64: the row of the other view
}

// of returns the constants for z, made on the first call for its size.
func (t *ntXentTargets) of(z *torch.Tensor) *ntXentTargets {
	n, device := z.Size(0), z.Device()
	if t.self != nil && t.partner.Size(0) == n && t.partner.Device() == device {
		return t
	}
	if n%2 != 0 {
		panic(&torch.Error{Op: "NTXent", Kind: torch.Value, Msg: "the two views of each image need an even number of rows"})
	}
	t.free()
	t.self = torch.Root.Eye(n, torch.Bool, device)
	partner := make([]int64, n)
	for i := range partner {
		partner[i] = int64((i + n/2) % n)
	}
	s := torch.NewScope()
	defer s.Close()
	t.partner = torch.FromSlice(s, partner).ToDevice(device).Keep()
	return t
}

func (t *ntXentTargets) free() {
	if t.self != nil {
		t.self.Free()
		t.partner.Free()
	}
	*t = ntXentTargets{}
}
