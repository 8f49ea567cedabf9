package device_test

import (
	"fmt"
	"math"
	"testing"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/augment/device"
	"sslmem/data/rng"
	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// pictures returns n noisy images with black and white areas.
func pictures(n, c, h, w int) *data.Dataset {
	r := rng.New(uint64(n + c + h + w))
	d := &data.Dataset{Name: "pictures", C: c, H: h, W: w, Pixels: make([]uint8, n*c*h*w)}
	for i := range d.Pixels {
		x, y := i%w, i/w%h
		d.Pixels[i] = uint8(min(255, max(0, 127+100*math.Sin(float64(x)/3+float64(i/(h*w)))*math.Cos(float64(y)/4)+80*r.Float64()-40)))
		if x < 2 && y < 2 {
			d.Pixels[i] = uint8(255 * (i / (h * w) % 2))
		}
	}
	return d
}

// tolerance bounds the difference from the reference before normalisation.
const tolerance = 1e-5

// compare makes the views of all images with the reference and on a device, and
// returns the largest difference.
func compare(t *testing.T, r augment.Recipe, d *data.Dataset, k augment.Key, on torch.Device) float64 {
	t.Helper()
	s := torch.NewScope()
	defer s.Close()
	images, err := device.New(s, d, on)
	if err != nil {
		t.Fatal(err)
	}
	idx := make([]int, d.Len())
	for i := range idx {
		idx[i] = d.Len() - 1 - i
	}
	x, err := images.Batch(s, r, idx, k)
	if err != nil {
		t.Fatal(err)
	}
	got := torch.ToSlice[float32](x)
	want := make([]float32, len(idx)*d.C*r.Size*r.Size)
	if err := r.Batch(want, d, idx, k, 0); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d elements, want %d", len(got), len(want))
	}
	worst := 0.
	for i := range got {
		diff := math.Abs(float64(got[i]) - float64(want[i]))
		if math.IsNaN(diff) {
			return math.Inf(1)
		}
		worst = max(worst, diff)
	}
	return worst
}

// TestEqualsReference: random recipes, and those with names, give the views of
// package augment but for rounding.
func TestEqualsReference(t *testing.T) {
	torchtest.NoLeak(t)
	devices := []torch.Device{torch.CPU}
	if n, err := torch.CUDACount(); err == nil && n > 0 {
		devices = append(devices, torch.CUDA(0))
	}
	for _, on := range devices {
		r := rng.New(1)
		worst := 0.
		check := func(what string, q augment.Recipe, d *data.Dataset, k augment.Key) {
			q.Mean, q.Std = nil, nil
			diff := compare(t, q, d, k, on)
			worst = max(worst, diff)
			if diff > tolerance {
				t.Errorf("%v: %s: views differ by %g from the reference, want at most %g", on, what, diff, tolerance)
			}
		}
		for n := range 60 {
			d := pictures(6, 1+2*r.IntN(2), 4+r.IntN(40), 4+r.IntN(40))
			p := func() float64 { return float64(r.IntN(3)) / 2 }
			q := augment.Recipe{Size: 9 + r.IntN(30), ScaleMin: 0.1, ScaleMax: 1, RatioMin: 0.5, RatioMax: 2, Flip: p(), VFlip: p(),
				Brightness: 0.8, Contrast: 0.8, Saturation: 0.8, Hue: 0.5, JitterP: p(), Gray: p(), Solarize: p(), Invert: p(),
				Blur: p(), BlurMin: 0.1, BlurMax: 3, BlurKernel: []int{0, 5, 13}[r.IntN(3)],
				Interpolation: []string{"", augment.Bicubic}[r.IntN(2)], Aliased: r.IntN(2) == 0}
			check(fmt.Sprintf("%+v on %d×%d×%d", q, d.C, d.H, d.W), q, d, augment.Key{Seed: 1, Epoch: n})
		}
		for _, name := range augment.Names() {
			q, err := augment.Lookup(name)
			if err != nil {
				t.Fatal(err)
			}
			q.Size = 32
			check(name, q, pictures(20, 3, 40, 36), augment.Key{Seed: 2})
		}
		t.Logf("%v: the largest difference is %.2g, %.2g 8-bit steps", on, worst, worst*255)
	}
}

// TestNormalised: the result is normalised, float32 and of the promised shape.
func TestNormalised(t *testing.T) {
	torchtest.NoLeak(t)
	d := pictures(4, 3, 12, 10)
	r := augment.Recipe{Size: 8, Mean: []float32{0.4, 0.5, 0.6}, Std: []float32{0.2, 0.25, 0.3}}
	if diff := compare(t, r, d, augment.Key{}, torch.CPU); diff > tolerance/0.2 {
		t.Errorf("normalised views differ by %g", diff)
	}
}

func TestErrors(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	d := pictures(4, 3, 12, 10)
	images, err := device.New(s, d, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	good := augment.Recipe{Size: 8}
	for what, try := range map[string]func() error{
		"no images": func() error { _, err := images.Batch(s, good, nil, augment.Key{}); return err },
		"a place":   func() error { _, err := images.Batch(s, good, []int{4}, augment.Key{}); return err },
		"no size":   func() error { _, err := images.Batch(s, augment.Recipe{}, []int{1}, augment.Key{}); return err },
		"a crop":    func() error { _, err := images.Apply(s, good, []int{1}, []augment.Params{{}}); return err },
		"an empty set": func() error {
			_, err := device.New(s, &data.Dataset{Name: "none", C: 1, H: 2, W: 2}, torch.CPU)
			return err
		},
	} {
		if try() == nil {
			t.Errorf("%s: no error", what)
		}
	}
}
