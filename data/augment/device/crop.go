package device

import (
	"sslmem/data/augment"
	"sslmem/data/augment/internal/filter"
	"sslmem/torch"
)

// crop cuts, resizes and mirrors x, bytes as float32 [N, C, H, W], to intensities
// [N, C, Size, Size].
func (m *Images) crop(x *torch.Tensor, r augment.Recipe, c columns) *torch.Tensor {
	rows := axis{m.h, r.Size, r.Filter(), func(p *augment.Params) (int, int, bool) { return p.Top, p.Height, p.VFlip }}
	lines := axis{m.w, r.Size, r.Filter(), func(p *augment.Params) (int, int, bool) { return p.Left, p.Width, p.Flip }}
	right := lines.weights(c).Unsqueeze(1).Transpose(2, 3) // [N, 1, W, Size]
	left := rows.weights(c).Unsqueeze(1)                   // [N, 1, Size, H]
	x = left.Matmul(x.Matmul(right)).DivScalar(255)        // [N, C, Size, Size]
	if r.Interpolation == augment.Bicubic {
		x = x.Clamp(0, 1)
	}
	return x
}

// An axis is one direction of the crop.
type axis struct {
	in, out int // pixels of the image and of the view
	kind    filter.Kind
	// of returns the first pixel of the crop, how many there are, and whether the
	// view is mirrored.
	of func(p *augment.Params) (first, n int, mirrored bool)
}

// weights returns what every pixel of the image gives to every pixel of the
// view, float32 [N, out, in], by the formulas of package filter in float64.
func (a axis) weights(c columns) *torch.Tensor {
	column := func(of func(first, n int, mirrored bool) float64) *torch.Tensor {
		return c.numbers(func(p *augment.Params) float64 { return of(a.of(p)) })
	}
	scale := column(func(_, n int, _ bool) float64 { return float64(n) / float64(a.out) })
	// Output pixel o has its centre at (o + 1/2)·scale in the crop; a mirrored view
	// counts from the other end.
	direction := column(func(_, _ int, mirrored bool) float64 {
		if mirrored {
			return -1
		}
		return 1
	})
	origin := column(func(_, _ int, mirrored bool) float64 {
		if mirrored {
			return float64(a.out) - 0.5
		}
		return 0.5
	})
	o := c.scope.Arange(0, float64(a.out), 1, torch.Float64, c.device).View([]int{1, a.out, 1})
	center := o.Mul(direction).Add(origin).Mul(scale) // [N, out, 1]
	i := c.scope.Arange(0, float64(a.in), 1, torch.Float64, c.device).View([]int{1, 1, a.in})
	i = i.Sub(column(func(first, _ int, _ bool) float64 { return float64(first) })) // [N, 1, in], in the crop
	last := column(func(_, n int, _ bool) float64 { return float64(n - 1) })
	if a.kind.Aliased {
		return a.nearest(i, center.AddScalar(-0.5), last).ToDType(torch.Float32)
	}
	stretch := scale.ClampMin(1)
	w := curve(i.AddScalar(0.5).Sub(center).Div(stretch), a.kind.Bicubic, -0.5)
	inside := i.GeScalar(0).LogicalAnd(last.Ge(i))
	w = inside.WhereScalar(w, 0)
	return w.Div(w.SumDim([]int{2}, true)).ToDType(torch.Float32)
}

// nearest weights the two or four nearest pixels, where pixels outside of the
// crop stand for those at its edge.
func (a axis) nearest(i, center, last *torch.Tensor) *torch.Tensor {
	reach := 1
	if a.kind.Bicubic {
		reach = 2
	}
	left := center.Floor()
	var w *torch.Tensor
	for t := 1 - reach; t <= reach; t++ {
		pixel := left.AddScalar(float64(t))
		value := curve(pixel.Sub(center), a.kind.Bicubic, -0.75)
		hit := pixel.ClampMin(0).Minimum(last).Eq(i)
		term := hit.ToDType(torch.Float64).Mul(value)
		if w == nil {
			w = term
		} else {
			w = w.Add(term)
		}
	}
	return w
}

// curve is the triangle or the cubic with the given a, at x.
func curve(x *torch.Tensor, cubic bool, a float64) *torch.Tensor {
	x = x.Abs()
	if !cubic {
		return x.Neg().AddScalar(1).ClampMin(0)
	}
	near := x.MulScalar(a + 2).AddScalar(-a - 3).Mul(x).Mul(x).AddScalar(1)
	far := x.AddScalar(-5).Mul(x).AddScalar(8).Mul(x).AddScalar(-4).MulScalar(a)
	return x.LtScalar(1).Where(near, x.LtScalar(2).WhereScalar(far, 0))
}
