package plots

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Mean is the mean score of one set with its confidence interval.
type Mean struct {
	Set             string // such as Candidate
	N               int    // images in the set
	Mean, Low, High float64
}

// A Means figure compares the mean scores of the sets: one row per set, a glyph
// at the mean and a bar over its confidence interval, with a line at zero, where
// neither encoder has memorized more than the other.
type Means struct {
	Frame
	Sets     []Mean // at least one; the first in the top row
	Interval string // what the bars show, "95 % CI" if empty
	XLabel   string // "mean " + ScoreLabel if empty
}

// Figure draws the rows. The error wraps ErrInput if there is no set, if a number
// is NaN or infinite, if an interval does not hold its mean, if N is not positive,
// or if the frame is not complete.
func (m Means) Figure() (*Figure, error) {
	names := make([]string, len(m.Sets))
	total := 0
	all := []float64{0}
	for i, s := range m.Sets {
		names[i] = s.Set
		if err := checkFinite("set "+s.Set, []float64{s.Mean, s.Low, s.High}); err != nil {
			return nil, err
		}
		if s.N < 1 || s.Low > s.Mean || s.Mean > s.High {
			return nil, inputError("set %s has n = %d and mean %v in [%v, %v]; n must be positive and the interval must hold the mean",
				s.Set, s.N, s.Mean, s.Low, s.High)
		}
		total += s.N
		all = append(all, s.Low, s.High)
	}
	if err := checkNames("set", names); err != nil {
		return nil, err
	}
	if err := m.Frame.check(); err != nil {
		return nil, err
	}
	if m.Interval == "" {
		m.Interval = "95 % CI"
	}
	if m.XLabel == "" {
		m.XLabel = "mean " + ScoreLabel
	}

	p := newPlot(m.XLabel, "")
	p.X.Min, p.X.Max = extent(0.06, all)
	p.Y.Min, p.Y.Max = 0.4-float64(len(m.Sets)), 0.6
	p.Y.Tick.Length = 0
	rows := make([]plot.Tick, len(m.Sets))
	for i, s := range m.Sets {
		rows[i] = plot.Tick{Value: -float64(i), Label: fmt.Sprintf("%s  (n = %d)", s.Set, s.N)}
	}
	p.Y.Tick.Marker = plot.ConstantTicks(rows)

	styles := looksOf(names)
	p.Add(layer(func(c draw.Canvas, x, y func(float64) vg.Length) {
		c.StrokeLine2(stroke(ink, thin), x(0), c.Min.Y, x(0), c.Max.Y)
		for i, s := range m.Sets {
			at, line := y(-float64(i)), stroke(styles[i].color, medium)
			c.StrokeLine2(line, x(s.Low), at, x(s.High), at)
			styles[i].dot(c, 1.3*marker, vg.Point{X: x(s.Mean), Y: at})
			for _, end := range []float64{s.Low, s.High} { // over the glyph, which may be wider
				c.StrokeLine2(line, x(end), at-1.5*marker, x(end), at+1.5*marker)
			}
		}
	}))
	body := vg.Length(34 + 16*len(m.Sets))
	n := fmt.Sprintf("%s; glyph: mean, bar: %s", plural(total, "image"), m.Interval)
	return plotFigure(m.Frame, n, legend{}, body, p), nil
}
