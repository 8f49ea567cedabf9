package plots

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	xfont "golang.org/x/image/font"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
)

// typesetter is the text handler of all figures. It sets plain text in which
// two things are recognised, so that callers need no markup:
//
//   - a letter, an underscore and one letter or digit, standing alone, is a
//     symbol with a subscript: S_C, L_f;
//   - one of the letters of variables, standing alone, is a symbol: m, n, p.
//
// Symbols are italic, as in the formulas of a paper; of the subscripts, those in
// lower case are. Names such as my_set or T-shirt are left as they are.
type typesetter struct{ fonts *font.Cache }

const (
	variables = "dfgmnprtxyτ"

	subscriptScale = 0.74 // of the font size
	subscriptDrop  = 0.16 // of the font size, below the baseline
)

// A run is a piece of text in one font.
type run struct {
	text           string
	italic, script bool
}

// runs splits one line of text into runs. Joined, their texts are the line
// without the underscores of subscripts.
func runs(line string) []run {
	var out []run
	r := []rune(line)
	plain := 0 // start of the plain text that is not yet in out
	flush := func(end int) {
		if end > plain {
			out = append(out, run{text: string(r[plain:end])})
		}
	}
	for i := 0; i < len(r); i++ {
		if !apart(r, i-1) || !unicode.IsLetter(r[i]) {
			continue
		}
		switch {
		case i+2 < len(r) && r[i+1] == '_' && wordy(r[i+2]) && apart(r, i+3):
			flush(i)
			sub := run{text: string(r[i+2]), script: true, italic: unicode.IsLower(r[i+2])}
			out = append(out, run{text: string(r[i]), italic: true}, sub)
			plain = i + 3
			i += 2
		case strings.ContainsRune(variables, r[i]) && apart(r, i+1):
			flush(i)
			out = append(out, run{text: string(r[i]), italic: true})
			plain = i + 1
		}
	}
	flush(len(r))
	return out
}

// wordy tells whether c is a letter or a digit.
func wordy(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }

// apart tells whether position i, which may lie outside, holds nothing that
// joins a neighbour to a word.
func apart(r []rune, i int) bool {
	return i < 0 || i >= len(r) || !(wordy(r[i]) || strings.ContainsRune("_-'’", r[i]))
}

// face returns the font of a run in text set in fnt.
func (t typesetter) face(r run, fnt font.Font) font.Face {
	if r.italic {
		fnt.Style = xfont.StyleItalic
	}
	if r.script {
		fnt.Size *= subscriptScale
	}
	return t.fonts.Lookup(fnt, fnt.Size)
}

// Cache implements text.Handler.
func (t typesetter) Cache() *font.Cache { return t.fonts }

// Extents implements text.Handler.
func (t typesetter) Extents(fnt font.Font) font.Extents {
	face := t.fonts.Lookup(fnt, fnt.Size)
	return face.Extents()
}

// Lines implements text.Handler.
func (t typesetter) Lines(txt string) []string {
	return strings.Split(strings.TrimRight(txt, "\n"), "\n")
}

// Box implements text.Handler.
func (t typesetter) Box(line string, fnt font.Font) (width, height, depth vg.Length) {
	for _, r := range runs(line) {
		face := t.face(r, fnt)
		width += face.Width(r.text)
	}
	e := t.Extents(fnt)
	return width, e.Ascent, e.Descent
}

// Draw implements text.Handler. As in gonum's own handlers, the baseline of text
// aligned to its bottom lies at pt, raised by what the font's ascent lacks of its
// size; the axes rely on it.
func (t typesetter) Draw(c vg.Canvas, txt string, sty text.Style, pt vg.Point) {
	c.SetColor(sty.Color)
	c.Push()
	c.Translate(pt)
	if sty.Rotation != 0 {
		c.Rotate(math.Mod(sty.Rotation, 2*math.Pi))
	}
	e := t.Extents(sty.Font)
	lines := t.Lines(txt)
	y := vg.Length(sty.YAlign)*sty.Height(txt) + sty.Font.Size - e.Ascent
	y += vg.Length(len(lines)-1) * e.Height
	for _, line := range lines {
		width, _, _ := t.Box(line, sty.Font)
		x := vg.Length(sty.XAlign) * width
		for _, r := range runs(line) {
			face := t.face(r, sty.Font)
			// SVG drops blanks at the ends of a text, so they are not left to it.
			ink := strings.TrimLeft(r.text, " ")
			at := vg.Point{X: x + face.Width(r.text) - face.Width(ink), Y: y}
			if r.script {
				at.Y -= subscriptDrop * sty.Font.Size
			}
			if ink = strings.TrimRight(ink, " "); ink != "" {
				c.FillString(face, at, ink)
			}
			x += face.Width(r.text)
		}
		y -= e.Height
	}
	c.Pop()
}

// wrap breaks txt at blanks into lines no wider than width, but not beside the
// operators of a formula. What has no such blank and is wider is cut and ends in
// "…".
func wrap(txt string, sty text.Style, width vg.Length) []string {
	var lines []string
	line := ""
	for _, word := range unbroken(txt) {
		longer := strings.TrimPrefix(line+" "+word, " ")
		if line == "" || sty.Width(longer) <= width {
			line = longer
			continue
		}
		lines = append(lines, elide(line, sty, width))
		line = word
	}
	if line != "" {
		lines = append(lines, elide(line, sty, width))
	}
	return lines
}

// unbroken splits txt into words, of which those around an operator are one.
func unbroken(txt string) []string {
	var words []string
	joined := false
	for _, word := range strings.Fields(txt) {
		operator := utf8.RuneCountInString(word) == 1 && strings.Contains("=<>−±≤≥≈", word)
		if last := len(words) - 1; last >= 0 && (joined || operator) {
			words[last] += " " + word
		} else {
			words = append(words, word)
		}
		joined = operator
	}
	return words
}

// elide returns txt, cut to fit width with "…" as its last letter if it must be.
func elide(txt string, sty text.Style, width vg.Length) string {
	if sty.Width(txt) <= width {
		return txt
	}
	r := []rune(txt)
	for len(r) > 0 {
		r = r[:len(r)-1]
		if short := strings.TrimRight(string(r), " ") + "…"; sty.Width(short) <= width {
			return short
		}
	}
	return ""
}
