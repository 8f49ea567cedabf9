package plots

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/plot/vg"
)

// TestEnlarge compares enlarged images with ones worked by hand.
func TestEnlarge(t *testing.T) {
	t.Parallel()
	grey := enlarge(Tile{Pixels: []uint8{1, 2, 3, 4, 5, 6}, C: 1, H: 2, W: 3}, 6, 4)
	if b := grey.Bounds(); b.Dx() != 6 || b.Dy() != 4 {
		t.Fatalf("bounds %v", b)
	}
	for y := range 4 {
		for x := range 6 {
			if got, want := grey.At(x, y), (color.Gray{Y: uint8(1 + y/2*3 + x/2)}); got != want {
				t.Errorf("grey at (%d, %d) is %v, want %v", x, y, got, want)
			}
		}
	}
	// Planes of red, green and blue, as [C, H, W] has them.
	rgb := enlarge(Tile{Pixels: []uint8{10, 11, 20, 21, 30, 31}, C: 3, H: 1, W: 2}, 2, 1)
	if got, want := rgb.At(1, 0), (color.RGBA{R: 11, G: 21, B: 31, A: 255}); got != want {
		t.Errorf("RGB pixel is %v, want %v", got, want)
	}
}

// TestPictureShape checks that pictures keep their shape, fit their place and fill
// most of it, and are whole dots wide and high.
func TestPictureShape(t *testing.T) {
	t.Parallel()
	const place = 44.5 // 185 dots
	for _, shape := range [][2]int{{28, 28}, {32, 32}, {32, 48}, {64, 64}, {96, 96}, {185, 185}, {224, 224}, {300, 100}, {1, 400}} {
		h, w := shape[0], shape[1]
		p := newPicture(Tile{Pixels: make([]uint8, h*w), C: 1, H: h, W: w}, "", place)
		width, height := float64(p.width/vg.Inch*dpi), float64(p.height/vg.Inch*dpi)
		if width > 185.001 || width < 185*0.85 {
			t.Errorf("%d × %d: %v dots wide, of 185", h, w, width)
		}
		if want := max(1, width*float64(h)/float64(w)); math.Abs(height-want) > 0.501 {
			t.Errorf("%d × %d: %v dots high, want %v", h, w, height, want)
		}
		if math.Abs(width-math.Round(width)) > 1e-6 || math.Abs(height-math.Round(height)) > 1e-6 {
			t.Errorf("%d × %d: %v × %v dots", h, w, height, width)
		}
		if b := p.img.Bounds(); b.Dx() < w || b.Dy() < h {
			t.Errorf("%d × %d: pixels are lost, %v", h, w, b)
		}
	}
}

func TestMeanCurve(t *testing.T) {
	t.Parallel()
	got := meanCurve([][]float64{{1, 2, 3}, {3, 6}})
	if !slices.Equal(got, []float64{2, 4}) {
		t.Errorf("mean curve is %v, want [2 4]", got)
	}
	if got := epochsOf(got); !slices.Equal(got, []float64{1, 2}) {
		t.Errorf("epochs are %v", got)
	}
}

// TestExtent checks that the range of an axis covers the data and has a width.
func TestExtent(t *testing.T) {
	t.Parallel()
	for _, values := range [][]float64{{1, 2}, {5}, {0, 0}, {-3, -3}, {1e-12}, {-1e9, 1e9}} {
		lo, hi := extent(0.05, values)
		least, greatest := span(values)
		if lo >= hi || lo > least || hi < greatest {
			t.Errorf("%v: range %v to %v", values, lo, hi)
		}
	}
}

// TestLooksDiffer checks that no two series of a figure look the same, in colour
// or, among those of one colour, in dashes and glyph, and that the sets keep their
// colours beside others.
func TestLooksDiffer(t *testing.T) {
	t.Parallel()
	names := []string{Shared, "a", Candidate, "b", Independent, External}
	for i := range 14 {
		names = append(names, string(rune('c'+i)))
	}
	seen := map[string]string{}
	for i, l := range looksOf(names) {
		key := fmt.Sprint(l.color, l.dashes)
		if other, twice := seen[key]; twice {
			t.Errorf("%s looks like %s", names[i], other)
		}
		seen[key] = names[i]
		if fixed, known := looks[names[i]]; known && fixed.color != l.color {
			t.Errorf("%s has colour %v", names[i], l.color)
		}
	}
}
