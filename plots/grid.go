package plots

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Tile is one image with its score.
type Tile struct {
	Pixels  []uint8 // [C, H, W], 0 is black; not changed, and not kept after Figure
	C, H, W int     // C is 1 for grey or 3 for RGB
	Label   string  // such as the class; may be empty
	Score   float64 // the memorization score m
}

// A Grid shows the images that were memorized most and least, in rows of ten (five
// in a single column), with label and score below each. Pixels are enlarged
// without smoothing, and images keep their shape.
type Grid struct {
	Frame
	Most, Least []Tile // in the order shown; at least one of each
	N           int    // number of images that were scored
}

// Figure draws the grid. The error wraps ErrInput if a row is empty, if the
// number of pixels is not C·H·W, C not 1 or 3, a score NaN or infinite, N smaller
// than the number of tiles, or if the frame is not complete.
func (g Grid) Figure() (*Figure, error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	perRow, pitch := g.Column.tiles()
	var blocks []block
	below := "score m"
	scores := signed(scoresOf(g.Most, g.Least))
	for _, part := range []struct {
		title string
		tiles []Tile
	}{{"most memorized", g.Most}, {"least memorized", g.Least}} {
		b := block{title: part.title, perRow: perRow, pitch: pitch}
		for _, t := range part.tiles {
			b.tiles = append(b.tiles, newPicture(t, scores[0], pitch-tileSpace))
			scores = scores[1:]
			if t.Label != "" {
				b.labelled, below = true, "class and score m"
			}
		}
		blocks = append(blocks, b)
	}
	n := fmt.Sprintf("%s scored; below each of those shown: its %s", plural(g.N, "image"), below)
	return blockFigure(g.Frame, n, blocks), nil
}

// check returns an error if the grid cannot be drawn.
func (g Grid) check() error {
	if len(g.Most) == 0 || len(g.Least) == 0 {
		return inputError("the grid needs images in both parts, but has %d most and %d least memorized", len(g.Most), len(g.Least))
	}
	if g.N < max(len(g.Most), len(g.Least)) {
		return inputError("N = %d images were scored, fewer than one part of the grid shows", g.N)
	}
	for part, tiles := range map[string][]Tile{"most": g.Most, "least": g.Least} {
		for i, t := range tiles {
			what := fmt.Sprintf("image %d of the %s memorized", i, part)
			if err := t.check(what); err != nil {
				return err
			}
			if err := checkFinite("the score of "+what, []float64{t.Score}); err != nil {
				return err
			}
		}
	}
	return g.Frame.check()
}

// check returns an error if t is no image; what names it.
func (t Tile) check(what string) error {
	if t.C != 1 && t.C != 3 || t.H < 1 || t.W < 1 || len(t.Pixels) != t.C*t.H*t.W {
		return inputError("%s has %d pixel values for shape [%d, %d, %d]; C must be 1 or 3 and the values C·H·W",
			what, len(t.Pixels), t.C, t.H, t.W)
	}
	return nil
}

// tiles returns how many images stand side by side, and how far apart.
func (c Column) tiles() (perRow int, pitch vg.Length) {
	perRow = 5
	if c == Double {
		perRow = 10
	}
	return perRow, (c.width() - 2*edge + tileSpace) / vg.Length(perRow)
}

// blockFigure draws blocks one below the other.
func blockFigure(f Frame, n string, blocks []block) *Figure {
	height := vg.Length(0)
	for _, b := range blocks {
		height += b.height()
	}
	return newFigure(f, n, legend{}, height, func(c draw.Canvas) {
		for _, b := range blocks {
			b.draw(c)
			c.Max.Y -= b.height()
		}
	})
}

// scoresOf returns the scores of all tiles.
func scoresOf(parts ...[]Tile) []float64 {
	var scores []float64
	for _, tiles := range parts {
		for _, t := range tiles {
			scores = append(scores, t.Score)
		}
	}
	return scores
}

// tileSpace is the least distance between two images, in points.
const tileSpace = 6

// A picture is a tile made ready: enlarged by a whole factor and measured.
type picture struct {
	img           image.Image
	width, height vg.Length
	label, score  string
}

