package plots

import (
	"bytes"
	"fmt"
	"html"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// svgCanvas is gonum's SVG canvas, which also notes how long each text is.
type svgCanvas struct {
	*vgsvg.Canvas
	lengths []vg.Length // of the texts, in drawing order
}

// FillString implements vg.Canvas.
func (c *svgCanvas) FillString(face font.Face, at vg.Point, text string) {
	c.lengths = append(c.lengths, face.Width(text))
	c.Canvas.FillString(face, at, text)
}

// svg encodes the figure as an svg element.
//
// It edits what gonum's canvas has no setting for. None of the strings that it
// looks for can come from a text in the figure, where < and quotes are escaped.
func (f *Figure) svg() ([]byte, error) {
	c := &svgCanvas{Canvas: vgsvg.New(f.width, f.height())}
	f.drawOn(draw.NewCanvas(c, f.width, f.height()))
	var buf bytes.Buffer
	if _, err := c.WriteTo(&buf); err != nil {
		return nil, fmt.Errorf("encoding SVG: %w", err)
	}
	_, svg, found := strings.Cut(buf.String(), "<svg ") // drops the XML header
	head, body, closed := strings.Cut(svg, ">\n")
	if !found || !closed {
		return nil, fmt.Errorf("encoding SVG: the canvas wrote no svg element")
	}
	body = strings.NewReplacer(
		// fonts with letters as wide as those of Liberation Sans
		`style="font-family:Liberation Sans;`, `style="font-family:'Liberation Sans',Arial,Helvetica,sans-serif;`,
		// the pictures are PNG
		`xlink:href="data:image/jpg;`, `xlink:href="data:image/png;`,
	).Replace(body)
	body, err := fixLengths(body, c.lengths)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "<svg role=\"img\" %s>\n<title>%s</title>\n<desc>%s</desc>\n%s",
		head, html.EscapeString(f.name), html.EscapeString(f.about), body), nil
}

// fixLengths gives each text element the length that it was laid out with, to
// which a browser stretches or squeezes whatever font it has.
func fixLengths(body string, lengths []vg.Length) (string, error) {
	const element = "<text "
	parts := strings.Split(body, element)
	if len(parts)-1 != len(lengths) {
		return "", fmt.Errorf("encoding SVG: the canvas wrote %d text elements for %d texts", len(parts)-1, len(lengths))
	}
	var b strings.Builder
	b.WriteString(parts[0])
	for i, part := range parts[1:] {
		fmt.Fprintf(&b, `%stextLength="%.5g" lengthAdjust="spacingAndGlyphs" %s`, element, lengths[i].Points(), part)
	}
	return b.String(), nil
}
