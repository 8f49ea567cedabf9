package plots

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func mustFigure(t *testing.T, d drawn) *Figure {
	t.Helper()
	f, err := d.Figure()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func mustBytes(t *testing.T, f *Figure, format string) []byte {
	t.Helper()
	b, err := f.Bytes(format)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestSameInputSameBytes draws each figure twice from the same values; the second
// time while others are being drawn.
func TestSameInputSameBytes(t *testing.T) {
	t.Parallel()
	first := map[string][]byte{}
	for name, d := range figures() {
		first[name] = mustBytes(t, mustFigure(t, d), "svg")
	}
	var all sync.WaitGroup
	for name, d := range figures() {
		f := mustFigure(t, d)
		for range 2 { // one figure may be encoded by several goroutines
			all.Go(func() {
				again, err := f.Bytes("svg")
				if err != nil || !bytes.Equal(again, first[name]) {
					t.Errorf("%s: the second SVG is not the first (%v)", name, err)
				}
			})
		}
	}
	all.Wait()
}

// TestFigureKeepsNoInput changes the values after the figure was made.
func TestFigureKeepsNoInput(t *testing.T) {
	t.Parallel()
	x, y, low, high := []float64{1, 2}, []float64{3, 4}, []float64{2, 3}, []float64{4, 5}
	image := []uint8{0, 50, 100, 150}
	for _, d := range []drawn{
		Histogram{Frame: paperFrame("h"), Sets: []Sample{{Shared, y}}},
		Curves{Frame: paperFrame("c"), XLabel: "x", YLabel: "y", Count: "2", Series: []Series{{"a", x, y, low, high}}},
		Losses{Frame: paperFrame("l"), Runs: []Run{{"f", 0, y}}},
		Scatter{Frame: paperFrame("s"), Sets: []Points{{Shared, x, y}}},
		Grid{Frame: paperFrame("g"), N: 2, Most: []Tile{{Pixels: image, C: 1, H: 2, W: 2}}, Least: []Tile{{Pixels: image, C: 1, H: 2, W: 2}}},
	} {
		f := mustFigure(t, d)
		before := mustBytes(t, f, "svg")
		for _, values := range [][]float64{x, y, low, high} {
			values[0]++
		}
		image[0]++
		if !bytes.Equal(before, mustBytes(t, f, "svg")) {
			t.Errorf("%T changed with its input", d)
		}
	}
}

func TestSVG(t *testing.T) {
	t.Parallel()
	frame := paperFrame(`Scores of <a> & "b"`)
	frame.Settings = "x < y"
	svg := string(mustBytes(t, mustFigure(t, Histogram{Frame: frame, Sets: fourSets()}), "svg"))

	decoder := xml.NewDecoder(strings.NewReader(svg))
	var text []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		if chars, ok := token.(xml.CharData); ok {
			text = append(text, string(chars))
		}
	}
	all := strings.Join(text, " ")
	for _, want := range []string{`Scores of <a> & "b"`, "n = 1200 images; seeds 1–5; x < y."} {
		if !strings.Contains(all, want) {
			t.Errorf("no text %q in the SVG", want)
		}
	}
	if !strings.HasPrefix(svg, "<svg ") || strings.Contains(svg, "id=") {
		t.Error("the SVG cannot stand inline: it has a header or ids")
	}
	if texts := strings.Count(svg, "<text "); texts == 0 || texts != strings.Count(svg, "textLength=") {
		t.Error("some text has no fixed length")
	}
}

func TestPNG(t *testing.T) {
	t.Parallel()
	f := mustFigure(t, figures()["means"])
	encoded := mustBytes(t, f, "png")
	img, err := png.Decode(bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	// 85 mm at 300 dpi: 85/25.4·300 = 1003.9 pixels.
	if got := img.Bounds().Dx(); got != 1004 {
		t.Errorf("a single column is %d pixels wide, want 1004", got)
	}
	// 300 dpi are 11811 pixels per metre, 0x2E23.
	if !bytes.Contains(encoded, []byte("pHYs\x00\x00\x2e\x23\x00\x00\x2e\x23\x01")) {
		t.Error("the PNG does not state 300 dpi")
	}
	if !bytes.Equal(encoded, mustBytes(t, f, "png")) {
		t.Error("the second PNG is not the first")
	}
	width, height := f.Size()
	if width < 84.99 || width > 85.01 || height < 30 {
		t.Errorf("size is %v × %v mm", width, height)
	}
}

func TestNothingIsCutOff(t *testing.T) {
	t.Parallel()
	// The blank frame around each figure must be blank: what is cut off at the
	// edge of the picture crosses it.
	for name, d := range figures() {
		img := mustFigure(t, d).raster(150)
		b := img.Bounds()
		for _, p := range [][4]int{{0, 0, b.Dx(), 2}, {0, b.Dy() - 2, b.Dx(), b.Dy()}, {0, 0, 2, b.Dy()}, {b.Dx() - 2, 0, b.Dx(), b.Dy()}} {
			for y := p[1]; y < p[3]; y++ {
				for x := p[0]; x < p[2]; x++ {
					if r, g, bl, _ := img.At(x, y).RGBA(); r+g+bl < 3*0xF000 {
						t.Fatalf("%s: ink at the edge, pixel (%d, %d) of %v", name, x, y, b)
					}
				}
			}
		}
	}
}

func TestSave(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	f := mustFigure(t, figures()["means"])
	for _, name := range []string{"a.svg", "b.PNG"} {
		if err := f.Save(filepath.Join(folder, name)); err != nil {
			t.Error(err)
		}
	}
	saved, err := os.ReadFile(filepath.Join(folder, "a.svg"))
	if err != nil || !bytes.Equal(saved, mustBytes(t, f, "svg")) {
		t.Errorf("the saved SVG is not Bytes (%v)", err)
	}
	for _, name := range []string{"c.gif", "d", "e.pdf"} {
		err := f.Save(filepath.Join(folder, name))
		if err == nil || !strings.Contains(err.Error(), "use png or svg") || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if err := f.Save(filepath.Join(folder, "missing", "f.svg")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing folder gives %v", err)
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 2 {
		t.Errorf("%d files in the folder, want the two good ones (%v)", len(left), err)
	}
}
