package report_test

import (
	"bytes"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"

	"sslmem/cli/report"
	"sslmem/mem"
)

func TestImages(t *testing.T) {
	s := sampleScores(t, 30, 2, 0.04)
	d := sampleDataset(s.Len(), 3, 5)
	images, err := report.Images(s, mem.Raw, d, 4)
	if err != nil {
		t.Fatal(err)
	}
	if len(images) != 4*8 {
		t.Fatalf("%d images, want the 4 highest and 4 lowest of 4 sets", len(images))
	}
	m := s.M(mem.Raw)
	score := map[int]float64{}
	for i, index := range s.Index {
		score[index] = m[i]
	}
	previous := math.Inf(1)
	for _, image := range images {
		if image.Score > previous {
			t.Errorf("the score %g follows %g", image.Score, previous)
		}
		previous = image.Score
		if image.Score != score[image.Index] {
			t.Errorf("image %d has the score %g, want %g", image.Index, image.Score, score[image.Index])
		}
		above := 1 // the rank by its definition
		for i, set := range s.Set {
			if set.String() == image.Set && m[i] > image.Score {
				above++
			}
		}
		if image.Rank != above || image.Of != 30 || above > 4 && above < 27 {
			t.Errorf("image %d of %s has rank %d of %d, want %d of 30", image.Index, image.Set, image.Rank, image.Of, above)
		}
		if want := d.Classes[d.Labels[image.Index]]; image.Label != want {
			t.Errorf("image %d is a %q, want %q", image.Index, image.Label, want)
		}
		want, err := report.Thumbnail(d.Image(image.Index), 3, 5, 5)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(image.PNG, want) {
			t.Errorf("image %d shows another", image.Index)
		}
	}
}

// A set that is smaller than asked for is shown once, not twice.
func TestImagesOfSmallSets(t *testing.T) {
	s := sampleScores(t, 3, 1, 0)
	d := sampleDataset(s.Len(), 1, 2)
	d.Labels, d.Classes = nil, nil
	images, err := report.Images(s, mem.Raw, d, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(images) != s.Len() {
		t.Errorf("%d images for %d points", len(images), s.Len())
	}
	if images[0].Label != "" {
		t.Errorf("a dataset without labels gave the label %q", images[0].Label)
	}
	if images, err = report.Images(s, mem.Raw, d, 0); err != nil || len(images) != 0 {
		t.Errorf("none were asked for: %d images, error %v", len(images), err)
	}
}

func TestImagesErrors(t *testing.T) {
	s := sampleScores(t, 3, 1, 0)
	for _, test := range []struct {
		name    string
		scores  *mem.Scores
		n, c    int
		message string
	}{
		{"short dataset", s, 6, 1, "is not in noise, which has 6 images"},
		{"no points", &mem.Scores{}, 12, 1, "hold no point"},
		{"channels", s, 12, 2, "not 8 as [2, 2, 2]"},
	} {
		_, err := report.Images(test.scores, mem.Raw, sampleDataset(test.n, test.c, 2), 2)
		if err == nil || !strings.Contains(err.Error(), test.message) {
			t.Errorf("%s: error %v, want one with %q", test.name, err, test.message)
		}
	}
}

func TestThumbnailKeepsPixels(t *testing.T) {
	for c, want := range map[int][]color.NRGBA{
		1: {{10, 10, 10, 255}, {20, 20, 20, 255}, {30, 30, 30, 255}, {40, 40, 40, 255}, {50, 50, 50, 255}, {60, 60, 60, 255}},
		3: {{10, 70, 130, 255}, {20, 80, 140, 255}, {30, 90, 150, 255}, {40, 100, 160, 255}, {50, 110, 170, 255}, {60, 120, 180, 255}},
	} {
		var pixels []uint8
		for i := range c * 6 {
			pixels = append(pixels, uint8(10*(i+1)))
		}
		file, err := report.Thumbnail(pixels, c, 2, 3)
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		for i, pixel := range want {
			if got := color.NRGBAModel.Convert(picture.At(i%3, i/3)); got != pixel {
				t.Errorf("%d channels, pixel %d is %v, want %v", c, i, got, pixel)
			}
		}
	}
}

// Large images shrink, keep their shape and, where they are of one colour,
// their colour.
func TestThumbnailShrinks(t *testing.T) {
	for _, c := range []int{1, 3} {
		const h, w = 200, 400
		pixels := bytes.Repeat([]byte{90}, c*h*w)
		file, err := report.Thumbnail(pixels, c, h, w)
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if size := picture.Bounds().Size(); size.X != report.ImageSize || size.Y != report.ImageSize/2 {
			t.Errorf("%d channels: the size is %v", c, size)
		}
		if got := color.NRGBAModel.Convert(picture.At(50, 20)); got != (color.NRGBA{90, 90, 90, 255}) {
			t.Errorf("%d channels: the colour is %v", c, got)
		}
	}
}

func TestScoreMustBeFinite(t *testing.T) {
	for _, score := range []float64{math.NaN(), math.Inf(1)} {
		err := report.Render(new(bytes.Buffer), report.Data{Title: "x", Verdict: []string{"y"}, Images: []report.Image{{Index: 5, Score: score}}})
		if err == nil || !strings.Contains(err.Error(), "score of image 5") {
			t.Errorf("score %v: error %v", score, err)
		}
	}
}
