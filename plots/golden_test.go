package plots

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"sslmem/data/atomicfile"
)

var (
	update = flag.Bool("update", false, "rewrite the golden images in testdata")
	proof  = flag.String("proof", "", "also write every figure at print size into this folder")
)

// goldenDPI keeps the goldens small; print size is checked by eye with -proof.
const goldenDPI = 72

// drawn is a figure that draws or says why it cannot.
type drawn interface{ Figure() (*Figure, error) }

// paperFrame is the frame of the figures below, whose captions say what they are.
func paperFrame(title string) Frame {
	return Frame{Title: title, Seeds: []uint64{1, 2, 3, 4, 5}, Settings: "simulated numbers, drawn to check the figure; no encoder was trained"}
}

// normals returns n draws from a normal distribution.
func normals(seed uint64, n int, mean, sd float64) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]float64, n)
	for i := range out {
		out[i] = mean + sd*r.NormFloat64()
	}
	return out
}

// fourSets are scores like those of an experiment.
func fourSets() []Sample {
	return []Sample{
		{External, normals(1, 400, 0.001, 0.020)},
		{Shared, normals(2, 400, -0.001, 0.018)},
		{Independent, normals(3, 200, -0.017, 0.022)},
		{Candidate, normals(4, 200, 0.016, 0.024)},
	}
}

// decay returns a loss curve that falls from about 4.2 to about 2.
func decay(seed uint64, epochs int) []float64 {
	noise := normals(seed, epochs, 0, 0.03)
	for i := range noise {
		noise[i] += 2 + 2.2*math.Exp(-float64(i)/float64(epochs)*4)
	}
	return noise
}

// growth returns the mean score of a set against the epoch, with a band.
func growth(set string, seed uint64, final float64) Series {
	s := Series{Name: set}
	for i, noise := range normals(seed, 21, 0, 0.0008) {
		x := float64(5 * i)
		y := final*(1-math.Exp(-x/40)) + noise
		s.X, s.Y = append(s.X, x), append(s.Y, y)
		s.Low, s.High = append(s.Low, y-0.003), append(s.High, y+0.003)
	}
	return s
}

// tiles returns n images of a disc or a frame with noise, [c, h, w].
func tiles(n, c, h, w int, label string, top, step float64) []Tile {
	r := rand.New(rand.NewPCG(uint64(n), uint64(h)))
	out := make([]Tile, n)
	for i := range out {
		pixels := make([]uint8, c*h*w)
		for k := range pixels {
			y, x := float64(k/w%h)-float64(h)/2, float64(k%w)-float64(w)/2
			if d := math.Hypot(x, y); d < float64(h)*(0.25+0.02*float64(i)) {
				pixels[k] = uint8(120 + 100*(k/(h*w))/max(1, c-1) + r.IntN(30))
			}
		}
		out[i] = Tile{Pixels: pixels, C: c, H: h, W: w, Label: label, Score: top + step*float64(i)}
	}
	return out
}

// figures are the figures that the goldens show, by name.
func figures() map[string]drawn {
	double := func(title string) Frame {
		f := paperFrame(title)
		f.Column = Double
		return f
	}
	points := func(set string, seed uint64, n int, m float64) Points {
		p := Points{Set: set, F: normals(seed, n, 0.62, 0.06), G: normals(seed+1, n, m, 0.02)}
		for i := range p.G {
			p.G[i] += p.F[i]
		}
		return p
	}
	losses := Losses{Frame: paperFrame("Training loss of five pairs of encoders")}
	for pair := range 5 {
		losses.Runs = append(losses.Runs,
			Run{"f", pair, decay(uint64(2*pair), 100)}, Run{"g", pair, decay(uint64(2*pair+1), 100)})
	}
	return map[string]drawn{
		"histogram":     Histogram{Frame: paperFrame("Memorization scores of the four sets"), Sets: fourSets()},
		"histogramWide": Histogram{Frame: double("Memorization scores of the four sets"), Sets: fourSets()},
		"means": Means{Frame: paperFrame("Only images that f alone saw stand out"), Sets: []Mean{
			{Candidate, 200, 0.0162, 0.0128, 0.0195}, {Shared, 400, -0.0008, -0.0026, 0.001},
			{External, 400, 0.0012, -0.0008, 0.0031}, {Independent, 200, -0.0171, -0.0201, -0.014}}},
		"losses": losses,
		"curves": Curves{Frame: paperFrame("Memorization grows with training"), XLabel: "epoch", YLabel: "mean " + ScoreLabel,
			Count: "200 images a set; band: 95 % CI",
			Series: []Series{growth(External, 7, 0.001), growth(Shared, 8, -0.001),
				growth(Independent, 9, -0.017), growth(Candidate, 10, 0.016)}},
		"otherCurves": Curves{Frame: paperFrame("Accuracy of the linear probe on my_set"), XLabel: "images removed", YLabel: "accuracy (%)",
			Count: "1000 test images", Series: []Series{
				{Name: "most memorized first", X: []float64{0, 500, 1000, 2000}, Y: []float64{81.2, 79.5, 78, 75.1}},
				{Name: "random", X: []float64{0, 500, 1000, 2000}, Y: []float64{81.2, 80.9, 80.4, 79.2}}}},
		"scatter": Scatter{Frame: paperFrame("Alignment under f and under g"), Sets: []Points{
			points(External, 20, 400, 0.001), points(Shared, 30, 400, 0), points(Independent, 40, 200, -0.017), points(Candidate, 50, 200, 0.016)}},
		"grid": Grid{Frame: double("Images that f memorized most and least"), N: 1200,
			Most: tiles(10, 1, 28, 28, "T-shirt/top", 0.0912, -0.0031), Least: tiles(10, 1, 28, 28, "Ankle boot", -0.1012, 0.004)},
		"gridColour": Grid{Frame: paperFrame("Images that f memorized most and least, with a title too long for one line"), N: 900,
			Most: tiles(7, 3, 32, 48, "a class with a rather long name", 0.1, -0.01), Least: tiles(5, 3, 32, 24, "", -0.08, 0.02)},
	}
}

