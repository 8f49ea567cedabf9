package plots

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Series is one curve.
type Series struct {
	// Name is the legend's text. A name of a set gives the curve the set's style.
	Name string

	// X and Y are the points, of equal number, in drawing order.
	X, Y []float64

	// Low and High are the limits of a band around the curve, such as a
	// confidence interval. Both are nil, or both are as long as Y.
	Low, High []float64
}

// Curves shows series over a common axis, such as the mean score of each set
// against the epoch.
type Curves struct {
	Frame
	Series []Series // at least one
	XLabel string   // with the unit; must not be empty
	YLabel string   // with the unit; must not be empty

	// Count is what stands behind "n = " in the caption, such as "200 images a
	// set"; must not be empty.
	Count string
}

// Figure draws the curves. The error wraps ErrInput if a series is empty, holds
// NaN or an infinity, or has lists of unequal length, if two share a name, or if
// the frame, a label or the count is missing.
func (f Curves) Figure() (*Figure, error) {
	names := make([]string, len(f.Series))
	var xs, ys [][]float64
	for i, s := range f.Series {
		names[i] = s.Name
		if err := s.check(); err != nil {
			return nil, err
		}
		xs = append(xs, s.X)
		ys = append(ys, s.Y, s.Low, s.High)
	}
	if err := checkNames("series", names); err != nil {
		return nil, err
	}
	if err := f.Frame.check(); err != nil {
		return nil, err
	}
	if f.XLabel == "" || f.YLabel == "" || f.Count == "" {
		return nil, inputError("curves need XLabel, YLabel and Count, with units")
	}

	styles := looksOf(names)
	var key legend
	p := newPlot(f.XLabel, f.YLabel)
	p.X.Min, p.X.Max = extent(0, xs...)
	p.Y.Min, p.Y.Max = extent(0.05, ys...)
	p.X.Tick.Marker = niceTicks{most: 7, whole: whole(xs...)}
	for i, s := range f.Series {
		e := entry{text: s.Name, line: styles[i].line()}
		if s.Low != nil {
			e.band = styles[i].shade()
			p.Add(band(s, styles[i]))
		}
		key.entries = append(key.entries, e)
	}
	for i, s := range f.Series {
		p.Add(curve(s.X, s.Y, styles[i].line()))
	}
	return plotFigure(f.Frame, f.Count, key, 140, p), nil
}

// check returns an error if the series cannot be drawn.
func (s Series) check() error {
	what := fmt.Sprintf("series %q", s.Name)
	if len(s.X) != len(s.Y) {
		return inputError("%s has %d x and %d y; give one y per x", what, len(s.X), len(s.Y))
	}
	if err := checkFinite(what, s.Y); err != nil {
		return err
	}
	if err := checkFinite("x of "+what, s.X); err != nil {
		return err
	}
	if s.Low == nil && s.High == nil {
		return nil
	}
	if len(s.Low) != len(s.Y) || len(s.High) != len(s.Y) {
		return inputError("%s has %d y but a band of %d low and %d high; give one of each per y or none",
			what, len(s.Y), len(s.Low), len(s.High))
	}
	if err := checkFinite("lower band of "+what, s.Low); err != nil {
		return err
	}
	return checkFinite("upper band of "+what, s.High)
}

// curve returns a layer that draws a line through the points; a single point is
// drawn as a short dash, so that it can be seen.
func curve(xs, ys []float64, line draw.LineStyle) layer {
	xs, ys = slices.Clone(xs), slices.Clone(ys)
	return func(c draw.Canvas, x, y func(float64) vg.Length) {
		points := make([]vg.Point, len(xs))
		for i := range xs {
			points[i] = vg.Point{X: x(xs[i]), Y: y(ys[i])}
		}
		if len(points) == 1 {
			at := points[0]
			points = []vg.Point{{X: at.X - marker, Y: at.Y}, {X: at.X + marker, Y: at.Y}}
			line.Dashes = nil
		}
		c.StrokeLines(line, points)
	}
}

// band returns a layer that fills the space between the limits of s.
func band(s Series, l look) layer {
	s.X, s.Low, s.High = slices.Clone(s.X), slices.Clone(s.Low), slices.Clone(s.High)
	return func(c draw.Canvas, x, y func(float64) vg.Length) {
		var outline []vg.Point
		for i := range s.X {
			outline = append(outline, vg.Point{X: x(s.X[i]), Y: y(s.High[i])})
		}
		for i := len(s.X) - 1; i >= 0; i-- {
			outline = append(outline, vg.Point{X: x(s.X[i]), Y: y(s.Low[i])})
		}
		c.FillPolygon(l.shade(), outline)
	}
}
