package report

import (
	"html/template"
	"net/url"
	"regexp"
	"strings"

	"sslmem/mem"
)

// dash stands for a number that is not defined.
const dash = "–"

// pValue writes p for a column that says that it holds p-values.
func pValue(p mem.Number) string {
	if !p.Defined() {
		return dash
	}
	return strings.TrimPrefix(strings.TrimPrefix(mem.FormatP(p), "p "), "= ")
}

// word is what can be a symbol: letters and digits that stand together. An
// apostrophe before it makes it the end of another word, as in "don't". A power
// of ten goes with its number, as in "3.1e-06".
var word = regexp.MustCompile(`[0-9.]+e-[0-9]+|['’]?[\pL\pN_]+`)

// together keeps what belongs together on one line.
var together = strings.NewReplacer(" = ", "\u00a0=\u00a0", " %", "\u00a0%")

// symbols are the single letters that stand for variables.
const symbols = "mnpdfg"

// words escapes a text and sets variables in italics, with the subscript of
// names like S_C and L_f low, so that no line breaks inside a number or between
// a variable and its value.
func words(text string) template.HTML {
	text = together.Replace(text)
	var b strings.Builder
	end := 0
	for _, at := range word.FindAllStringIndex(text, -1) {
		b.WriteString(template.HTMLEscapeString(text[end:at[0]]))
		end = at[1]
		w := text[at[0]:end]
		switch {
		case len(w) == 1 && strings.Contains(symbols, w):
			b.WriteString("<i>" + w + "</i>")
		case len(w) == 3 && (w[:2] == "S_" || w[:2] == "L_"):
			b.WriteString("<i>" + w[:1] + "</i><sub>" + w[2:] + "</sub>")
		case strings.Contains(w, "e-"): // browsers break lines after the hyphen
			b.WriteString(`<span class="whole">` + w + "</span>")
		default:
			b.WriteString(template.HTMLEscapeString(w))
		}
	}
	b.WriteString(template.HTMLEscapeString(text[end:]))
	return template.HTML(b.String())
}

// marks are the glyphs that the sets have in the figures, in a box of 10 × 10.
var marks = map[string]template.HTML{
	"S_S": `<circle cx="5" cy="5" r="3.6" fill="none" stroke="#0072B2" stroke-width="2" />`,
	"S_C": `<path d="M5 .8 9.6 9H.4z" fill="#D55E00" />`,
	"S_I": `<path d="M1.2 1.2h7.6v7.6H1.2z" fill="#009E73" />`,
	"S_E": `<path d="M1.4 1.4l7.2 7.2M8.6 1.4l-7.2 7.2" fill="none" stroke="#999999" stroke-width="2" />`,
}

// mark returns the glyph of the set whose name a text is or, before a comma,
// begins with, and nothing for any other text.
func mark(text string) template.HTML {
	name, _, _ := strings.Cut(text, ",")
	glyph, ok := marks[name]
	if !ok {
		return ""
	}
	return `<svg class="mark" viewBox="0 0 10 10" aria-hidden="true">` + glyph + `</svg> `
}

// href returns the reference to a file below the folder of the page. It starts
// with ./ so that no name can be taken for a scheme.
func href(path string) template.URL {
	return template.URL("./" + strings.TrimPrefix((&url.URL{Path: path}).EscapedPath(), "./"))
}
