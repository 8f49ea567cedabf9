package ssl

import (
	"math"

	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// SimCLR pulls the two views of an image together and pushes all other views
// of the batch away (Chen et al. 2020, arXiv 2002.05709). Both views go
// through the encoder in one batch, so batch norm sees them together.
type SimCLR struct {
	encoder     models.Backbone
	projector   nn.Sequential
	temperature float64
	targets     ntXentTargets
}

func newSimCLR(r Recipe, encoder models.Backbone, g *torch.Generator) *SimCLR {
	return &SimCLR{
		encoder:     encoder,
		projector:   models.NewProjector(encoder.Features(), r.ProjectorHidden, r.ProjectorDim, g),
		temperature: r.Temperature,
	}
}

// Encoder implements [Trainer].
func (m *SimCLR) Encoder() models.Backbone { return m.encoder }

// NumViews implements [Trainer].
func (m *SimCLR) NumViews() int { return 2 }

// Loss implements [Trainer].
func (m *SimCLR) Loss(b Batch) *torch.Tensor {
	z := m.projector.Forward(m.encoder.Forward(b.Views))
	return ntXent(z, m.temperature, m.targets.of(z))
}

// AfterStep implements [Trainer]; there is nothing to do.
func (m *SimCLR) AfterStep(int) {}

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
	const eps = 1e-12 // of torch.nn.functional.normalize
	z = z.Div(z.Norm(2, []int{1}, true).Clamp(eps, math.Inf(1)))
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
