package plots_test

import (
	"errors"
	"testing"

	"sslmem/plots"
)

func sheet() plots.Sheet {
	tile := plots.Tile{Pixels: make([]uint8, 3*4*5), C: 3, H: 4, W: 5, Label: "view 1"}
	return plots.Sheet{
		Frame: plots.Frame{Title: "Views", Seeds: []uint64{1}, Column: plots.Double},
		Rows:  []plots.SheetRow{{Title: "a", Tiles: []plots.Tile{tile, tile}}, {Title: "b", Tiles: []plots.Tile{tile}}}, N: 2,
	}
}

func TestSheet(t *testing.T) {
	t.Parallel()
	two, err := sheet().Figure()
	if err != nil {
		t.Fatal(err)
	}
	one := sheet()
	one.Rows = one.Rows[:1]
	figure, err := one.Figure()
	if err != nil {
		t.Fatal(err)
	}
	if _, a := two.Size(); true {
		if _, b := figure.Size(); a <= b {
			t.Errorf("two rows are %v mm high, one %v", a, b)
		}
	}
	for _, format := range []string{"png", "svg"} {
		if b, err := two.Bytes(format); err != nil || len(b) < 500 {
			t.Errorf("%s: %d bytes, %v", format, len(b), err)
		}
	}
}

func TestSheetErrors(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*plots.Sheet){
		"no rows":    func(s *plots.Sheet) { s.Rows = nil },
		"no tiles":   func(s *plots.Sheet) { s.Rows[1].Tiles = nil },
		"few images": func(s *plots.Sheet) { s.N = 1 },
		"pixels":     func(s *plots.Sheet) { s.Rows[0].Tiles[1].H = 5 },
		"title":      func(s *plots.Sheet) { s.Title = "" },
	} {
		s := sheet()
		change(&s)
		if _, err := s.Figure(); !errors.Is(err, plots.ErrInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
