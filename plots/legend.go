package plots

import (
	"image/color"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A legend stands between title and plot, where it can hide no data. Its entries
// are laid out in as many equally wide columns as fit.
type legend struct {
	entries []entry
	columns int
	column  vg.Length // width of a column
}

// An entry is a text and a sample of what it stands for.
type entry struct {
	text string
	line draw.LineStyle // no line if its width is 0
	mark *look          // whose glyph is drawn; none if nil
	band color.Color    // no band behind the line if nil
}

const (
	sample      = 20 // width of the sample of a legend entry, points
	sampleSpace = 4  // between sample and text
	columnSpace = 10
)

func legendStyle() text.Style { return sans(tickSize, ink) }

// fit lays the legend out in the given width. Entries that are too long for it
// are cut.
func (l *legend) fit(width vg.Length) {
	sty := legendStyle()
	widest := vg.Length(0)
	for i := range l.entries {
		l.entries[i].text = elide(l.entries[i].text, sty, width-sample-sampleSpace)
		widest = max(widest, sample+sampleSpace+sty.Width(l.entries[i].text))
	}
	l.column = widest + columnSpace
	l.columns = max(1, min(len(l.entries), int((width+columnSpace)/l.column)))
	if n := len(l.entries); l.columns == 3 && n == 4 {
		l.columns = 2 // two and two is quieter than three and one
	}
}

// height returns the height of the laid-out legend, 0 if it is empty.
func (l *legend) height() vg.Length {
	if len(l.entries) == 0 {
		return 0
	}
	rows := (len(l.entries) + l.columns - 1) / l.columns
	return vg.Length(rows) * leading(legendStyle())
}

// draw draws the legend from the upper left corner of c, row by row.
func (l *legend) draw(c draw.Canvas) {
	sty := legendStyle()
	for i, e := range l.entries {
		x := c.Min.X + vg.Length(i%l.columns)*l.column
		top := c.Max.Y - vg.Length(i/l.columns)*leading(sty)
		y := top - 0.6*sty.Font.Size
		if e.band != nil {
			c.SetColor(e.band)
			c.Fill(vg.Rectangle{Min: vg.Point{X: x, Y: y - 3}, Max: vg.Point{X: x + sample, Y: y + 3}}.Path())
		}
		if e.line.Width > 0 {
			c.StrokeLine2(e.line, x, y, x+sample, y)
		}
		if e.mark != nil {
			e.mark.dot(c, marker, vg.Point{X: x + sample/2, Y: y})
		}
		write(c, sty, x+sample+sampleSpace, top, e.text)
	}
}