// TestGolden compares every figure with the one in testdata. Pixels may differ a
// little, since rasterisers round differently on other machines.
func TestGolden(t *testing.T) {
	for name, d := range figures() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := d.Figure()
			if err != nil {
				t.Fatal(err)
			}
			if *proof != "" {
				for _, extension := range []string{".png", ".svg"} {
					if err := f.Save(filepath.Join(*proof, name+extension)); err != nil {
						t.Fatal(err)
					}
				}
			}
			encoded, err := f.png(goldenDPI)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name+".png")
			if *update {
				if err := writeFile(path, encoded); err != nil {
					t.Fatal(err)
				}
			}
			golden, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("%v; run go test -update once", err)
			}
			if err := similar(encoded, golden); err != nil {
				t.Errorf("%v; look at it with -proof DIR and, if it is right, run go test -update", err)
			}
		})
	}
}

func writeFile(path string, content []byte) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// similar returns an error unless two PNG files are of one size and fewer than
// 0.2 % of their pixels differ by more than 32 of 255 in a channel.
func similar(got, want []byte) error {
	a, err := png.Decode(bytes.NewReader(got))
	if err != nil {
		return err
	}
	b, err := png.Decode(bytes.NewReader(want))
	if err != nil {
		return err
	}
	if a.Bounds() != b.Bounds() {
		return fmt.Errorf("size %v, golden %v", a.Bounds(), b.Bounds())
	}
	different := differing(a, b)
	if all := a.Bounds().Dx() * a.Bounds().Dy(); different*500 > all {
		return fmt.Errorf("%d of %d pixels differ from the golden image", different, all)
	}
	return nil
}

// differing counts the pixels that differ by more than 32 of 255 in a channel.
func differing(a, b image.Image) int {
	n := 0
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			r0, g0, b0, _ := a.At(x, y).RGBA()
			r1, g1, b1, _ := b.At(x, y).RGBA()
			for _, d := range [3]float64{float64(r0) - float64(r1), float64(g0) - float64(g1), float64(b0) - float64(b1)} {
				if math.Abs(d) > 32*257 {
					n++
					break
				}
			}
		}
	}
	return n
}

// TestSimilarSeesChanges makes sure that the golden test can fail: another title,
// or scores that lie a little elsewhere, are not similar.
func TestSimilarSeesChanges(t *testing.T) {
	t.Parallel()
	render := func(title string, shift float64) []byte {
		sets := fourSets()
		for i := range sets[3].Values {
			sets[3].Values[i] += shift
		}
		f, err := Histogram{Frame: paperFrame(title), Sets: sets}.Figure()
		if err != nil {
			t.Fatal(err)
		}
		b, err := f.png(goldenDPI)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	plain := render("Memorization scores of the four sets", 0)
	if err := similar(plain, render("Memorization scores of the four sets", 0)); err != nil {
		t.Error(err)
	}
	if similar(plain, render("Memorization scores of all the sets", 0)) == nil {
		t.Error("another title goes unnoticed")
	}
	if similar(plain, render("Memorization scores of the four sets", 0.004)) == nil {
		t.Error("shifted scores go unnoticed")
	}
}
