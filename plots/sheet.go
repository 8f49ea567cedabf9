package plots

import "fmt"

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
	perRow, pitch := s.Column.tiles()
	var blocks []block
	for _, r := range s.Rows {
		b := block{title: r.Title, perRow: perRow, pitch: pitch}
		for _, t := range r.Tiles {
			b.tiles = append(b.tiles, newPicture(t, t.Label, pitch-tileSpace))
		}
		blocks = append(blocks, b)
	}
	return blockFigure(s.Frame, plural(s.N, "image"), blocks), nil
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
			if err := t.check(fmt.Sprintf("image %d of row %d", k, i)); err != nil {
				return err
			}
		}
	}
	return s.Frame.check()
}
