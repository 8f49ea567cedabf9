package selfcheck

import (
	"context"
	"math"
	"slices"

	"sslmem/mem"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// scaled is an encoder whose features are a multiple of another's.
type scaled struct {
	mem.Encoder
	by float64
}

func (s scaled) Forward(x *torch.Tensor) *torch.Tensor { return s.Encoder.Forward(x).MulScalar(s.by) }

// algebra measures what follows from the definition: exactly for any two encoders,
// and, with those that were trained, that S_S and S_E differ little beside S_C.
func algebra(ctx context.Context, l *Lab) ([]Row, error) {
	f, g, err := l.anyPair(ctx)
	if err != nil {
		return nil, err
	}
	defer nn.Free(f)
	defer nn.Free(g)
	c, err := l.scorer()
	if err != nil {
		return nil, err
	}
	points := mem.NewScores(l.members(), nil).Index
	if l.Untrained {
		points = points[:100]
	}
	m := func(f, g mem.Encoder) ([]float64, error) {
		loss, err := c.Pair(ctx, f, g, l.images, points, 0)
		if err != nil {
			return nil, err
		}
		m := make([]float64, len(points))
		for i := range m {
			m[i] = loss.G[i] - loss.F[i]
		}
		return m, nil
	}
	same, err := m(f, f)
	if err != nil {
		return nil, err
	}
	forth, err := m(f, g)
	if err != nil {
		return nil, err
	}
	back, err := m(g, f)
	if err != nil {
		return nil, err
	}
	large, err := m(scaled{f, 37}, g)
	if err != nil {
		return nil, err
	}
	zero := make([]float64, len(points))
	n := len(points)
	rows := []Row{
		exact("largest |m| where f is g", farthest(same, zero, 1), 0, n, "images"),
		exact("largest |m + m of g and f|", farthest(forth, back, -1), 0, n, "images"),
		exact("largest change of m by f's features times 37", farthest(forth, large, 1), 1e-6, n, "images"),
	}
	if l.Untrained {
		return rows, nil
	}
	scores, err := l.scores(ctx, l.Plan.main(), 0, "main")
	if err != nil {
		return nil, err
	}
	all := scores.M(mem.Raw)
	shared, external := l.values(scores, all, mem.Shared, false), l.values(scores, all, mem.External, false)
	effect := average(l.values(scores, all, mem.Candidate, false)) - average(external)
	r := compare("m(S_S) − m(S_E), within half of m(S_C) − m(S_E)", Within, shared, external, "images", l.Plan.Seeds)
	r.P, r.Verdict = mem.Number(math.NaN()), JudgeWithin(r.CI, max(0, effect/2))
	return append(rows, r.noted("half: "+mem.FormatUnsigned(mem.Number(effect/2), 4))), nil
}

// farthest is the largest |a − sign·b|.
func farthest(a, b []float64, sign float64) float64 {
	far := 0.
	for i := range a {
		d := math.Abs(a[i] - sign*b[i])
		if math.IsNaN(d) {
			return d
		}
		far = max(far, d)
	}
	return far
}

func average(x []float64) float64 {
	m, _ := mem.MeanInterval(slices.Clone(x))
	return m
}

// anyPair is f and g of the first trained pair, or two encoders with weights as they
// are drawn.
func (l *Lab) anyPair(ctx context.Context) (f, g models.Backbone, err error) {
	a := l.Plan.main()
	if !l.Untrained {
		if err := l.train(ctx, a); err != nil {
			return nil, nil, err
		}
		return l.pair(a, 0, 0)
	}
	recipe, err := l.Plan.recipe(a, l.images)
	if err != nil {
		return nil, nil, err
	}
	channels, _, _ := l.images.Shape()
	var pair [2]models.Backbone
	for k := range pair {
		if pair[k], err = models.New(recipe.ModelConfig(channels), torch.NewGenerator(uint64(k), torch.CPU)); err != nil {
			if k == 1 {
				nn.Free(pair[0])
			}
			return nil, nil, err
		}
		nn.To(pair[k], torch.CPU, torch.ChannelsLast)
		nn.SetTraining(pair[k], false)
	}
	return pair[0], pair[1], nil
}
