package selfcheck

import (
	"context"
	"fmt"
	"math"
	"strings"

	"sslmem/mem"
	"sslmem/models"
	"sslmem/torch/nn"
)

// layersBatch bounds the views of a forward pass that shows all layers.
const layersBatch = 128

// depth looks at LayerMem of the natural images of S_C, less that of S_E, which takes
// away how much f is better aligned at a layer anyhow.
func depth(ctx context.Context, l *Lab) ([]Row, error) {
	a := l.Plan.main()
	if err := l.train(ctx, a); err != nil {
		return nil, err
	}
	var rise, rank, mean0 []float64
	var first []float64 // of pair 0, by layer
	var names []string
	for pair := range a.seeds {
		s, err := l.layers(ctx, pair, mem.L2)
		if err != nil {
			return nil, err
		}
		values, err := offsetMeans(s)
		if err != nil {
			return nil, err
		}
		if pair == 0 {
			first, names = values, s.Layers
			mean0 = make([]float64, len(values))
		}
		for k, v := range values {
			mean0[k] += v / float64(a.seeds)
		}
		rise = append(rise, values[len(values)-1]-values[0])
		rank = append(rank, float64(mem.Spearman(places(len(values)), values).R))
	}
	var curve []string
	for k, name := range names {
		curve = append(curve, fmt.Sprintf("%s %.4f", name, mean0[k]))
	}
	rows := []Row{
		mean("LayerMem(S_C) − LayerMem(S_E) of the features less that of the first layer", Above, rise, "pairs", a.seeds).noted(strings.Join(curve, ", ")),
		mean("ρ of a layer's depth and this number", Above, rank, "pairs", a.seeds),
	}
	few, err := l.few(ctx)
	if err != nil {
		return nil, err
	}
	rows = append(rows, few...)
	for _, d := range []mem.Distance{mem.L1, mem.Cosine, mem.Angular} {
		s, err := l.layers(ctx, 0, d)
		if err != nil {
			return nil, err
		}
		values, err := offsetMeans(s)
		if err != nil {
			return nil, err
		}
		tau := mem.Kendall(first, values)
		p := float64(tau.P) / 2
		if tau.R < 0 {
			p = 1 - p
		}
		nan := mem.Number(math.NaN())
		rows = append(rows, Row{What: fmt.Sprintf("τ of the layers' order by distances %s and %s", mem.L2, d), Expect: Above, Value: tau.R,
			CI: mem.Interval{Low: nan, High: nan}, P: mem.Number(p), N: len(values), Unit: "layers", Seeds: 1, Verdict: JudgeSign(p)})
	}
	return append(rows, Row{What: "the MLP of a block of a ViT adds more than its attention", Expect: Above, Verdict: NotRun, Value: mem.Number(math.NaN()), P: mem.Number(math.NaN()),
		CI: mem.Interval{Low: mem.Number(math.NaN()), High: mem.Number(math.NaN())}, Unit: "pairs", Note: "a ViT takes longer to train"}), nil
}

// few compares the third of the natural images of S_C with the highest scores, that with
// the lowest, and what is between, at the features. One half of the views chooses and the
// other measures: chosen and measured by the same noise, they would differ in any case.
func (l *Lab) few(ctx context.Context) ([]Row, error) {
	s, err := l.scores(ctx, l.Plan.main(), 0, "main")
	if err != nil {
		return nil, err
	}
	chooses := l.values(s, s.HalfM(0, mem.Ratio), mem.Candidate, false)
	measures := l.values(s, s.HalfM(1, mem.Ratio), mem.Candidate, false)
	order := ordered(chooses)
	third := len(order) / 3
	pick := func(places []int) []float64 {
		var out []float64
		for _, i := range places {
			out = append(out, measures[i])
		}
		return out
	}
	most, middle, least := pick(order[:third]), pick(order[third:len(order)-third]), pick(order[len(order)-third:])
	name := func(a, b string) string {
		return fmt.Sprintf("LayerMem of the %d %s memorized images of S_C less that of the %s, chosen by other views", third, a, b)
	}
	rows := []Row{
		compare(name("most", "middle"), Above, most, middle, "images", len(s.Pairs)),
		compare(name("least", "middle"), Below, least, middle, "images", len(s.Pairs)),
	}
	rows[0] = rows[0].noted(fmt.Sprintf("means %.3f, %.3f, %.3f", average(most), average(middle), average(least)))
	return rows, nil
}

// layers measures the natural images of S_C and S_E at the layers of one pair.
func (l *Lab) layers(ctx context.Context, pair int, d mem.Distance) (*mem.LayerScores, error) {
	a := l.Plan.main()
	l.Say("layers of pair %d by distance %s", pair, d)
	f, g, err := l.pair(a, pair, 0)
	if err != nil {
		return nil, err
	}
	defer nn.Free(f)
	defer nn.Free(g)
	c, err := l.scorer()
	if err != nil {
		return nil, err
	}
	c.Distance, c.BatchSize = d, layersBatch
	var members [mem.NumSets][]int
	members[mem.Candidate], members[mem.External] = l.natural(mem.Candidate), l.natural(mem.External)
	layers := append(models.DepthLayers(f), mem.FeaturesLayer)
	losses, err := c.Layers(ctx, f, g, l.images, mem.NewScores(members, nil).Index, mem.LayerOptions{Layers: layers}, l.pairSeed(pair))
	if err != nil {
		return nil, err
	}
	s := mem.NewLayerScores(losses.Layers, members, nil)
	return s, s.AddPair(losses)
}

// offsetMeans is LayerMem of S_C less that of S_E, by layer.
func offsetMeans(s *mem.LayerScores) ([]float64, error) {
	t, err := s.Table(mem.Candidate, 1)
	if err != nil {
		return nil, err
	}
	var values []float64
	for _, r := range t.Rows {
		values = append(values, float64(r.OffsetMean))
	}
	return values, nil
}

// places are 0, 1, …, n − 1.
func places(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i)
	}
	return x
}
