package plots

import (
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Frame is what every figure says about itself, around the data: the title
// above and, below, a caption of n, the seeds and the settings. Captions are part
// of the figure because figures travel without the page they stood on.
type Frame struct {
	// Title is the heading; it must not be empty.
	Title string

	// Seeds are the seeds of the runs that the data come from; at least one.
	Seeds []uint64

	// Settings is the rest of what a reader needs to repeat the figure, for
	// example "SimCLR, Fashion-MNIST, 100 epochs, 20 views". It may be empty.
	Settings string

	// Column is the width on paper, Single unless set.
	Column Column
}

// check returns an error if the frame lacks what every figure must have.
func (f Frame) check() error {
	switch {
	case strings.TrimSpace(f.Title) == "":
		return inputError("the figure has no title; set Frame.Title")
	case len(f.Seeds) == 0:
		return inputError("the figure names no seed; set Frame.Seeds")
	case f.Column != Single && f.Column != Double:
		return inputError("there is no column width %d; use Single or Double", f.Column)
	}
	return nil
}

// A Figure is a drawing of fixed size, ready to be saved. It holds no reference
// to the values that it was made from. A Figure may be saved any number of times
// and by several goroutines at once.
type Figure struct {
	title, caption []string // lines
	name, about    string   // title and caption before they were broken into lines
	legend         legend
	width, body    vg.Length // of the figure; height of the part with the data
	draw           func(draw.Canvas)
}

// newFigure puts a frame around a body that draw fills: a part of the given
// height with the data, axes included. The frame must have been checked. n says
// what was counted, for the caption.
func newFigure(f Frame, n string, legend legend, body vg.Length, draw func(draw.Canvas)) *Figure {
	width := f.Column.width()
	about := "n = " + n + "; " + seedText(f.Seeds)
	if f.Settings != "" {
		about += "; " + f.Settings
	}
	about += "."
	inner := width - 2*edge
	legend.fit(inner)
	return &Figure{
		title:   wrap(f.Title, titleStyle(), inner),
		caption: wrap(about, captionStyle(), inner),
		name:    f.Title,
		about:   about,
		legend:  legend,
		width:   width,
		body:    body,
		draw:    draw,
	}
}

// plotFigure is newFigure for a body that is a plot with axes. Labels of the axes
// that are longer than their axis are broken into lines, and the horizontal axis
// gets no more ticks than there is room for.
func plotFigure(f Frame, n string, legend legend, body vg.Length, p *plot.Plot) *Figure {
	const across = 30 // about what the other axis and its labels take
	width := f.Column.width() - 2*edge - across
	p.X.Label.Text = strings.Join(wrap(p.X.Label.Text, p.X.Label.TextStyle, width), "\n")
	p.Y.Label.Text = strings.Join(wrap(p.Y.Label.Text, p.Y.Label.TextStyle, body-across), "\n")
	p.X.Tick.Marker = fitTicks(p.X, width-across)
	return newFigure(f, n, legend, body, func(c draw.Canvas) {
		own := *p // plot.Draw writes to the plot
		own.Draw(c)
	})
}

// fitTicks returns the ticks of a horizontal axis, at most as many as it has and
// fewer if their labels, set apart, would not fit the width.
func fitTicks(axis plot.Axis, width vg.Length) plot.Ticker {
	const apart = 8
	ticks, ok := axis.Tick.Marker.(niceTicks)
	if !ok {
		return axis.Tick.Marker
	}
	for ; ticks.most > 2; ticks.most-- {
		needed := vg.Length(0)
		for _, t := range ticks.Ticks(axis.Min, axis.Max) {
			needed += axis.Tick.Label.Width(t.Label) + apart
		}
		if needed <= width {
			break
		}
	}
	return ticks
}

func titleStyle() text.Style { return bold(sans(titleSize, ink)) }

func captionStyle() text.Style { return sans(captionSize, muted) }

// leading is the distance of two lines of text.
func leading(sty text.Style) vg.Length { return 1.22 * sty.Font.Size }

// height returns the height of the figure.
func (f *Figure) height() vg.Length {
	h := 2*edge + f.body + gap
	h += vg.Length(len(f.title))*leading(titleStyle()) + gap
	if rows := f.legend.height(); rows > 0 {
		h += rows + gap
	}
	return h + vg.Length(len(f.caption))*leading(captionStyle())
}

// drawOn draws the whole figure, from the top down.
func (f *Figure) drawOn(c draw.Canvas) {
	c.SetColor(white)
	c.Fill(c.Rectangle.Path())

	c = draw.Crop(c, edge, -edge, edge, -edge)
	top := writeLines(c, titleStyle(), f.title) - gap
	if rows := f.legend.height(); rows > 0 {
		c.Max.Y = top
		f.legend.draw(c)
		top -= rows + gap
	}
	c.Max.Y = top
	body := c
	body.Min.Y = top - f.body
	f.draw(body)
	c.Max.Y = body.Min.Y - gap
	writeLines(c, captionStyle(), f.caption)
}

// writeLines writes lines from the upper left corner of c downwards and returns
// where the space below them starts.
func writeLines(c draw.Canvas, sty text.Style, lines []string) (below vg.Length) {
	top := c.Max.Y
	for _, line := range lines {
		write(c, sty, c.Min.X, top, line)
		top -= leading(sty)
	}
	return top
}

// write writes one line whose top is at y and whose left edge, centre or right
// edge, as sty says, is at x.
func write(c draw.Canvas, sty text.Style, x, y vg.Length, line string) {
	c.FillText(sty, vg.Point{X: x, Y: y - sty.Font.Size}, line)
}
