package selfcheck

import (
	"context"
	"fmt"
	"image"
	"math"

	"sslmem/eval"
	"sslmem/mem"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// The attack: the neighbors of a corner that vote, and the share of a side it has, as
// the command dejavu has them.
const (
	voters     = 50
	cornerSide = .3
)

// dejaVu names the classes of natural images of S_C and S_I from a corner of each.
func (l *Lab) dejaVu(ctx context.Context) ([]Row, error) {
	a := l.Plan.main()
	var all []mem.DejaVuAttack
	var confident, growth []float64
	for pair := range a.seeds {
		l.Say("déjà vu of pair %d", pair)
		last, err := l.attack(ctx, a, pair, 0)
		if err != nil {
			return nil, err
		}
		first, err := l.attack(ctx, a, pair, a.snapshots[0])
		if err != nil {
			return nil, err
		}
		end, err := l.score(last)
		if err != nil {
			return nil, err
		}
		start, err := l.score(first)
		if err != nil {
			return nil, err
		}
		all = append(all, last...)
		confident, growth = append(confident, end[1].Score-end[0].Score), append(growth, end[0].Score-start[0].Score)
	}
	levels, err := l.score(all)
	if err != nil {
		return nil, err
	}
	v := levels[0]
	se := float64(v.CI.High-v.CI.Low) / (2 * 1.959964)
	p := math.NaN()
	if se > 0 {
		p = math.Erfc(v.Score/se/math.Sqrt2) / 2
	}
	return []Row{
		{What: "déjà vu score: target − reference, from a corner of .3 of each side, 50 neighbors", Expect: Above, Value: mem.Number(v.Score), CI: v.CI, P: mem.Number(p),
			N: 2 * v.N, Unit: "images", Seeds: a.seeds, Verdict: JudgeSign(p), Note: fmt.Sprintf("%.3f and %.3f", v.Target, v.Reference)},
		mean("déjà vu score of the most confident fifth less that of all", Above, confident, "pairs", a.seeds),
		mean(fmt.Sprintf("déjà vu score after epoch %d less that after %d", l.Plan.Epochs, a.snapshots[0]), Above, growth, "pairs", a.seeds),
	}, nil
}

// score returns the accuracies over all points and over the most confident fifth.
func (l *Lab) score(attacks []mem.DejaVuAttack) ([]mem.DejaVuLevel, error) {
	r, err := mem.DejaVu(attacks, mem.DejaVuOptions{Shares: []float64{1, .2}, Seed: l.Plan.Seed})
	if err != nil {
		return nil, err
	}
	return r.Levels, nil
}

// attack attacks with a pair after an epoch.
func (l *Lab) attack(ctx context.Context, a arm, pair, epoch int) ([]mem.DejaVuAttack, error) {
	var inferred [2]map[mem.Set]mem.LabelInference
	for k, role := range []string{roleF, roleG} {
		var err error
		if inferred[k], err = l.infer(ctx, a, role, pair, epoch); err != nil {
			return nil, err
		}
	}
	var attacks []mem.DejaVuAttack
	for k, set := range []mem.Set{mem.Candidate, mem.Independent} {
		d := mem.DejaVuAttack{Set: set, Pair: pair, Index: l.natural(set), Target: inferred[k][set], Reference: inferred[1-k][set]}
		for _, i := range d.Index {
			d.Class = append(d.Class, l.images.Label(i))
		}
		attacks = append(attacks, d)
	}
	return attacks, nil
}

// infer names the classes of both sets by one encoder.
func (l *Lab) infer(ctx context.Context, a arm, role string, pair, epoch int) (map[mem.Set]mem.LabelInference, error) {
	e, err := l.encoder(a, role, pair, epoch)
	if err != nil {
		return nil, err
	}
	defer nn.Free(e)
	views, err := l.Plan.views(l.images)
	if err != nil {
		return nil, err
	}
	s := torch.NewScope()
	defer s.Close()
	o := eval.FeatureOptions{Augment: views, Index: l.unseen(l.Plan), BatchSize: 256, Device: torch.CPU}
	public, err := eval.Features(ctx, s, e, l.images, o)
	if err != nil {
		return nil, err
	}
	corners := mem.CropImages(l.images, func(_, h, w int) (image.Rectangle, error) { return mem.LowerLeft.Box(cornerSide, h, w) })
	out := map[mem.Set]mem.LabelInference{}
	for _, set := range []mem.Set{mem.Candidate, mem.Independent} {
		o.Index = l.natural(set)
		queries, err := eval.Features(ctx, s, e, corners, o)
		if err != nil {
			return nil, err
		}
		if out[set], err = mem.InferByNeighbors(ctx, public.X, public.Labels, queries.X, queries.Labels, len(public.Names), voters); err != nil {
			return nil, err
		}
	}
	return out, nil
}
