package selfcheck

import (
	"context"
	"fmt"
	"math"

	"sslmem/data/rng"
	"sslmem/mem"
)

// resamples is how often images are drawn again, or scores put in another order.
const resamples = 1999

// agreement compares the order of the natural images of S_C between seeds and between
// methods.
func agreement(ctx context.Context, l *Lab) ([]Row, error) {
	s, err := l.scores(ctx, l.Plan.main(), 0, "main")
	if err != nil {
		return nil, err
	}
	var pairs [][]float64
	for k := range s.Pairs {
		pairs = append(pairs, l.values(s, s.PairM(k, mem.Raw), mem.Candidate, false))
	}
	n := len(pairs[0])
	top := max(1, n/10)
	half := func(h int) []float64 { return l.values(s, s.HalfM(h, mem.Raw), mem.Candidate, false) }
	reliability := mem.SplitHalf(half(0), half(1))
	observed, p := l.overlapOfSeeds(pairs, top)
	nan := mem.Number(math.NaN())
	rows := []Row{{
		What: fmt.Sprintf("overlap of the top %d of two seeds less chance, %.2f", top, float64(top)/float64(n)), Expect: Above,
		Value: mem.Number(observed - float64(top)/float64(n)), CI: mem.Interval{Low: nan, High: nan}, P: mem.Number(p), N: n, Unit: "images", Seeds: len(pairs),
		Note: fmt.Sprintf("split-half reliability of their mean %s", mem.FormatUnsigned(reliability.SpearmanBrown, 2)), Verdict: JudgeSign(p),
	}}
	methods, err := l.methods(ctx)
	if err != nil {
		return nil, err
	}
	return append(rows, methods), nil
}

// overlapOfSeeds is the mean share of the top in common of two pairs, over all twos, and
// how often it is as high if each pair's scores come in any order.
func (l *Lab) overlapOfSeeds(pairs [][]float64, top int) (share, p float64) {
	overlap := func(pairs [][]float64) (sum float64) {
		n := 0.
		for i := range pairs {
			for j := range i {
				sum += float64(mem.Overlap(pairs[i], pairs[j], top).Fraction)
				n++
			}
		}
		return sum / n
	}
	share = overlap(pairs)
	r := rng.New(l.Plan.Seed, rng.Word("orders"))
	mixed := make([][]float64, len(pairs))
	for k := range pairs {
		mixed[k] = append([]float64(nil), pairs[k]...)
	}
	hits := 1
	for range resamples {
		for _, m := range mixed {
			r.Shuffle(len(m), func(i, j int) { m[i], m[j] = m[j], m[i] })
		}
		if overlap(mixed) >= share-1e-12 {
			hits++
		}
	}
	return share, float64(hits) / (resamples + 1)
}

// methods compares Kendall's τ between SimCLR and VICReg with that between SimCLR and
// supervised training, all with the same seeds; images are drawn again.
func (l *Lab) methods(ctx context.Context) (Row, error) {
	var m [3][]float64
	for k, a := range []arm{l.Plan.main(), l.Plan.other("vicreg"), l.Plan.other("supervised")} {
		s, err := l.scores(ctx, a, 0, l.Plan.main().name)
		if err != nil {
			return Row{}, err
		}
		s.Pairs = s.Pairs[:min(len(s.Pairs), l.Plan.Others)]
		m[k] = l.values(s, s.M(mem.Raw), mem.Candidate, false)
	}
	difference := func(a, b, c []float64) float64 { return float64(mem.Kendall(a, b).R - mem.Kendall(a, c).R) }
	n := len(m[0])
	r := rng.New(l.Plan.Seed, rng.Word("images drawn again"))
	var draws []float64
	for range resamples {
		var again [3][]float64
		for range n {
			i := r.IntN(n)
			for k := range again {
				again[k] = append(again[k], m[k][i])
			}
		}
		if d := difference(again[0], again[1], again[2]); !math.IsNaN(d) {
			draws = append(draws, d)
		}
	}
	row := drawn("τ of SimCLR and VICReg less τ of SimCLR and supervised", Above, difference(m[0], m[1], m[2]), draws, n, "images", l.Plan.Others)
	return row.noted(fmt.Sprintf("τ %s and %s", mem.FormatSigned(mem.Kendall(m[0], m[1]).R, 3), mem.FormatSigned(mem.Kendall(m[0], m[2]).R, 3))), nil
}
