package report_test

import (
	"bytes"
	"image/png"
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

// A figure whose SVG would be heavy is shown as PNG.
func TestHeavyFigure(t *testing.T) {
	f, err := report.NewFigure(scatter(t, 30000, plots.Single), "", "description")
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
