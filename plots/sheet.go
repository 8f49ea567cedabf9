package plots

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A SheetRow is images that belong together, such as an image and views of it.
type SheetRow struct {
	Title string
	Tiles []Tile // Score is not shown
}

// A Sheet shows rows of images, ten side by side (five in a single column), each with
// its label. Pixels are enlarged without smoothing, and images keep their shape.
type Sheet struct {
	Frame
	Rows []SheetRow // at least one; each has a tile
	N    int        // number of images that the rows were taken from
}

// Figure draws the sheet. The error wraps ErrInput if there is no row, or one
// without tiles, if the number of pixels of a tile is not C·H·W or C not 1 or 3, if
// N is smaller than the number of rows, or if the frame is not complete.
func (s Sheet) Figure() (*Figure, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	perRow := 5
	if s.Column == Double {
		perRow = 10
	}
	width := (s.Column.width() - 2*edge + tileSpace) / vg.Length(perRow)
	var blocks []block
	height := vg.Length(0)
	for _, r := range s.Rows {
		b := block{title: r.Title, perRow: perRow, pitch: width}
		for _, t := range r.Tiles {
			b.tiles = append(b.tiles, newPicture(t, t.Label, width-tileSpace))
		}
		height += b.height()
		blocks = append(blocks, b)
	}
	return newFigure(s.Frame, plural(s.N, "image"), legend{}, height, func(c draw.Canvas) {
		for _, b := range blocks {
			b.draw(c)
			c.Max.Y -= b.height()
		}
	}), nil
}

func (s Sheet) check() error {
	if len(s.Rows) == 0 || s.N < len(s.Rows) {
		return inputError("the sheet has %d rows from %d images; it needs one at least, and as many images", len(s.Rows), s.N)
	}
	for i, r := range s.Rows {
		if len(r.Tiles) == 0 {
			return inputError("row %d of the sheet has no image", i)
		}
		for k, t := range r.Tiles {
			if t.C != 1 && t.C != 3 || t.H < 1 || t.W < 1 || len(t.Pixels) != t.C*t.H*t.W {
				return inputError("image %d of row %d has %d pixel values for shape [%d, %d, %d]; C must be 1 or 3 and the values C·H·W", k, i, len(t.Pixels), t.C, t.H, t.W)
			}
		}
	}
	return s.Frame.check()
}
