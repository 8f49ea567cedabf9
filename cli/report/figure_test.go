package report_test

import (
	"bytes"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"

	"sslmem/cli/report"
	"sslmem/plots"
)

// scatter returns a figure of n points.
func scatter(t *testing.T, n int, column plots.Column) *plots.Figure {
	t.Helper()
	p := plots.Points{Set: plots.Candidate}
	for i := range n {
		p.F, p.G = append(p.F, float64(i%101)), append(p.G, float64(i%97))
	}
	f, err := plots.Scatter{Frame: plots.Frame{Title: "Losses", Seeds: []uint64{1}, Column: column}, Sets: []plots.Points{p}}.Figure()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestNewFigure(t *testing.T) {
	f, err := report.NewFigure(scatter(t, 20, plots.Single), "caption", "description")
	if err != nil {
		t.Fatal(err)
	}
	if f.Wide || f.PNG != nil || !strings.HasPrefix(string(f.SVG), "<svg ") || f.Caption != "caption" || f.Alt != "description" {
		t.Errorf("got wide %v, PNG of %d bytes, SVG %.20q, %q, %q", f.Wide, len(f.PNG), f.SVG, f.Caption, f.Alt)
	}
	if f, err = report.NewFigure(scatter(t, 20, plots.Double), "", "description"); err != nil || !f.Wide {
		t.Errorf("a figure for two columns: wide %v, error %v", f.Wide, err)
	}
	page := render(t, report.Data{Title: "x", Verdict: []string{"y"}, Figures: []report.Figure{f}})
	for _, e := range elements(t, page) {
		if e.name == "svg" {
			return
		}
	}
	t.Error("the figure is not on the page")
}

// A figure whose SVG would be heavy, here with pictures of noise, is shown as
// PNG.
func TestHeavyFigure(t *testing.T) {
	const side = 224
	noise := plots.Tile{C: 3, H: side, W: side, Pixels: make([]uint8, 3*side*side)}
	r := rand.New(rand.NewPCG(1, 1))
	for i := range noise.Pixels {
		noise.Pixels[i] = uint8(r.IntN(256))
	}
	tiles := []plots.Tile{noise, noise, noise, noise, noise}
	grid, err := plots.Grid{Frame: plots.Frame{Title: "Noise", Seeds: []uint64{1}}, Most: tiles, Least: tiles, N: 10}.Figure()
	if err != nil {
		t.Fatal(err)
	}
	f, err := report.NewFigure(grid, "", "description")
	if err != nil {
		t.Fatal(err)
	}
	if f.SVG != "" {
		t.Fatalf("an SVG of %d bytes", len(f.SVG))
	}
	if _, err := png.DecodeConfig(bytes.NewReader(f.PNG)); err != nil {
		t.Error(err)
	}
}
