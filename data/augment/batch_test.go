package augment_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
	"sslmem/data/augment"
)

// recipe returns a named recipe fitted to d.
func recipe(t testing.TB, name string, d *data.Dataset) augment.Recipe {
	t.Helper()
	r, err := augment.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return r.Fit(d)
}

// batch returns the views of idx.
func batch(t testing.TB, r augment.Recipe, d *data.Dataset, idx []int, k augment.Key, workers int) []float32 {
	t.Helper()
	dst := make([]float32, len(idx)*d.C*r.Size*r.Size)
	if err := r.Batch(dst, d, idx, k, workers); err != nil {
		t.Fatal(err)
	}
	return dst
}

func ints(n int) []int {
	idx := make([]int, n)
	for i := range idx {
		idx[i] = i
	}
	return idx
}

// TestBatchInvariance: no bit of a view depends on workers, batch size, order
// or the company of other images.
func TestBatchInvariance(t *testing.T) {
	d := colorImages(70, 12)
	r := recipe(t, "strong", d)
	r.Size = 9
	k := augment.Key{Seed: 3, Epoch: 2, View: 1}
	view := d.C * r.Size * r.Size
	all := batch(t, r, d, ints(70), k, 1)
	for _, workers := range []int{0, 2, 7} {
		if !slices.Equal(batch(t, r, d, ints(70), k, workers), all) {
			t.Errorf("%d workers give other views", workers)
		}
	}
	order := []int{69, 3, 3, 40, 0, 17}
	got := batch(t, r, d, order, k, 2)
	for n, i := range order {
		if !slices.Equal(got[n*view:(n+1)*view], all[i*view:(i+1)*view]) {
			t.Errorf("image %d at place %d of a small batch has another view", i, n)
		}
	}
	for _, i := range order {
		one := make([]float32, view)
		if err := r.Apply(one, d.Image(i), d.C, d.H, d.W, r.Draw(k, i, d.H, d.W)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(one, all[i*view:(i+1)*view]) {
			t.Errorf("Apply of Draw gives another view of image %d than Batch", i)
		}
	}
}

// TestKeyMatters: each part of the key, and the index, changes the view.
func TestKeyMatters(t *testing.T) {
	d := colorImages(1, 16)
	d.Pixels = append(d.Pixels, d.Pixels...) // two equal images
	r := recipe(t, "simclr-cifar", d)
	k := augment.Key{Seed: 1, Epoch: 1, View: 1}
	base := batch(t, r, d, []int{0}, k, 1)
	for name, other := range map[string][]float32{
		"seed":  batch(t, r, d, []int{0}, augment.Key{Seed: 2, Epoch: 1, View: 1}, 1),
		"epoch": batch(t, r, d, []int{0}, augment.Key{Seed: 1, Epoch: 2, View: 1}, 1),
		"view":  batch(t, r, d, []int{0}, augment.Key{Seed: 1, Epoch: 1, View: 2}, 1),
		"swap":  batch(t, r, d, []int{0}, augment.Key{Seed: 1, Epoch: 0, View: 2}, 1),
		"index": batch(t, r, d, []int{1}, k, 1),
	} {
		if slices.Equal(base, other) {
			t.Errorf("the view does not depend on %s", name)
		}
	}
}

// TestMixedSizes runs recipes of different size through the same scratch.
func TestMixedSizes(t *testing.T) {
	d := colorImages(4, 20)
	r := recipe(t, "normal", d)
	want := map[int][]float32{}
	for range 3 {
		for _, size := range []int{20, 7, 33} {
			r.Size = size
			got := batch(t, r, d, ints(4), augment.Key{}, 1)
			if want[size] == nil {
				want[size] = got
			} else if !slices.Equal(got, want[size]) {
				t.Errorf("size %d: another result after other sizes", size)
			}
		}
	}
}

// TestLongSides covers the weights that are not cached, against the same image
// enlarged from a small one: a constant must stay constant.
func TestLongSides(t *testing.T) {
	d := &data.Dataset{C: 1, H: 700, W: 600, Pixels: make([]uint8, 700*600)}
	for i := range d.Pixels {
		d.Pixels[i] = 51
	}
	r := augment.Recipe{Size: 10, ScaleMin: 0.5, ScaleMax: 1, RatioMin: 0.75, RatioMax: 4. / 3}
	for i, v := range batch(t, r, d, []int{0, 0, 0}, augment.Key{}, 1) {
		if math.Abs(float64(v)-0.2) > 1e-6 {
			t.Fatalf("element %d is %v, want 0.2", i, v)
		}
	}
}

func TestPlain(t *testing.T) {
	d := &data.Dataset{C: 1, H: 2, W: 2, Pixels: []uint8{0, 51, 102, 255}}
	r := augment.Recipe{Size: 2, Mean: []float32{0.2}, Std: []float32{0.5}, Flip: 1, JitterP: 1, Brightness: 1}
	dst := make([]float32, 4)
	if err := r.Plain(dst, d, []int{0}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{-0.4, 0, 0.4, 1.6} {
		if math.Abs(float64(dst[i])-want) > 1e-6 {
			t.Errorf("pixel %d is %v, want %v", i, dst[i], want)
		}
	}
	r.Size, r.Mean, r.Std = 1, nil, nil
	if err := r.Plain(dst[:1], d, []int{0}); err != nil {
		t.Fatal(err)
	}
	if want := (51 + 102 + 255) / 255. / 4; math.Abs(float64(dst[0])-want) > 1e-6 {
		t.Errorf("shrunk to one pixel: %v, want the mean %v", dst[0], want)
	}
}

// TestIdentity: a recipe that does nothing gives the bytes back.
func TestIdentity(t *testing.T) {
	d := colorImages(3, 11)
	got := batch(t, augment.Recipe{Size: 11}, d, ints(3), augment.Key{Seed: 9}, 1)
	for i, v := range got {
		if want := float32(d.Pixels[i]) / 255; math.Abs(float64(v-want)) > 1e-6 {
			t.Fatalf("element %d is %v, want %v", i, v, want)
		}
	}
}

func TestRangeBeforeNormalising(t *testing.T) {
	d := colorImages(40, 16)
	for _, name := range augment.Names() {
		r, _ := augment.Lookup(name)
		r.Size, r.Mean, r.Std = 13, nil, nil
		for _, v := range batch(t, r, d, ints(40), augment.Key{}, 0) {
			if !(v >= -1e-6 && v <= 1+1e-6) {
				t.Fatalf("%s: intensity %v outside [0, 1]", name, v)
			}
		}
	}
}

func TestBatchErrors(t *testing.T) {
	d := colorImages(5, 8)
	good := augment.Recipe{Name: "good", Size: 4}
	size := 3 * 4 * 4
	for _, c := range []struct {
		name string
		r    augment.Recipe
		n    int
		idx  []int
		want string
	}{
		{"short dst", good, size - 1, []int{0}, "dst has 47 elements"},
		{"index too large", good, size, []int{5}, "images 0 to 4"},
		{"index negative", good, size, []int{-1}, "image -1"},
		{"channels", augment.Recipe{Name: "x", Size: 4, Mean: []float32{0}, Std: []float32{1}}, size, []int{0}, "normalises 1 channels, but the images have 3"},
		{"no size", augment.Recipe{Name: "x"}, 0, nil, "Fit"},
	} {
		dst := make([]float32, c.n)
		for i := range dst {
			dst[i] = 7
		}
		for _, err := range []error{c.r.Batch(dst, d, c.idx, augment.Key{}, 1), c.r.Plain(dst, d, c.idx)} {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
			}
		}
		if slices.ContainsFunc(dst, func(v float32) bool { return v != 7 }) {
			t.Errorf("%s: dst was written to", c.name)
		}
	}
	if err := good.Batch(nil, d, nil, augment.Key{}, 0); err != nil {
		t.Errorf("an empty batch: %v", err)
	}
	d.C = 2
	if err := good.Batch(make([]float32, 2*16), d, []int{0}, augment.Key{}, 1); err == nil {
		t.Error("two channels were accepted")
	}
}

func TestApplyErrors(t *testing.T) {
	r := augment.Recipe{Size: 2}
	img := make([]uint8, 3*5*4)
	good := r.Draw(augment.Key{}, 0, 5, 4)
	dst := make([]float32, 3*2*2)
	if err := r.Apply(dst, img, 3, 5, 4, good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(p *augment.Params){
		"top":        func(p *augment.Params) { p.Top = 1 },
		"left":       func(p *augment.Params) { p.Left = -1 },
		"height":     func(p *augment.Params) { p.Height = 0 },
		"width":      func(p *augment.Params) { p.Width = 5 },
		"overflow":   func(p *augment.Params) { p.Top, p.Height = math.MaxInt, 5 },
		"brightness": func(p *augment.Params) { p.Brightness = -0.1 },
		"contrast":   func(p *augment.Params) { p.Contrast = math.NaN() },
		"saturation": func(p *augment.Params) { p.Saturation = math.Inf(1) },
		"hue":        func(p *augment.Params) { p.Hue = 0.6 },
		"order":      func(p *augment.Params) { p.Order[0] = p.Order[1] },
		"op":         func(p *augment.Params) { p.Order[0] = 9 },
	} {
		p := good
		change(&p)
		if err := r.Apply(dst, img, 3, 5, 4, p); err == nil {
			t.Errorf("bad %s was accepted", name)
		}
	}
	for name, err := range map[string]error{
		"two images": r.Apply(dst, append(img, img...), 3, 5, 4, good),
		"short":      r.Apply(dst, img[1:], 3, 5, 4, good),
		"channels":   r.Apply(dst, img, 2, 5, 6, good),
		"dst":        r.Apply(dst[1:], img, 3, 5, 4, good),
	} {
		if err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// TestAllocations: allocations are a few a batch, however large it is.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector drops pooled memory at random")
	}
	d := colorImages(200, 16)
	r := recipe(t, "strong", d)
	idx := ints(200)
	dst := make([]float32, len(idx)*d.C*r.Size*r.Size)
	run := func() {
		if err := r.Batch(dst, d, idx, augment.Key{}, 1); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if n := testing.AllocsPerRun(20, run); n > 8 {
		t.Errorf("%v allocations for 200 views", n)
	}
}
