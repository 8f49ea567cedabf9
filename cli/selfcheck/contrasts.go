package selfcheck

import (
	"context"
	"fmt"
	"math"

	"sslmem/mem"
)

// contrasts compares the sets, natural images only, averaged over the pairs.
func contrasts(ctx context.Context, l *Lab) ([]Row, error) {
	s, err := l.scores(ctx, l.Plan.main(), 0, "main")
	if err != nil {
		return nil, err
	}
	m := s.M(mem.Raw)
	var rows []Row
	for _, c := range []struct {
		a, b   mem.Set
		expect Expect
	}{
		{mem.Candidate, mem.Shared, Above}, {mem.Candidate, mem.External, Above},
		{mem.Independent, mem.Shared, Below}, {mem.Independent, mem.External, Below},
	} {
		r := compare(fmt.Sprintf("m(%v) − m(%v)", c.a, c.b), c.expect, l.values(s, m, c.a, false), l.values(s, m, c.b, false), "images", len(s.Pairs))
		same := 0
		for k := range s.Pairs {
			one := s.PairM(k, mem.Raw)
			d := average(l.values(s, one, c.a, false)) - average(l.values(s, one, c.b, false))
			if (d > 0) == (c.expect == Above) {
				same++
			}
		}
		rows = append(rows, r.noted(fmt.Sprintf("so in %d of %d pairs", same, len(s.Pairs))))
	}
	return rows, nil
}

// atypicalImages compares the atypical images of S_C, S_I with the natural ones.
func atypicalImages(ctx context.Context, l *Lab) ([]Row, error) {
	s, err := l.scores(ctx, l.Plan.main(), 0, "main")
	if err != nil {
		return nil, err
	}
	m := s.M(mem.Raw)
	of := func(set mem.Set, atypical bool) []float64 { return l.values(s, m, set, atypical) }
	seeds := len(s.Pairs)
	rows := []Row{
		compare("m of atypical − natural images of S_C", Above, of(mem.Candidate, true), of(mem.Candidate, false), "images", seeds),
		l.interaction("the same less that of S_E", of(mem.Candidate, true), of(mem.Candidate, false), of(mem.External, true), of(mem.External, false), seeds),
	}
	var far, score []float64
	distance := l.distances()
	for k, i := range s.Index {
		if s.Set[k] == mem.Candidate && !l.atypical[i] {
			far, score = append(far, distance[i]), append(score, m[k])
		}
	}
	rho := mem.Spearman(far, score)
	p := float64(rho.P) / 2
	if rho.R < 0 {
		p = 1 - p
	}
	nan := mem.Number(math.NaN())
	rows = append(rows, Row{What: "ρ of m and distance to the class mean in pixels, natural images of S_C", Expect: Above, Value: rho.R,
		CI: mem.Interval{Low: nan, High: nan}, P: mem.Number(p), N: len(far), Unit: "images", Seeds: seeds, Verdict: JudgeSign(p)})
	return rows, nil
}

// interaction is the row of (a − b) − (c − d) of four means, positive as expected, by
// a normal test with the variances of all four.
func (l *Lab) interaction(what string, a, b, c, d []float64, seeds int) Row {
	var value, variance float64
	sign := 1.
	for k, x := range [][]float64{a, b, c, d} {
		if sign = 1; k == 1 || k == 2 {
			sign = -1
		}
		mean := average(x)
		var sum float64
		for _, v := range x {
			sum += (v - mean) * (v - mean)
		}
		value += sign * mean
		variance += sum / float64(len(x)-1) / float64(len(x))
	}
	se := math.Sqrt(variance)
	p := math.Erfc(value/se/math.Sqrt2) / 2
	return Row{What: what, Expect: Above, Value: mem.Number(value),
		CI: mem.Interval{Low: mem.Number(value - 1.959964*se), High: mem.Number(value + 1.959964*se)},
		P:  mem.Number(p), N: len(a) + len(b) + len(c) + len(d), Unit: "images", Seeds: seeds, Verdict: JudgeSign(p)}
}

// distances returns how far each image is from the mean of its class, by the pixels of
// all images.
func (l *Lab) distances() []float64 {
	c, h, w := l.images.Shape()
	size := c * h * w
	sums, counts := make([][]float64, len(l.images.ClassNames())), make([]float64, len(l.images.ClassNames()))
	for i := range l.images.Len() {
		k := l.images.Label(i)
		if sums[k] == nil {
			sums[k] = make([]float64, size)
		}
		counts[k]++
		for p, v := range l.images.Image(i) {
			sums[k][p] += float64(v)
		}
	}
	far := make([]float64, l.images.Len())
	for i := range far {
		k := l.images.Label(i)
		for p, v := range l.images.Image(i) {
			d := float64(v) - sums[k][p]/counts[k]
			far[i] += d * d
		}
		far[i] = math.Sqrt(far[i])
	}
	return far
}
