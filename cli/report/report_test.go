package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sslmem/cli/report"
)

var update = flag.Bool("update", false, "rewrite the golden page in testdata")

func render(t testing.TB, d report.Data) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Render(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	got := render(t, samplePage(t))
	golden := filepath.Join("testdata", "sample.html")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the page differs from %s: look at it and, if it is as it should be, run with -update; first difference at %s", golden, firstDifference(got, string(want)))
	}
}

func firstDifference(got, want string) string {
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	return fmt.Sprintf("byte %d: got %.60q, want %.60q", i, got[i:], want[i:])
}

func TestSameBytes(t *testing.T) {
	d := samplePage(t)
	first := render(t, d)
	if render(t, d) != first {
		t.Error("the same Data gave two pages")
	}
	d.Images[0], d.Images[3] = d.Images[3], d.Images[0]
	swapped := d.Images[0]
	if render(t, d) != first {
		t.Error("the page depends on the order of the images")
	}
	if d.Images[0].Index != swapped.Index {
		t.Error("Render changed the Data")
	}
}

// An element is what the checks below need of one.
type element struct {
	name string
	attr map[string]string
	text string // all text inside
}

// elements parses a page. Its markup is also well-formed XML, once style and
// script, whose text HTML takes as it is, are left out: so a strict parser
// finds every element that is not closed and every quote that is missing.
func elements(t testing.TB, page string) []element {
	t.Helper()
	page = regexp.MustCompile(`(?s)<(style|script)>.*?</(style|script)>`).ReplaceAllString(page, "")
	decoder := xml.NewDecoder(strings.NewReader(page))
	var all []element
	var open []int
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		switch v := token.(type) {
		case xml.StartElement:
			e := element{name: v.Name.Local, attr: map[string]string{}}
			for _, a := range v.Attr {
				e.attr[a.Name.Local] = a.Value
			}
			open = append(open, len(all))
			all = append(all, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			for _, i := range open {
				all[i].text += string(v)
			}
		}
	}
}

func TestAccessible(t *testing.T) {
	all := elements(t, render(t, samplePage(t)))
	ids := map[string]int{}
	for _, e := range all {
		if id, ok := e.attr["id"]; ok {
			ids[id]++
		}
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("the id %q is there %d times", id, n)
		}
	}
	level, headings := 0, 0
	for _, e := range all {
		if len(e.name) == 2 && e.name[0] == 'h' && e.name[1] >= '1' && e.name[1] <= '6' {
			now := int(e.name[1] - '0')
			if now > level+1 || now == 1 && headings > 0 {
				t.Errorf("the heading %q of level %d follows one of level %d", e.text, now, level)
			}
			level = now
			headings++
		}
		switch {
		case e.name == "html" && e.attr["lang"] == "":
			t.Error("the page does not say its language")
		case e.name == "img" && strings.TrimSpace(e.attr["alt"]) == "":
			t.Error("an image has no alternative text")
		case e.name == "th" && e.attr["scope"] == "":
			t.Errorf("the table heading %q has no scope", e.text)
		case e.attr["role"] == "img" && e.attr["aria-label"] == "":
			t.Error("a figure has no label")
		}
		if e.name == "a" && strings.HasPrefix(e.attr["href"], "#") && ids[e.attr["href"][1:]] == 0 {
			t.Errorf("the link %q leads nowhere", e.attr["href"])
		}
		for _, attr := range []string{"aria-labelledby", "for"} {
			for _, id := range strings.Fields(e.attr[attr]) {
				if ids[id] == 0 {
					t.Errorf("%s of a %s names %q, which is not there", attr, e.name, id)
				}
			}
		}
	}
	if headings != 9 {
		t.Errorf("%d headings, want that of the page and 8 parts", headings)
	}
}

// Nothing on the page may be fetched from anywhere.
func TestSelfContained(t *testing.T) {
	page := render(t, samplePage(t))
	for _, e := range elements(t, page) {
		for _, attr := range []string{"src", "href", "action", "data", "srcset", "poster"} {
			value, ok := e.attr[attr]
			if ok && !strings.HasPrefix(value, "#") && !strings.HasPrefix(value, "data:") && !strings.HasPrefix(value, "./") {
				t.Errorf("%s of a %s refers to %q", attr, e.name, value)
			}
		}
	}
	if strings.Contains(page, "url(") || strings.Contains(page, "@import") {
		t.Error("the style refers to another file")
	}
}

