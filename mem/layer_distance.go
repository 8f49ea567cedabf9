package mem

import (
	"fmt"
	"math"

	"sslmem/torch"
)

// distanceElements bounds the numbers of which distances are taken at once,
// 8 MB of them, besides the few tensors that are as large.
const distanceElements = 1 << 20

// viewDistances returns the distances between the views of n points, row by row
// as [Scorer.fold] reads them. y is [n·K, D], the K views of a point following
// each other, the raw one of a rule that has it included; it is computed in float64.
func (c Scorer) viewDistances(y *torch.Tensor) []float64 {
	k := c.Rule.drawn(c.Views)
	n, dim := y.Size(0)/k, y.Size(1)
	step := max(1, distanceElements/(k*max(1, dim)))
	var all []float64
	for from := 0; from < n; from += step {
		m := min(step, n-from)
		s := torch.NewScope()
		v := s.Use(y).Narrow(0, from*k, m*k).ToDType(torch.Float64).Reshape([]int{m, k, dim})
		all = append(all, torch.ToSlice[float64](c.Distance.ofViews(v, c.Rule))...)
		s.Close()
	}
	return all
}

// ofViews returns the distances between the K views of each point v [n, K, D]:
// of the pairs (i, i+1), then (i, i+2) and so on, [n, K(K−1)/2]; of the disjoint
// ones only, [n, K/2]; or of each with the last, [n, K−1].
func (d Distance) ofViews(v *torch.Tensor, rule ViewRule) *torch.Tensor {
	k := v.Size(1)
	var zero *torch.Tensor // which views are all zero, [n, K, 1]
	if d.OnUnitFeatures() {
		norm := v.Norm(2, []int{2}, true)
		zero = norm.EqScalar(0)
		v = v.Div(norm.MaskedFill(zero, 1))
	}
	switch rule {
	case RawAnchor:
		return d.rows(v, zero, func(t *torch.Tensor) (a, b *torch.Tensor) {
			return t.Narrow(1, 0, k-1), t.Narrow(1, k-1, 1)
		})
	case DisjointViews:
		at := func(t *torch.Tensor, i int) *torch.Tensor { return t.Slice(1, i, k, 2) }
		return d.rows(v, zero, func(t *torch.Tensor) (a, b *torch.Tensor) { return at(t, 0), at(t, 1) })
	}
	var pairs []*torch.Tensor
	for apart := 1; apart < k; apart++ {
		pairs = append(pairs, d.rows(v, zero, func(t *torch.Tensor) (a, b *torch.Tensor) {
			return t.Narrow(1, 0, k-apart), t.Narrow(1, apart, k-apart)
		}))
	}
	return torch.Cat(pairs, 1)
}

// rows returns the distances between the views a and b that split takes from v,
// [n, P, D] each, as [n, P]; see [Distance.Between].
func (d Distance) rows(v, zero *torch.Tensor, split func(*torch.Tensor) (a, b *torch.Tensor)) *torch.Tensor {
	return torch.Tidy(v, func(v *torch.Tensor) *torch.Tensor {
		a, b := split(v)
		norm := func(t *torch.Tensor) *torch.Tensor { return t.Norm(2, []int{2}, false) }
		difference := a.Sub(b)
		// What a vector of zeros is from anything else.
		orthogonal := func(r *torch.Tensor, distance float64) *torch.Tensor {
			za, zb := split(v.Scope().Use(zero))
			return r.MaskedFill(za.LogicalOr(zb).Squeeze(2), distance)
		}
		switch d {
		case L2, L2Raw:
			return norm(difference)
		case L1:
			return difference.Abs().SumDim([]int{2}, false)
		case Cosine:
			return orthogonal(norm(difference).Square().MulScalar(.5), 1)
		case Angular:
			return orthogonal(norm(difference).Atan2(norm(a.Add(b))).MulScalar(2/math.Pi), .5)
		}
		panic(fmt.Sprintf("mem: %q is not a distance; use one of %s", string(d), joinNames(Distances())))
	})
}

// fold returns the loss of one point from the distances between its views, and
// that of each half of its views where there are enough, like [ViewRule.loss].
func (c Scorer) fold(distances []float64) (all float64, halves [2]float64) {
	half := c.Rule.half(c.Views)
	var count [2]int
	add := func(i, j int, r float64) { // views i < j, of halves that may be none
		all += r
		switch {
		case j < half:
			halves[0], count[0] = halves[0]+r, count[0]+1
		case i >= half && j < 2*half:
			halves[1], count[1] = halves[1]+r, count[1]+1
		}
	}
	at := 0
	next := func() float64 { at++; return distances[at-1] }
	switch c.Rule {
	case RawAnchor:
		for i := range c.Views {
			add(i, i, next())
		}
	case DisjointViews:
		for i := 0; i < c.Views; i += 2 {
			add(i, i+1, next())
		}
	default:
		for apart := 1; apart < c.Views; apart++ {
			for i := range c.Views - apart {
				add(i, i+apart, next())
			}
		}
	}
	for h := range halves {
		halves[h] /= float64(max(1, count[h]))
	}
	return all / float64(at), halves
}