// newPicture enlarges an image to at most the given width, so that it has one dot
// of a PNG file per pixel: by a whole factor, which keeps all pixels equally large,
// unless that would leave much of the width empty. An image with more pixels than
// there are dots is left to the canvas, which reduces it.
func newPicture(t Tile, score string, width vg.Length) picture {
	dots := int(width / vg.Inch * dpi)
	w := max(1, dots/t.W) * t.W
	if w < dots*17/20 {
		w = dots
	}
	h := max(1, (w*t.H+t.W/2)/t.W)
	img := enlarge(t, w, h)
	if w > dots {
		h = max(1, (dots*t.H+t.W/2)/t.W)
		w = dots
	}
	return picture{
		img:    img,
		width:  vg.Length(w) / dpi * vg.Inch,
		height: vg.Length(h) / dpi * vg.Inch,
		label:  t.Label,
		score:  score,
	}
}

// enlarge returns the image of the tile with width w and height h, which are at
// least those of the tile. Each pixel is that of the tile at its place.
func enlarge(t Tile, w, h int) image.Image {
	bounds := image.Rect(0, 0, w, h)
	plane := t.H * t.W
	if t.C == 1 {
		img := image.NewGray(bounds)
		for y := range h {
			for x := range w {
				img.Pix[y*img.Stride+x] = t.Pixels[y*t.H/h*t.W+x*t.W/w]
			}
		}
		return img
	}
	img := image.NewRGBA(bounds)
	for y := range h {
		for x := range w {
			i := y*t.H/h*t.W + x*t.W/w
			img.SetRGBA(x, y, color.RGBA{R: t.Pixels[i], G: t.Pixels[plane+i], B: t.Pixels[2*plane+i], A: 0xFF})
		}
	}
	return img
}

// A block is a titled part of the grid: one or more rows of pictures.
type block struct {
	title    string
	tiles    []picture
	perRow   int
	pitch    vg.Length // distance of the left edges of two pictures
	labelled bool
}

func rowStyle() text.Style { return bold(sans(textSize, ink)) }

// rowHeight returns the height of the tallest picture with the lines below it.
func (b block) rowHeight() vg.Length {
	tallest := vg.Length(0)
	for _, t := range b.tiles {
		tallest = max(tallest, t.height)
	}
	lines := vg.Length(1)
	if b.labelled {
		lines = 2
	}
	return tallest + 2 + lines*leading(sans(tileSize, ink)) + tileSpace/2
}

// height returns the height of the block with its title.
func (b block) height() vg.Length {
	rows := (len(b.tiles) + b.perRow - 1) / b.perRow
	return leading(rowStyle()) + 2 + vg.Length(rows)*b.rowHeight() + tileSpace/2
}

// draw draws the block from the top of c downwards. Pictures stand on a common
// line, each in the middle of its place.
func (b block) draw(c draw.Canvas) {
	write(c, rowStyle(), c.Min.X, c.Max.Y, b.title)
	tall := b.rowHeight()
	label, score := sans(tileSize, ink), sans(tileSize, ink)
	label.XAlign, score.XAlign = text.XCenter, text.XCenter
	for i, t := range b.tiles {
		place := b.pitch - tileSpace
		left := c.Min.X + vg.Length(i%b.perRow)*b.pitch
		bottom := c.Max.Y - leading(rowStyle()) - 2 - vg.Length(i/b.perRow+1)*tall
		lines := tileSpace/2 + leading(score)
		if b.labelled {
			lines += leading(label)
		}
		foot := onGrid(bottom + lines + 2)
		x := onGrid(left + (place-t.width)/2)
		at := vg.Rectangle{Min: vg.Point{X: x, Y: foot}, Max: vg.Point{X: x + t.width, Y: foot + t.height}}
		c.DrawImage(at, t.img)
		c.SetLineStyle(stroke(gray, 0.4))
		c.Stroke(at.Path())
		middle, top := left+place/2, foot-2
		if b.labelled {
			write(c, label, middle, top, elide(t.label, label, place+3))
			top -= leading(label)
		}
		write(c, score, middle, top, t.score)
	}
}

// onGrid rounds a position to whole pixels of a PNG file.
func onGrid(v vg.Length) vg.Length {
	dot := vg.Inch / dpi
	return vg.Length(math.Round(float64(v/dot))) * dot
}
