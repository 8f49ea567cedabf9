package augment_test

import (
	"fmt"
	"math"
	"testing"

	"sslmem/data/augment"
)

// TestDrawGolden pins the draws: a recorded run must repeat with every later
// version.
func TestDrawGolden(t *testing.T) {
	r, err := augment.Lookup("strong")
	if err != nil {
		t.Fatal(err)
	}
	p := r.Draw(augment.Key{Seed: 1, Epoch: 2, View: 1}, 17, 32, 32)
	got := fmt.Sprintf("%d %d %d %d %t %t %.9g %.9g %.9g %.9g %v %t", p.Top, p.Left, p.Height, p.Width, p.Flip, p.VFlip,
		p.Brightness, p.Contrast, p.Saturation, p.Hue, p.Order, p.Gray)
	want := "7 12 23 18 true false 1.23655303 0.775567351 1.66599196 -0.0101781217 [2 1 0 3] false"
	if got != want {
		t.Errorf("drew %s, want %s", got, want)
	}
}

// TestDrawFrequencies compares frequencies and means with what the recipe
// asks for, at five standard errors.
func TestDrawFrequencies(t *testing.T) {
	const n = 20000
	r := augment.Recipe{Flip: 0.3, VFlip: 0.6, JitterP: 0.8, Brightness: 0.4, Contrast: 1.5, Saturation: 0.9, Hue: 0.2, Gray: 0.1}
	var flip, vflip, jitter, gray, b, c, s, h, hh float64
	orders := map[[4]augment.Op]float64{}
	for i := range n {
		p := r.Draw(augment.Key{Seed: 1, Epoch: 3}, i, 8, 8)
		if p.Top != 0 || p.Left != 0 || p.Height != 8 || p.Width != 8 {
			t.Fatalf("a crop without asking: %+v", p)
		}
		flip += one(p.Flip)
		vflip += one(p.VFlip)
		gray += one(p.Gray)
		if p.Hue == 0 {
			if p.Brightness != 1 || p.Contrast != 1 || p.Saturation != 1 {
				t.Fatalf("half a jitter: %+v", p)
			}
			continue
		}
		jitter++
		if !(p.Brightness >= 0.6 && p.Brightness < 1.4 && p.Contrast >= 0 && p.Contrast < 2.5 && p.Saturation >= 0.1-1e-12 && p.Saturation < 1.9 && math.Abs(p.Hue) <= 0.2) {
			t.Fatalf("a factor out of range: %+v", p)
		}
		b, c, s, h, hh = b+p.Brightness, c+p.Contrast, s+p.Saturation, h+p.Hue, hh+p.Hue*p.Hue
		orders[p.Order]++
	}
	near := func(name string, got, want, se float64) {
		if math.Abs(got-want) > 5*se {
			t.Errorf("%s is %.4f, want %.4f ± %.4f", name, got, want, se)
		}
	}
	for _, f := range []struct {
		name     string
		count, p float64
	}{{"flip", flip, 0.3}, {"vflip", vflip, 0.6}, {"jitter", jitter, 0.8}, {"gray", gray, 0.1}} {
		near("frequency of "+f.name, f.count/n, f.p, math.Sqrt(f.p*(1-f.p)/n))
	}
	uniform := func(width float64) float64 { return width / math.Sqrt(12*jitter) }
	near("mean brightness", b/jitter, 1, uniform(0.8))
	near("mean contrast", c/jitter, 1.25, uniform(2.5)) // from max(0, 1−1.5) to 2.5
	near("mean saturation", s/jitter, 1, uniform(1.8))
	near("mean hue", h/jitter, 0, uniform(0.4))
	near("variance of hue", hh/jitter, 0.16/12, 0.16/12/math.Sqrt(jitter))
	if len(orders) != 24 {
		t.Errorf("%d orders of the colour steps, want 24", len(orders))
	}
	for o, k := range orders {
		near(fmt.Sprint("frequency of order ", o), k/jitter, 1./24, math.Sqrt(23./24/24/jitter))
	}
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// TestDrawsAreSeparate: changing one step of a recipe leaves the parameters of
// the others what they were.
func TestDrawsAreSeparate(t *testing.T) {
	a, err := augment.Lookup("normal")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		p := a.Draw(augment.Key{}, i, 32, 32)
		b := a
		b.ScaleMin, b.Gray = 0.5, 0.9
		q := b.Draw(augment.Key{}, i, 32, 32)
		q.Top, q.Left, q.Height, q.Width, q.Gray = p.Top, p.Left, p.Height, p.Width, p.Gray
		if p != q {
			t.Fatalf("image %d: %+v became %+v", i, p, q)
		}
		c := a
		c.Flip, c.JitterP = 1, 0
		if q := c.Draw(augment.Key{}, i, 32, 32); q.Top != p.Top || q.Left != p.Left || q.Height != p.Height || q.Width != p.Width || q.Gray != p.Gray {
			t.Fatalf("image %d: the crop %+v became %+v", i, p, q)
		}
	}
}

// TestCropFallback: where no ratio fits, the crop is central and as large as
// the allowed ratios let it be.
func TestCropFallback(t *testing.T) {
	r := augment.Recipe{ScaleMin: 1, ScaleMax: 1, RatioMin: 0.5, RatioMax: 2}
	for _, c := range []struct{ h, w, top, left, height, width int }{
		{4, 40, 0, 16, 4, 8},
		{40, 4, 16, 0, 8, 4},
		{1, 100, 0, 49, 1, 2},
	} {
		p := r.Draw(augment.Key{}, 0, c.h, c.w)
		if p.Top != c.top || p.Left != c.left || p.Height != c.height || p.Width != c.width {
			t.Errorf("%d×%d: %+v, want %+v", c.h, c.w, p, c)
		}
	}
}

// FuzzDraw: whatever the recipe and the image, what is drawn can be applied.
func FuzzDraw(f *testing.F) {
	f.Add(0.2, 1.0, 0.75, 1.3, uint8(28), uint8(28), uint64(1))
	f.Add(1e-9, 1e-9, 1e-9, 1e9, uint8(3), uint8(200), uint64(2))
	f.Add(1.0, 1.0, 1e-300, 1e-300, uint8(255), uint8(1), uint64(3))
	f.Add(0.5, 0.5, 1e300, 1e300, uint8(9), uint8(7), uint64(4))
	f.Fuzz(func(t *testing.T, smin, smax, rmin, rmax float64, h, w uint8, seed uint64) {
		r := augment.Recipe{Size: 5, ScaleMin: smin, ScaleMax: smax, RatioMin: rmin, RatioMax: rmax,
			Flip: 0.5, VFlip: 0.5, Brightness: 3, Contrast: 3, JitterP: 1}
		if r.Check() != nil || h == 0 || w == 0 {
			return
		}
		img := make([]uint8, int(h)*int(w))
		for i := range img {
			img[i] = uint8(i)
		}
		dst := make([]float32, 25)
		if err := r.Apply(dst, img, 1, int(h), int(w), r.Draw(augment.Key{Seed: seed}, 0, int(h), int(w))); err != nil {
			t.Fatal(err)
		}
		for _, v := range dst {
			if !(v >= -1e-5 && v <= 1+1e-5) {
				t.Fatalf("intensity %v", v)
			}
		}
	})
}
