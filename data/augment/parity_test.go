package augment_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"sslmem/data/augment"
)

// fixtures are outputs of torchvision, made by testdata/make_augment.py.
type fixtures struct {
	Torchvision string
	Images      []struct {
		C, H, W int
		Pixels  []int
	}
	Cases []struct {
		Name      string
		Image     int
		Size      int
		Mean, Std []float32
		Bicubic   bool
		Aliased   bool
		Kernel    int
		Params    augment.Params
		Want      []float32
	}
	Crops []struct {
		H, W         int
		Scale, Ratio [2]float64
		N            int
		Mean, Std    [6]float64 // top, left, height, width, area, log ratio
	}
}

func load(t *testing.T) fixtures {
	t.Helper()
	b, err := os.ReadFile("testdata/augment.json")
	if err != nil {
		t.Fatal(err)
	}
	var f fixtures
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTorchvisionParity(t *testing.T) {
	f := load(t)
	if len(f.Cases) < 30 {
		t.Fatalf("only %d cases", len(f.Cases))
	}
	for _, c := range f.Cases {
		im := f.Images[c.Image]
		img := make([]uint8, len(im.Pixels))
		for i, v := range im.Pixels {
			img[i] = uint8(v)
		}
		r := augment.Recipe{Name: c.Name, Size: c.Size, Mean: c.Mean, Std: c.Std, Aliased: c.Aliased, BlurKernel: c.Kernel}
		if c.Bicubic {
			r.Interpolation = augment.Bicubic
		}
		got := make([]float32, im.C*c.Size*c.Size)
		if err := r.Apply(got, img, im.C, im.H, im.W, c.Params); err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		if len(got) != len(c.Want) {
			t.Fatalf("%s: %d values, want %d", c.Name, len(got), len(c.Want))
		}
		worst, at := 0., 0
		for i := range got {
			if d := math.Abs(float64(got[i] - c.Want[i])); !(d <= worst) {
				worst, at = d, i
			}
		}
		// Normalisation multiplies rounding errors by 1/std.
		tol := 1e-5
		for _, s := range c.Std {
			tol = max(tol, 1e-5/float64(s))
		}
		if !(worst <= tol) {
			t.Errorf("%s: element %d is %v, torchvision %s gives %v", c.Name, at, got[at], f.Torchvision, c.Want[at])
		}
	}
}

// TestCropDistribution compares the means of many drawn crops with those of
// torchvision's draws, at five standard errors of the difference.
func TestCropDistribution(t *testing.T) {
	names := [6]string{"top", "left", "height", "width", "area", "log ratio"}
	for _, c := range load(t).Crops {
		r := augment.Recipe{ScaleMin: c.Scale[0], ScaleMax: c.Scale[1], RatioMin: c.Ratio[0], RatioMax: c.Ratio[1]}
		var sum, squares [6]float64
		for i := range c.N {
			p := r.Draw(augment.Key{Seed: 1}, i, c.H, c.W)
			for k, v := range [6]float64{float64(p.Top), float64(p.Left), float64(p.Height), float64(p.Width),
				float64(p.Height*p.Width) / float64(c.H*c.W), math.Log(float64(p.Width) / float64(p.Height))} {
				sum[k] += v
				squares[k] += v * v
			}
		}
		n := float64(c.N)
		for k, name := range names {
			mean := sum[k] / n
			std := math.Sqrt(max(0, squares[k]/n-mean*mean))
			if se := c.Std[k] * math.Sqrt(2/n); math.Abs(mean-c.Mean[k]) > 5*se+1e-9 {
				t.Errorf("%d×%d: mean %s is %g, torchvision's %g ± %g", c.H, c.W, name, mean, c.Mean[k], se)
			}
			if math.Abs(std-c.Std[k]) > 0.05*c.Std[k]+1e-9 {
				t.Errorf("%d×%d: std of %s is %g, torchvision's %g", c.H, c.W, name, std, c.Std[k])
			}
		}
	}
}
