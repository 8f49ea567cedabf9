package report

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed" // for the page's template, style and script
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"math"
	"path"
	"slices"
	"strings"

	"sslmem/data/atomicfile"
	"sslmem/mem"
)

// Data is what a report says. Title and Verdict must be there; a part of the
// page whose field is empty is left out.
type Data struct {
	// Title is the heading, such as the name of the run.
	Title string
	// Lead says in one line what was run on what.
	Lead string
	// Verdict is the result in words: first the answer, which is set large,
	// then the sentences that support it.
	Verdict []string
	// Tables are the numbers of the result, see [Tables].
	Tables []Table
	// Figures are shown in this order, see [NewFigure].
	Figures []Figure
	// Images are single images with their scores, see the function [Images].
	// The page shows them from the highest to the lowest score.
	Images []Image
	// ImagesNote says how far the scores of single images can be trusted, see
	// the function [ImagesNote].
	ImagesNote string
	// Settings are all settings of the run, Environment what it ran on (see
	// the function [Environment]), both in the order shown.
	Settings    []Entry
	Environment []Entry
	// Reproduce are the command lines that repeat the run. A line that starts
	// with # is a remark.
	Reproduce []string
	// Files are the files of the run, which the page links.
	Files []File
}

// Table is a table of formatted text.
type Table struct {
	Caption string
	// Columns are the headings. The first column names its row.
	Columns []string
	// Rows are the cells, each row as long as Columns. A first cell that is or
	// begins with the name of a set, as "S_C, seen by f only", gets its mark.
	Rows [][]string
	// Note is the small print below; it may be empty.
	Note string
}

// Entry is a setting or a fact with its name.
type Entry struct{ Name, Value string }

// File is a file of the run.
type File struct {
	// Path is relative to the folder of the report, with forward slashes.
	Path string
	// About says what is in the file.
	About string
}

// Write renders d into the file at path, which appears complete or not at
// all. The errors are those of [Render] and of the file system.
func Write(path string, d Data) error {
	return atomicfile.Write(path, func(w io.Writer) error { return Render(w, d) })
}

// Render writes the page to w. It is an error if Title or Verdict is missing, if
// a row is not as long as its table's columns, a figure has no description or
// not exactly one picture, a score is not finite, or if a file's path is
// not below the folder of the report. Nothing is written then, and d is only
// read in any case.
func Render(w io.Writer, d Data) error {
	if err := d.check(); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	d.Images = slices.Clone(d.Images)
	slices.SortStableFunc(d.Images, func(a, b Image) int { return cmp.Compare(b.Score, a.Score) })
	var b bytes.Buffer
	err := page.Execute(&b, struct {
		Data
		Style  template.CSS
		Script template.JS
		Policy string
		Digits int
	}{d, template.CSS(style), template.JS(script), policy, imageDigits(d.Images)})
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

var (
	//go:embed page.tmpl
	pageText string
	//go:embed style.css
	style string
	//go:embed script.js
	script string
)

var page = template.Must(template.New("report").Funcs(template.FuncMap{
	"words": words,
	"mark":  mark,
	"href":  href,
	"score": func(x float64, digits int) string { return mem.FormatSigned(mem.Number(x), digits) },
	"sets":  setsOf,
	"png": func(b []byte) template.URL {
		return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b))
	},
	"remark": func(line string) bool { return strings.HasPrefix(line, "#") },
}).Parse(pageText))

// policy lets the page run its own script, show pictures that it carries and
// do nothing else. Styles are free because SVG figures have style attributes.
var policy = fmt.Sprintf("default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-%s'; base-uri 'none'; form-action 'none'",
	hash(script))

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func (d Data) check() error {
	if strings.TrimSpace(d.Title) == "" {
		return errors.New("the page has no title")
	}
	if len(d.Verdict) == 0 {
		return errors.New("the page has no verdict; give at least one sentence that says what came out")
	}
	for _, t := range d.Tables {
		if len(t.Columns) == 0 {
			return fmt.Errorf("the table %q has no columns", t.Caption)
		}
		for i, row := range t.Rows {
			if len(row) != len(t.Columns) {
				return fmt.Errorf("row %d of the table %q has %d cells for %d columns", i, t.Caption, len(row), len(t.Columns))
			}
		}
	}
	for i, f := range d.Figures {
		if err := f.check(); err != nil {
			return fmt.Errorf("figure %d: %w", i, err)
		}
	}
	for _, m := range d.Images {
		if math.IsNaN(m.Score) || math.IsInf(m.Score, 0) {
			return fmt.Errorf("the score of image %d is %v", m.Index, m.Score)
		}
	}
	for _, f := range d.Files {
		if clean := path.Clean(f.Path); f.Path == "" || path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../") {
			return fmt.Errorf("the file %q does not lie in the folder of the report; give a path relative to it", f.Path)
		}
	}
	return nil
}