// The page's own policy must let the script run exactly as it stands there.
func TestPolicyMatchesScript(t *testing.T) {
	page := render(t, samplePage(t))
	if !strings.Contains(page, "<script>"+report.Script+"</script>") {
		t.Error("the script is not on the page as it is in its file, so its hash in the policy is wrong")
	}
	for _, e := range elements(t, page) {
		if e.attr["http-equiv"] == "Content-Security-Policy" && e.attr["content"] == report.Policy {
			return
		}
	}
	t.Error("the page has no content security policy")
}

func TestHostileText(t *testing.T) {
	const evil = `</title></style><script>alert("m")</script>"'><img src=x onerror=alert(1)>{{.}}`
	d := samplePage(t)
	tags := func(d report.Data) string {
		var names []string
		for _, e := range elements(t, render(t, d)) {
			switch e.name {
			case "i", "sub", "span", "svg", "circle", "path": // set by words and mark
			default:
				names = append(names, e.name)
			}
		}
		return strings.Join(names, " ")
	}
	want := tags(d)
	d.Title, d.Lead, d.ImagesNote = evil, evil, evil
	for i := range d.Verdict {
		d.Verdict[i] = evil
	}
	for i := range d.Tables {
		d.Tables[i].Caption, d.Tables[i].Columns[0], d.Tables[i].Rows[0][0], d.Tables[i].Rows[0][1], d.Tables[i].Note = evil, evil, evil, evil, evil
	}
	for i := range d.Figures {
		d.Figures[i].Alt = evil
	}
	d.Figures[0].Caption = evil
	for i := range d.Images {
		d.Images[i].Label = evil
	}
	d.Settings[0], d.Environment[0] = report.Entry{Name: evil, Value: evil}, report.Entry{Name: evil, Value: evil}
	d.Reproduce[1] = evil
	d.Files[0] = report.File{Path: `javascript:alert("x")`, About: evil}
	if got := tags(d); got != want {
		t.Errorf("hostile text changed the elements of the page to\n%s\nfrom\n%s", got, want)
	}
	for _, e := range elements(t, render(t, d)) {
		if href := e.attr["href"]; e.name == "a" && strings.HasPrefix(href, "javascript") {
			t.Errorf("a link runs %q", href)
		}
		if e.name == "title" && !strings.Contains(e.text, evil) {
			t.Errorf("the title is %q", e.text)
		}
	}
}

// Parts that have nothing to show are not there, and neither are links to them.
func TestSmallestPage(t *testing.T) {
	page := render(t, report.Data{Title: "x", Verdict: []string{"Nothing was found."}})
	var headings []string
	for _, e := range elements(t, page) {
		switch e.name {
		case "h1", "h2":
			headings = append(headings, e.text)
		case "table", "figure", "ul", "dl", "script", "pre":
			t.Errorf("an empty %s", e.name)
		}
	}
	if got := strings.Join(headings, ", "); got != "x, Result" {
		t.Errorf("headings %s", got)
	}
}

func TestWriteErrors(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*report.Data)
		want   string
	}{
		{"title", func(d *report.Data) { d.Title = " " }, "has no title"},
		{"verdict", func(d *report.Data) { d.Verdict = nil }, "has no verdict"},
		{"columns", func(d *report.Data) { d.Tables[0].Columns = nil }, "has no columns"},
		{"row", func(d *report.Data) { d.Tables[1].Rows[2] = []string{"a"} }, "row 2 of the table \"Differences"},
		{"alt", func(d *report.Data) { d.Figures[1].Alt = "" }, "figure 1: it has no description"},
		{"picture", func(d *report.Data) { d.Figures[1].PNG = nil }, "either an SVG or a PNG"},
		{"two pictures", func(d *report.Data) { d.Figures[0].PNG = []byte{1} }, "either an SVG or a PNG"},
		{"absolute", func(d *report.Data) { d.Files[0].Path = "/etc/passwd" }, "does not lie in the folder"},
		{"above", func(d *report.Data) { d.Files[0].Path = "a/../../b" }, "does not lie in the folder"},
		{"nameless", func(d *report.Data) { d.Files[0].Path = "" }, "does not lie in the folder"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := samplePage(t)
			test.change(&d)
			path := filepath.Join(t.TempDir(), "report.html")
			err := report.Write(path, d)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
				t.Error("a file was left behind")
			}
		})
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	d := samplePage(t)
	if err := report.Write(path, d); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != render(t, d) {
		t.Error("Write and Render differ")
	}
}
