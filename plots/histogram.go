package plots

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Sample is the memorization scores of the images of one set.
type Sample struct {
	Set    string // such as Candidate
	Values []float64
}

// A Histogram shows how the scores of the sets are distributed: one outline per
// set over bins that all sets share, scaled to the density, so that sets of
// different sizes compare. A dashed line with the set's glyph on top marks each
// mean; the legend gives n and the mean.
type Histogram struct {
	Frame
	Sets   []Sample // at least one; drawn in this order, the last on top
	XLabel string   // ScoreLabel if empty
}

// Figure draws the histogram. The error wraps ErrInput if a set is empty, holds
// NaN or an infinity, or shares its name with another, or if the frame is not
// complete.
func (h Histogram) Figure() (*Figure, error) {
	names := make([]string, len(h.Sets))
	values := make([][]float64, len(h.Sets))
	for i, s := range h.Sets {
		names[i], values[i] = s.Set, s.Values
		if err := checkFinite("set "+s.Set, s.Values); err != nil {
			return nil, err
		}
	}
	if err := checkNames("set", names); err != nil {
		return nil, err
	}
	if err := h.Frame.check(); err != nil {
		return nil, err
	}

	edges := binEdges(values)
	density := make([][]float64, len(values))
	means := make([]float64, len(values))
	styles := looksOf(names)
	total := 0
	for i, v := range values {
		density[i] = densities(v, edges)
		means[i] = stat.Mean(v, nil)
		total += len(v)
	}
	var key legend
	for i, mean := range signed(means) {
		text := fmt.Sprintf("%s  n = %d, mean %s", names[i], len(values[i]), mean)
		key.entries = append(key.entries, entry{text: text, line: styles[i].line(), mark: &styles[i]})
	}

	p := newPlot(h.XLabel, "density (per unit of m)")
	if h.XLabel == "" {
		p.X.Label.Text = ScoreLabel
	}
	_, highest := span(density...)
	p.X.Min, p.X.Max = extent(0.02, edges)
	p.Y.Min, p.Y.Max = 0, highest*1.15 // room for the glyphs of the means
	for i, heights := range density {
		p.Add(layer(func(c draw.Canvas, x, y func(float64) vg.Length) {
			c.StrokeLines(styles[i].line(), steps(edges, heights, x, y))
		}))
	}
	p.Add(meanMarks(means, styles))
	return plotFigure(h.Frame, plural(total, "image"), key, 150, p), nil
}

// meanMarks draws a dashed line at each mean with the glyph of the set on top. A
// glyph that would cover an earlier one is put lower.
func meanMarks(means []float64, styles []look) layer {
	return func(c draw.Canvas, x, y func(float64) vg.Length) {
		tops := make([]vg.Point, len(means))
		for i, mean := range means {
			at := vg.Point{X: x(mean), Y: c.Max.Y - marker}
			for k := 0; k < i; k++ {
				if dx := tops[k].X - at.X; tops[k].Y == at.Y && dx < 2.6*marker && dx > -2.6*marker {
					at.Y -= 2.4 * marker
					k = -1 // compare with all again, at the new height
				}
			}
			tops[i] = at
			c.StrokeLine2(stroke(styles[i].color, thin, 2, 2), at.X, c.Min.Y, at.X, at.Y)
		}
		for i, at := range tops {
			styles[i].dot(c, marker, at)
		}
	}
}

// binEdges returns the edges of bins of equal width that cover all values. Their
// width follows the rule of Freedman and Diaconis (1981), 2·IQR·n^(−1/3), applied
// to the smallest IQR and n among the samples so that none is blurred; there are
// at least 10 and at most 60 bins.
func binEdges(samples [][]float64) []float64 {
	lo, hi := extent(0, samples...)
	width, least := math.Inf(1), math.MaxInt
	for _, sample := range samples {
		sorted := slices.Sorted(slices.Values(sample))
		iqr := stat.Quantile(0.75, stat.Empirical, sorted, nil) - stat.Quantile(0.25, stat.Empirical, sorted, nil)
		if iqr > 0 { // a set of one image says nothing about the width
			width, least = math.Min(width, 2*iqr), min(least, len(sample))
		}
	}
	width /= math.Cbrt(float64(least))
	bins := int(math.Min(100, math.Max(16, math.Ceil((hi-lo)/width))))
	edges := make([]float64, bins+1)
	for i := range edges {
		edges[i] = lo + (hi-lo)*float64(i)/float64(bins)
	}
	edges[bins] = hi
	return edges
}

// counts returns how many of the values lie in each bin. A bin holds its lower
// edge and the last bin its upper edge too, so that the counts sum to the number
// of values if the edges cover them.
func counts(values, edges []float64) []float64 {
	n := make([]float64, len(edges)-1)
	for _, v := range values {
		bin, found := slices.BinarySearch(edges, v)
		if !found {
			bin--
		}
		n[min(bin, len(n)-1)]++
	}
	return n
}

// densities returns the counts scaled so that the area of the bins is one.
func densities(values, edges []float64) []float64 {
	d := counts(values, edges)
	for i := range d {
		d[i] /= float64(len(values)) * (edges[i+1] - edges[i])
	}
	return d
}

// steps returns the outline of the bins, which starts and ends at zero.
func steps(edges, heights []float64, x, y func(float64) vg.Length) []vg.Point {
	outline := []vg.Point{{X: x(edges[0]), Y: y(0)}}
	for i, h := range heights {
		outline = append(outline, vg.Point{X: x(edges[i]), Y: y(h)}, vg.Point{X: x(edges[i+1]), Y: y(h)})
	}
	return append(outline, vg.Point{X: x(edges[len(edges)-1]), Y: y(0)})
}
