package fused

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/picture"
	"sslmem/data/rng"
)

// pictures returns n noisy images with black, white and grey areas.
func pictures(n, c, h, w int, seed uint64) *data.Dataset {
	r := rng.New(seed)
	d := &data.Dataset{Name: "pictures", C: c, H: h, W: w, Pixels: make([]uint8, n*c*h*w)}
	for i := range d.Pixels {
		x, y := i%w, i/w%h
		v := 127 + 100*math.Sin(float64(x)/3+float64(i/(h*w)))*math.Cos(float64(y)/4) + 80*r.Float64() - 40
		if x < 2 && y < 2 {
			v = float64(85 * (i / (h * w) % 4))
		}
		d.Pixels[i] = uint8(min(255, max(0, v)))
	}
	return d
}

// randomRecipe draws a recipe of any steps.
func randomRecipe(r *rand.Rand, c int) augment.Recipe {
	p := func() float64 { return float64(r.IntN(3)) / 2 }
	q := augment.Recipe{
		Size: 1 + r.IntN(50), Flip: p(), VFlip: p(), JitterP: p(), Gray: p(), Solarize: p(), Invert: p(),
		Brightness: r.Float64(), Contrast: r.Float64(), Saturation: r.Float64(), Hue: r.Float64() / 2,
		Interpolation: []string{"", augment.Bilinear, augment.Bicubic}[r.IntN(3)], Aliased: r.IntN(2) == 0,
	}
	if r.IntN(4) > 0 {
		q.ScaleMin, q.ScaleMax, q.RatioMin, q.RatioMax = 0.05+0.5*r.Float64(), 1, 0.5, 2
	}
	if q.Size > 8 {
		q.Blur, q.BlurMin, q.BlurMax, q.BlurKernel = p(), 0.1, 3, []int{0, 3, 5, 13}[r.IntN(4)]
	}
	if r.IntN(2) == 0 {
		q.Mean, q.Std = []float32{0.4914, 0.4822, 0.4465}[:c], []float32{0.247, 0.2435, 0.2616}[:c]
	}
	return q
}

// different returns the largest difference of a and b. Where Go does not fuse
// operations, any difference fails.
func different(t *testing.T, what string, a, b []float32) {
	t.Helper()
	tolerance := 0.
	if runtime.GOARCH != "amd64" {
		tolerance = 1e-5 / 0.2
	}
	for i := range a {
		if d := math.Abs(float64(a[i]) - float64(b[i])); !(d <= tolerance) {
			t.Fatalf("%s: element %d is %v, the reference gives %v", what, i, a[i], b[i])
		}
	}
}

// TestEqualsReference: random recipes on random images give the views of
// package augment, with every level of instructions that is here.
func TestEqualsReference(t *testing.T) {
	r := rng.New(1)
	for n := range 100 {
		c := 1 + 2*r.IntN(2)
		d := pictures(5, c, 1+r.IntN(60), 1+r.IntN(60), uint64(n))
		q := randomRecipe(r, c)
		k := augment.Key{Seed: 1, Epoch: n}
		idx := []int{4, 1, 2, 3, 0}
		want := make([]float32, len(idx)*c*q.Size*q.Size)
		if err := q.Batch(want, d, idx, k, 1); err != nil {
			t.Fatal(err)
		}
		for level := range best + 1 {
			got := make([]float32, len(want))
			if err := batch(got, q, d, idx, draws(&q, d, idx, k), Layout{}, 1, level); err != nil {
				t.Fatal(err)
			}
			different(t, fmt.Sprintf("recipe %+v on %d×%d×%d, level %d", q, c, d.H, d.W, level), got, want)
		}
	}
}

// TestNamedRecipes: every recipe with a name gives the views of package
// augment, at 32 pixels or at 224 of larger images.
func TestNamedRecipes(t *testing.T) {
	small, large := pictures(40, 3, 32, 32, 1), pictures(2, 3, 300, 260, 2)
	for _, name := range augment.Names() {
		for _, c := range []struct {
			d    *data.Dataset
			size int
		}{{small, 32}, {large, 224}} {
			q, err := augment.Lookup(name)
			if err != nil {
				t.Fatal(err)
			}
			if q.Size == 224 != (c.size == 224) {
				continue
			}
			q.Size, q.Mean, q.Std = c.size, nil, nil
			q = q.Fit(c.d)
			idx := make([]int, c.d.Len())
			for i := range idx {
				idx[i] = i
			}
			k := augment.Key{Seed: 5}
			want, got := make([]float32, len(idx)*3*q.Size*q.Size), make([]float32, len(idx)*3*q.Size*q.Size)
			if err := q.Batch(want, c.d, idx, k, 0); err != nil {
				t.Fatal(err)
			}
			if err := Batch(got, q, c.d, idx, k, Layout{}, 0); err != nil {
				t.Fatal(err)
			}
			different(t, name, got, want)
			if err := q.Plain(want, c.d, idx); err != nil {
				t.Fatal(err)
			}
			if err := Plain(got, q, c.d, idx, Layout{}, 2); err != nil {
				t.Fatal(err)
			}
			different(t, name+", plain", got, want)
		}
	}
}

