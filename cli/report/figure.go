package report

import (
	"errors"
	"fmt"
	"html/template"
	"strings"

	"sslmem/plots"
)

// Figure is a picture with its caption. Exactly one of SVG and PNG is set.
type Figure struct {
	// SVG is an svg element and goes onto the page as it is, so it must come
	// from a trusted place, such as package plots.
	SVG template.HTML
	// PNG is the content of a PNG file.
	PNG []byte
	// Caption says what to see in the figure; it may be empty.
	Caption string
	// Alt says the same to those who cannot see it, and must not be empty.
	Alt string
	// Wide gives the figure the whole width of the page instead of a half.
	Wide bool
}

// heaviest is the size in bytes up to which a figure is shown as SVG. A larger
// one, such as a scatter plot of very many points, would make browsers slow.
const heaviest = 1 << 20

// widest is the width in mm up to which a figure takes half of the page. It
// lies between those of one column and of two.
const widest = 100

// NewFigure returns f for the page: as SVG or, where that would be larger than
// 1 MiB, as PNG. Figures for both columns of a journal page are Wide.
func NewFigure(f *plots.Figure, caption, alt string) (Figure, error) {
	width, _ := f.Size()
	out := Figure{Caption: caption, Alt: alt, Wide: width > widest}
	svg, err := f.Bytes("svg")
	if err != nil {
		return Figure{}, fmt.Errorf("report: %w", err)
	}
	if len(svg) <= heaviest {
		out.SVG = template.HTML(svg)
		return out, nil
	}
	if out.PNG, err = f.Bytes("png"); err != nil {
		return Figure{}, fmt.Errorf("report: %w", err)
	}
	return out, nil
}

func (f Figure) check() error {
	switch {
	case strings.TrimSpace(f.Alt) == "":
		return errors.New("it has no description for readers who cannot see it; set Alt")
	case (f.SVG == "") == (len(f.PNG) == 0):
		return errors.New("it must have either an SVG or a PNG")
	}
	return nil
}
