package plots

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// TestBadInput gives every kind of bad input to the figures; each must be an
// ErrInput whose text names the culprit.
func TestBadInput(t *testing.T) {
	t.Parallel()
	frame := paperFrame("t")
	nan, inf := math.NaN(), math.Inf(1)
	one := []float64{1}
	pixel := Tile{Pixels: []uint8{1}, C: 1, H: 1, W: 1}
	grid := func(most Tile) Grid { return Grid{Frame: frame, N: 1, Most: []Tile{most}, Least: []Tile{pixel}} }
	curves := func(s ...Series) Curves {
		return Curves{Frame: frame, XLabel: "x", YLabel: "y", Count: "1", Series: s}
	}
	for _, c := range []struct {
		name, says string
		figure     drawn
	}{
		{"no sets", "no set", Histogram{Frame: frame}},
		{"empty set", "S_C has no values", Histogram{Frame: frame, Sets: []Sample{{Candidate, nil}}}},
		{"NaN", "NaN at index 1", Histogram{Frame: frame, Sets: []Sample{{Candidate, []float64{1, nan}}}}},
		{"infinity", "+Inf at index 0", Histogram{Frame: frame, Sets: []Sample{{Candidate, []float64{inf}}}}},
		{"set twice", `"S_C" is empty or used twice`, Histogram{Frame: frame, Sets: []Sample{{Candidate, one}, {Candidate, one}}}},
		{"unnamed set", "used twice", Histogram{Frame: frame, Sets: []Sample{{"", one}}}},
		{"no title", "no title", Histogram{Frame: Frame{Seeds: []uint64{1}}, Sets: []Sample{{Shared, one}}}},
		{"no seed", "no seed", Histogram{Frame: Frame{Title: "t"}, Sets: []Sample{{Shared, one}}}},
		{"no such width", "width 7", Histogram{Frame: Frame{Title: "t", Seeds: []uint64{1}, Column: 7}, Sets: []Sample{{Shared, one}}}},
		{"no means", "no set", Means{Frame: frame}},
		{"mean outside", "must hold the mean", Means{Frame: frame, Sets: []Mean{{Shared, 1, 3, 1, 2}}}},
		{"mean of nothing", "n = 0", Means{Frame: frame, Sets: []Mean{{Shared, 0, 1, 1, 1}}}},
		{"NaN interval", "NaN", Means{Frame: frame, Sets: []Mean{{Shared, 1, 1, nan, 1}}}},
		{"no series", "no series", curves()},
		{"unequal curve", "1 x and 2 y", curves(Series{Name: "a", X: one, Y: []float64{1, 2}})},
		{"empty curve", "no values", curves(Series{Name: "a"})},
		{"NaN x", "x of", curves(Series{Name: "a", X: []float64{nan}, Y: one})},
		{"half a band", "1 low and 0 high", curves(Series{Name: "a", X: one, Y: one, Low: one})},
		{"NaN band", "upper band", curves(Series{Name: "a", X: one, Y: one, Low: one, High: []float64{nan}})},
		{"no labels", "XLabel", Curves{Frame: frame, Series: []Series{{Name: "a", X: one, Y: one}}}},
		{"no runs", "no run", Losses{Frame: frame}},
		{"other encoder", `encoder "h"`, Losses{Frame: frame, Runs: []Run{{"h", 0, one}}}},
		{"run twice", "f of pair 0", Losses{Frame: frame, Runs: []Run{{"f", 0, one}, {"f", 0, one}}}},
		{"diverged run", "NaN", Losses{Frame: frame, Runs: []Run{{"f", 0, []float64{nan}}}}},
		{"no points", "no set", Scatter{Frame: frame}},
		{"unequal points", "1 losses under f and 0 under g", Scatter{Frame: frame, Sets: []Points{{Shared, one, nil}}}},
		{"empty points", "no values", Scatter{Frame: frame, Sets: []Points{{Shared, nil, nil}}}},
		{"empty grid", "0 most and 0 least", Grid{Frame: frame}},
		{"two channels", "[2, 1, 1]", grid(Tile{Pixels: []uint8{1, 2}, C: 2, H: 1, W: 1})},
		{"missing pixels", "3 pixel values", grid(Tile{Pixels: []uint8{1, 2, 3}, C: 1, H: 2, W: 2})},
		{"no pixels", "0 pixel values", grid(Tile{C: 1})},
		{"NaN score", "NaN", grid(Tile{Pixels: []uint8{1}, C: 1, H: 1, W: 1, Score: nan})},
		{"too few scored", "N = 0", Grid{Frame: frame, Most: []Tile{pixel}, Least: []Tile{pixel}}},
	} {
		f, err := c.figure.Figure()
		if f != nil || !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: figure %v, error %v, want one that says %q", c.name, f != nil, err, c.says)
		}
	}
}

// TestExtremeInput draws what is legal but unusual; nothing may panic.
func TestExtremeInput(t *testing.T) {
	t.Parallel()
	frame := Frame{Title: strings.Repeat("verylongword", 20), Seeds: []uint64{1}, Settings: strings.Repeat("word ", 60)}
	wide := frame
	wide.Column = Double
	var many []Sample
	for i := range 9 {
		many = append(many, Sample{strings.Repeat("name", 10+i), []float64{float64(i)}})
	}
	one, huge, tiny := []float64{5}, []float64{-1e300, 1e300}, []float64{1e-300, 2e-300}
	for _, d := range []drawn{
		Histogram{Frame: frame, Sets: []Sample{{Shared, one}}},
		Histogram{Frame: frame, Sets: []Sample{{Shared, []float64{0, 0, 0}}}},
		Histogram{Frame: frame, Sets: []Sample{{Shared, huge}}},
		Histogram{Frame: frame, Sets: []Sample{{Shared, tiny}}},
		Histogram{Frame: wide, Sets: many},
		Means{Frame: wide, Sets: []Mean{{Shared, 1, 0, 0, 0}}},
		Losses{Frame: frame, Runs: []Run{{"g", 3, one}}},
		Losses{Frame: frame, Runs: []Run{{"f", 0, []float64{1, 2, 3}}, {"f", 1, one}}},
		Curves{Frame: wide, XLabel: "x", YLabel: "y", Count: "1", Series: []Series{{Name: "a", X: one, Y: one, Low: one, High: one}}},
		Scatter{Frame: wide, Sets: []Points{{Shared, one, one}}},
		Grid{Frame: wide, N: 1, Most: tiles(1, 3, 1, 400, "wide", 0, 0), Least: tiles(1, 1, 300, 1, "tall", 0, 0)},
	} {
		f := mustFigure(t, d)
		mustBytes(t, f, "svg")
		f.raster(30)
	}
}

func TestSeedText(t *testing.T) {
	t.Parallel()
	for want, seeds := range map[string][]uint64{
		"seed 7":              {7},
		"seeds 1, 2":          {1, 2},
		"seeds 1–5":           {1, 2, 3, 4, 5},
		"seeds 2, 4, 9":       {2, 4, 9},
		"7 seeds (1, …, 100)": {1, 3, 5, 7, 9, 11, 100},
	} {
		if got := seedText(seeds); got != want {
			t.Errorf("%v: %q, want %q", seeds, got, want)
		}
	}
}
