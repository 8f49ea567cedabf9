package plots

import (
	"image/color"

	xfont "golang.org/x/image/font"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The four sets of an SSLMem experiment, by the names that every figure uses.
// A figure accepts other names too and gives them styles of their own.
const (
	Shared      = "S_S" // seen by both encoders
	Candidate   = "S_C" // seen by f only
	Independent = "S_I" // seen by g only
	External    = "S_E" // seen by neither
)

// ScoreLabel is the axis label of an unnormalised memorization score. Its unit
// is that of the distance between the features of two views; with the default
// distance, ℓ2 between unit features, it lies in [−2, 2].
const ScoreLabel = "memorization m = L_g − L_f (distance)"

// A Column is a width that journals print at. The zero value is Single.
type Column int

// The widths of a figure: one column of a two-column page, or both.
const (
	Single Column = iota // 85 mm
	Double               // 175 mm
)

// width returns the width on paper.
func (c Column) width() vg.Length {
	if c == Double {
		return 175 * vg.Millimeter
	}
	return 85 * vg.Millimeter
}

// Sizes in points. They are sizes on paper: a figure is never scaled to a page,
// so that text in all figures is equally large and lines are equally thick.
const (
	titleSize   = 9
	textSize    = 8
	tickSize    = 7
	captionSize = 7
	tileSize    = 6.5

	thin   = 0.6 // axes, reference lines, error bars
	medium = 1.1 // data
	thick  = 1.6 // the data that the figure is about
	edge   = 3   // blank frame around the figure
	gap    = 5   // between title, legend, plot and caption
	marker = 2.2 // radius of a glyph
)

var (
	ink    = color.NRGBA{R: 0x22, G: 0x22, B: 0x22, A: 0xFF}
	muted  = color.NRGBA{R: 0x55, G: 0x55, B: 0x55, A: 0xFF}
	hair   = color.NRGBA{R: 0xE4, G: 0xE4, B: 0xE4, A: 0xFF}
	blue   = color.NRGBA{R: 0x00, G: 0x72, B: 0xB2, A: 0xFF}
	red    = color.NRGBA{R: 0xD5, G: 0x5E, B: 0x00, A: 0xFF}
	green  = color.NRGBA{R: 0x00, G: 0x9E, B: 0x73, A: 0xFF}
	gray   = color.NRGBA{R: 0x99, G: 0x99, B: 0x99, A: 0xFF}
	purple = color.NRGBA{R: 0xCC, G: 0x79, B: 0xA7, A: 0xFF}
	orange = color.NRGBA{R: 0xE6, G: 0x9F, B: 0x00, A: 0xFF}
	sky    = color.NRGBA{R: 0x56, G: 0xB4, B: 0xE9, A: 0xFF}
	black  = color.NRGBA{A: 0xFF}
	white  = color.NRGBA{R: 0xFF, G: 0xFF, B: 0xFF, A: 0xFF}
)

// A look is how one set or series is drawn: by colour, by dashes and by glyph,
// each of which tells it from the others alone, so that a figure can be read
// in colour, in grey and with any colour vision.
type look struct {
	color  color.NRGBA
	dashes []vg.Length
	width  vg.Length
	glyph  glyph
}

// looks are the styles of the four sets. The colours are those of Okabe and
// Ito, "Color Universal Design" (2008).
var looks = map[string]look{
	Shared:      {blue, []vg.Length{4, 1.5}, medium, ring},
	Candidate:   {red, nil, thick, triangle},
	Independent: {green, []vg.Length{1.2, 1.2}, medium, square},
	External:    {gray, []vg.Length{5, 1.5, 1, 1.5}, medium, cross},
}

// spare are the colours of series that are not sets, in the order of use; no set
// has one of them.
var spare = []color.NRGBA{black, purple, orange, sky}

// forms are the dashes and glyphs of the sets, for series that are not.
var forms = []look{looks[Candidate], looks[Shared], looks[Independent], looks[External]}

// looksOf returns the style of each name: the fixed one of a set, and for others
// one that differs from all so far, of which there are 16.
func looksOf(names []string) []look {
	out := make([]look, len(names))
	others := 0
	for i, name := range names {
		l, known := looks[name]
		if !known {
			l = forms[(others+others/len(spare))%len(forms)]
			l.color, l.width = spare[others%len(spare)], medium
			others++
		}
		out[i] = l
	}
	return out
}

// line returns the style of the series' line.
func (l look) line() draw.LineStyle {
	return draw.LineStyle{Color: l.color, Width: l.width, Dashes: l.dashes}
}

// shade returns the series' colour, see-through, for a band behind its curve.
func (l look) shade() color.NRGBA {
	c := l.color
	c.A = 0x30
	return c
}

// stroke returns a plain line style.
func stroke(c color.Color, width vg.Length, dashes ...vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: c, Width: width, Dashes: dashes}
}

// sans returns a text style in Liberation Sans, whose letters are as wide as
// Arial's, at size points, set from the left on the baseline.
func sans(size vg.Length, c color.Color) text.Style {
	return text.Style{
		Color:   c,
		Font:    font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, size),
		Handler: typesetter{fonts: font.DefaultCache},
	}
}

// bold returns s in bold.
func bold(s text.Style) text.Style {
	s.Font.Weight = xfont.WeightBold
	return s
}

// newPlot returns an empty plot in the house style: thin axes on the left and
// below, short ticks outside, a light grid. A vertical axis with ticks of no length
// has no line. The caller sets the ranges, because layers carry none.
func newPlot(xLabel, yLabel string) *plot.Plot {
	p := plot.New()
	p.TextHandler = typesetter{fonts: font.DefaultCache}
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		label, tick := sans(textSize, ink), sans(tickSize, ink)
		label.XAlign, label.YAlign = axis.Label.TextStyle.XAlign, axis.Label.TextStyle.YAlign
		tick.XAlign, tick.YAlign = axis.Tick.Label.XAlign, axis.Tick.Label.YAlign
		axis.Label.TextStyle, axis.Tick.Label = label, tick
		axis.LineStyle.Width = 0 // drawn below: gonum's two lines do not meet
		axis.Tick.LineStyle = stroke(ink, thin)
		axis.Tick.Length = 2.5
		axis.Tick.Marker = niceTicks{most: 7}
		axis.Padding = 0
	}
	p.X.Label.Text, p.Y.Label.Text = xLabel, yLabel
	p.X.Label.Padding, p.Y.Label.Padding = 1, 3
	p.Add(layer(func(c draw.Canvas, x, y func(float64) vg.Length) {
		for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
			c.StrokeLine2(stroke(hair, 0.5), x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
		}
		for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
			c.StrokeLine2(stroke(hair, 0.5), c.Min.X, y(t.Value), c.Max.X, y(t.Value))
		}
		corner := vg.Point{X: c.Min.X, Y: c.Min.Y}
		axes := []vg.Point{corner, {X: c.Max.X, Y: c.Min.Y}}
		if p.Y.Tick.Length > 0 {
			axes = append([]vg.Point{{X: c.Min.X, Y: c.Max.Y}}, axes...)
		}
		c.StrokeLines(stroke(ink, thin), axes)
	}))
	return p
}

// A layer is a plotter made of a function that draws with the two transforms
// from data to paper.
type layer func(c draw.Canvas, x, y func(float64) vg.Length)

// Plot implements plot.Plotter.
func (l layer) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	l(c, x, y)
}