// TestLayouts: bfloat16, channels last and gaps hold the same numbers.
func TestLayouts(t *testing.T) {
	d := pictures(33, 3, 20, 24, 1)
	q := augment.Recipe{Size: 17, ScaleMin: 0.2, ScaleMax: 1, RatioMin: 0.75, RatioMax: 1.3, Brightness: 0.4, JitterP: 1,
		Mean: []float32{0.4, 0.5, 0.6}, Std: []float32{0.2, 0.3, 0.25}}
	idx := make([]int, d.Len())
	for i := range idx {
		idx[i] = i
	}
	area := q.Size * q.Size
	size := 3 * area
	plain := make([]float32, len(idx)*size)
	if err := Batch(plain, q, d, idx, augment.Key{}, Layout{}, 1); err != nil {
		t.Fatal(err)
	}
	for _, workers := range []int{0, 1, 2, 7} {
		for _, l := range []Layout{{}, {ChannelsLast: true}, {Every: size + 5}, {ChannelsLast: true, Every: 2 * size}} {
			every := max(l.Every, size)
			n := (len(idx)-1)*every + size
			wide, narrow := slices.Repeat([]float32{-99}, n), slices.Repeat([]uint16{0xdead}, n)
			if err := Batch(wide, q, d, idx, augment.Key{}, l, workers); err != nil {
				t.Fatal(err)
			}
			if err := BatchBFloat16(narrow, q, d, idx, augment.Key{}, l, workers); err != nil {
				t.Fatal(err)
			}
			for at := range wide {
				v, i := at/every, at%every
				if i >= size {
					if wide[at] != -99 || narrow[at] != 0xdead {
						t.Fatalf("%+v: a gap was written to", l)
					}
					continue
				}
				from := i
				if l.ChannelsLast {
					from = i%3*area + i/3
				}
				want := plain[v*size+from]
				if wide[at] != want {
					t.Fatalf("%+v, %d workers: view %d, element %d is %v, want %v", l, workers, v, i, wide[at], want)
				}
				if got := narrow[at]; got != toBFloat16(want) {
					t.Fatalf("%+v: %v became the bfloat16 %#x, want %#x", l, want, got, toBFloat16(want))
				}
			}
		}
	}
}

// toBFloat16 rounds by comparing both neighbours.
func toBFloat16(v float32) uint16 {
	down := uint16(math.Float32bits(v) >> 16)
	lo, hi := math.Float32frombits(uint32(down)<<16), math.Float32frombits(uint32(down+1)<<16)
	a, b := math.Abs(float64(v)-float64(lo)), math.Abs(float64(v)-float64(hi))
	if a < b || a == b && down%2 == 0 {
		return down
	}
	return down + 1
}

// TestApply: a drawn view can be made alone, and Apply checks what it gets.
func TestApply(t *testing.T) {
	d := pictures(3, 3, 30, 31, 4)
	q, err := augment.Lookup("strong")
	if err != nil {
		t.Fatal(err)
	}
	q.Size = 16
	want := make([]float32, 3*3*16*16)
	if err := Batch(want, q, d, []int{0, 1, 2}, augment.Key{Seed: 2}, Layout{}, 1); err != nil {
		t.Fatal(err)
	}
	got := make([]float32, 3*16*16)
	for i := range 3 {
		p := q.Draw(augment.Key{Seed: 2}, i, d.H, d.W)
		if err := Apply(got, q, d.Image(i), 3, 30, 31, p, Layout{}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want[i*len(got):(i+1)*len(got)]) {
			t.Errorf("image %d has another view alone", i)
		}
	}
	p := q.Draw(augment.Key{Seed: 2}, 0, d.H, d.W)
	p.Top = 31
	if err := Apply(got, q, d.Image(0), 3, 30, 31, p, Layout{}); err == nil {
		t.Error("a crop outside the image was accepted")
	}
	q.Size = 1
	p = augment.Whole(30, 31)
	p.Blur = 1
	if err := Apply(got, q, d.Image(0), 3, 30, 31, p, Layout{}); err == nil || !strings.Contains(err.Error(), "kernel") {
		t.Errorf("a blur larger than the view: %v", err)
	}
}

