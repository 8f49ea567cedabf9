package plots

import (
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A glyph adds its outline, of radius r around at, to a path. Glyphs are outlines
// because where thousands of points lie on each other, open shapes stay countable
// and filled ones do not. All have about the same area.
type glyph func(p *vg.Path, at vg.Point, r vg.Length)

// ring is a circle.
func ring(p *vg.Path, at vg.Point, r vg.Length) {
	p.Move(vg.Point{X: at.X + r, Y: at.Y})
	p.Arc(at, r, 0, 2*math.Pi)
	p.Close()
}

// square is a square that stands on an edge.
func square(p *vg.Path, at vg.Point, r vg.Length) {
	polygon(p, at, 0.89*r, [][2]vg.Length{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}})
}

// triangle is a regular triangle that points up.
func triangle(p *vg.Path, at vg.Point, r vg.Length) {
	polygon(p, at, 1.3*r, [][2]vg.Length{{-0.866, -0.5}, {0.866, -0.5}, {0, 1}})
}

// cross is two diagonal strokes.
func cross(p *vg.Path, at vg.Point, r vg.Length) {
	d := 0.85 * r
	p.Move(vg.Point{X: at.X - d, Y: at.Y - d})
	p.Line(vg.Point{X: at.X + d, Y: at.Y + d})
	p.Move(vg.Point{X: at.X - d, Y: at.Y + d})
	p.Line(vg.Point{X: at.X + d, Y: at.Y - d})
}

// polygon adds the closed polygon through the corners, which are scaled by r and
// moved to at.
func polygon(p *vg.Path, at vg.Point, r vg.Length, corners [][2]vg.Length) {
	for i, corner := range corners {
		pt := vg.Point{X: at.X + r*corner[0], Y: at.Y + r*corner[1]}
		if i == 0 {
			p.Move(pt)
		} else {
			p.Line(pt)
		}
	}
	p.Close()
}

// glyphs draws a glyph of the look at each of the points. They are one path, so
// that a set of thousands of points is one element of an SVG file.
func (l look) glyphs(c draw.Canvas, r vg.Length, at ...vg.Point) {
	var path vg.Path
	for _, pt := range at {
		l.glyph(&path, pt, r)
	}
	c.SetLineStyle(stroke(l.color, 0.4*r))
	c.Stroke(path)
}

// dot draws one glyph that hides what lies behind it, so that it stands out from
// a line.
func (l look) dot(c draw.Canvas, r vg.Length, at vg.Point) {
	var path vg.Path
	l.glyph(&path, at, r)
	c.SetColor(white)
	c.Fill(path)
	l.glyphs(c, r, at)
}
