package plots

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Points are the alignment losses of the images of one set under both encoders.
type Points struct {
	Set  string    // such as Candidate
	F, G []float64 // L_f and L_g, of equal number, one per image
}

// A Scatter shows the alignment loss under g against the loss under f, one glyph
// per image. Both axes have one range, so that the line y = x is the diagonal: an
// image above it has m > 0 and is memorized by f, one below by g.
type Scatter struct {
	Frame
	Sets []Points // at least one; drawn in this order, the last on top
	Unit string   // unit of the losses, "distance" if empty
}

// Figure draws the scatter plot. The error wraps ErrInput if a set is empty, has
// lists of unequal length, holds NaN or an infinity, or shares its name with
// another, or if the frame is not complete.
func (s Scatter) Figure() (*Figure, error) {
	names := make([]string, len(s.Sets))
	var all [][]float64
	total := 0
	for i, set := range s.Sets {
		names[i] = set.Set
		if len(set.F) != len(set.G) {
			return nil, inputError("set %s has %d losses under f and %d under g; give both for each image",
				set.Set, len(set.F), len(set.G))
		}
		for _, losses := range [][]float64{set.F, set.G} {
			if err := checkFinite("set "+set.Set, losses); err != nil {
				return nil, err
			}
		}
		all = append(all, set.F, set.G)
		total += len(set.F)
	}
	if err := checkNames("set", names); err != nil {
		return nil, err
	}
	if err := s.Frame.check(); err != nil {
		return nil, err
	}
	if s.Unit == "" {
		s.Unit = "distance"
	}

	label := func(encoder string) string { return fmt.Sprintf("alignment loss L_%s (%s)", encoder, s.Unit) }
	p := newPlot(label("f"), label("g"))
	lo, hi := extent(0.04, all...)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = lo, hi, lo, hi

	diagonal := stroke(ink, thin, 4, 2)
	styles := looksOf(names)
	var key legend
	for i, set := range s.Sets {
		f, g := slices.Clone(set.F), slices.Clone(set.G)
		p.Add(layer(func(c draw.Canvas, x, y func(float64) vg.Length) {
			at := make([]vg.Point, len(f))
			for k := range at {
				at[k] = vg.Point{X: x(f[k]), Y: y(g[k])}
			}
			styles[i].glyphs(c, scatterRadius(total), at...)
		}))
		text := fmt.Sprintf("%s  n = %d", set.Set, len(set.F))
		key.entries = append(key.entries, entry{text: text, mark: &styles[i]})
	}
	p.Add(layer(func(c draw.Canvas, x, y func(float64) vg.Length) {
		c.StrokeLine2(diagonal, x(lo), y(lo), x(hi), y(hi))
	}))
	key.entries = append(key.entries, entry{text: "y = x; above: m > 0", line: diagonal})

	// The body of a single column, with the axes' labels, holds a square; a wider
	// figure has the same square at its left.
	const body = 226
	f := plotFigure(s.Frame, plural(total, "image"), key, body, p)
	plain := f.draw
	f.draw = func(c draw.Canvas) {
		c.Max.X = min(c.Max.X, c.Min.X+Single.width()-2*edge)
		plain(c)
	}
	return f, nil
}

// scatterRadius returns a glyph radius that shrinks as points crowd, in points.
func scatterRadius(n int) vg.Length {
	return vg.Length(math.Max(0.7, 1.6-0.25*math.Log10(float64(n)/100)))
}