// TestImages: decoded images of any size get the views that they have alone.
func TestImages(t *testing.T) {
	q, err := augment.Lookup("simclr-224")
	if err != nil {
		t.Fatal(err)
	}
	q.Size = 24
	var images []picture.Image
	var idx []int
	for i := range 9 {
		d := pictures(1, 3, 20+7*i, 50-3*i, uint64(i))
		images, idx = append(images, picture.Image{C: 3, H: d.H, W: d.W, Pixels: d.Pixels}), append(idx, 100-i)
	}
	size := 3 * 24 * 24
	k := augment.Key{Seed: 3, View: 1}
	for _, workers := range []int{1, 3} {
		got, want := make([]float32, 9*size), make([]float32, size)
		if err := Images(got, q, images, idx, k, Layout{}, workers); err != nil {
			t.Fatal(err)
		}
		for i, m := range images {
			if err := q.Apply(want, m.Pixels, 3, m.H, m.W, q.Draw(k, idx[i], m.H, m.W)); err != nil {
				t.Fatal(err)
			}
			different(t, fmt.Sprint("image ", i), got[i*size:(i+1)*size], want)
		}
	}
	images[3].C, images[3].Pixels = 1, images[3].Pixels[:images[3].H*images[3].W]
	dst := make([]float32, 9*size)
	for _, err := range []error{
		Images(dst, q, images, idx, k, Layout{}, 1),
		Images(dst, q, images[:2], idx, k, Layout{}, 1),
		Images(dst[:5], q, images[:2], idx[:2], k, Layout{}, 1),
	} {
		if err == nil {
			t.Error("impossible images were accepted")
		}
	}
}

func TestErrors(t *testing.T) {
	d := pictures(5, 3, 8, 8, 1)
	good := augment.Recipe{Name: "good", Size: 4}
	for _, c := range []struct {
		r    augment.Recipe
		n    int
		idx  []int
		l    Layout
		want string
	}{
		{good, 47, []int{0}, Layout{}, "dst has 47 elements"},
		{good, 48, []int{5}, Layout{}, "images 0 to 4"},
		{good, 48, []int{-1}, Layout{}, "image -1"},
		{good, 96, []int{0, 1}, Layout{Every: 49}, "need 97"},
		{good, 96, []int{0, 1}, Layout{Every: 47}, "every 47"},
		{augment.Recipe{Name: "x"}, 0, nil, Layout{}, "Fit"},
	} {
		dst := slices.Repeat([]float32{7}, c.n)
		err := Batch(dst, c.r, d, c.idx, augment.Key{}, c.l, 1)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
		if slices.ContainsFunc(dst, func(v float32) bool { return v != 7 }) {
			t.Errorf("%s: dst was written to", c.want)
		}
	}
	if err := Batch(nil, good, d, nil, augment.Key{}, Layout{}, 0); err != nil {
		t.Errorf("an empty batch: %v", err)
	}
}

// TestManyWeights: weights of more crop sizes than are kept, and of sides
// above all others, are made anew.
func TestManyWeights(t *testing.T) {
	d := pictures(1, 1, 3000, 2000, 1)
	q := augment.Recipe{Size: 2, ScaleMin: 0.001, ScaleMax: 1, RatioMin: 0.5, RatioMax: 2}
	want, got := make([]float32, 4), make([]float32, 4)
	for epoch := range 60 {
		k := augment.Key{Epoch: epoch}
		if err := q.Batch(want, d, []int{0}, k, 1); err != nil {
			t.Fatal(err)
		}
		if err := Batch(got, q, d, []int{0}, k, Layout{}, 1); err != nil {
			t.Fatal(err)
		}
		different(t, fmt.Sprint("epoch ", epoch), got, want)
	}
	w := pool.Get().(*worker)
	defer pool.Put(w)
	if len(w.weight) > 2*maxWeights {
		t.Errorf("%d weights are kept", len(w.weight))
	}
}
