package augment_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"sslmem/data"
	"sslmem/data/augment"
)

func TestRecipeCheck(t *testing.T) {
	good := augment.Recipe{Name: "r", Size: 8, ScaleMin: 0.2, ScaleMax: 1, RatioMin: 0.75, RatioMax: 1.4,
		Flip: 0.5, Brightness: 0.4, Contrast: 2, Hue: 0.5, JitterP: 1, Mean: []float32{0}, Std: []float32{1}}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	nan, inf := math.NaN(), math.Inf(1)
	for field, change := range map[string]func(r *augment.Recipe){
		"size":          func(r *augment.Recipe) { r.Size = 1 << 20 },
		"scale_min":     func(r *augment.Recipe) { r.ScaleMin = 0 },
		"scale_max":     func(r *augment.Recipe) { r.ScaleMax = 0.1 },
		"ratio_min":     func(r *augment.Recipe) { r.RatioMin = 0 },
		"ratio_max":     func(r *augment.Recipe) { r.RatioMax = inf },
		"interpolation": func(r *augment.Recipe) { r.Interpolation = "cubic" },
		"blur":          func(r *augment.Recipe) { r.Blur = -1 },
		"blur_min":      func(r *augment.Recipe) { r.Blur, r.BlurMax = 0.5, 1 },
		"blur_kernel":   func(r *augment.Recipe) { r.BlurKernel = 4 },
		"solarize":      func(r *augment.Recipe) { r.Solarize = 2 },
		"invert":        func(r *augment.Recipe) { r.Invert = nan },
		"flip":          func(r *augment.Recipe) { r.Flip = 1.1 },
		"vflip":         func(r *augment.Recipe) { r.VFlip = -0.1 },
		"jitter_p":      func(r *augment.Recipe) { r.JitterP = nan },
		"gray":          func(r *augment.Recipe) { r.Gray = 2 },
		"brightness":    func(r *augment.Recipe) { r.Brightness = -1 },
		"contrast":      func(r *augment.Recipe) { r.Contrast = nan },
		"saturation":    func(r *augment.Recipe) { r.Saturation = inf },
		"hue":           func(r *augment.Recipe) { r.Hue = 0.51 },
		"std":           func(r *augment.Recipe) { r.Std = []float32{0} },
		"mean":          func(r *augment.Recipe) { r.Mean = nil },
	} {
		r := good
		change(&r)
		if err := r.Check(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("bad %s: error %v should name the field", field, err)
		}
	}
}

func TestRecipeRoundTrip(t *testing.T) {
	for _, name := range augment.Names() {
		r, err := augment.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		d := colorImages(3, 8)
		r.Mean, r.Std = nil, nil
		r = r.Fit(d)
		var fromJSON, fromTOML augment.Recipe
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &fromJSON); err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		if err := toml.NewEncoder(&text).Encode(r); err != nil {
			t.Fatal(err)
		}
		if _, err := toml.Decode(text.String(), &fromTOML); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(fromJSON, r) || !reflect.DeepEqual(fromTOML, r) {
			t.Errorf("%s changes on its way through JSON or TOML:\n%+v\n%+v\n%+v", name, r, fromJSON, fromTOML)
		}
	}
}

func TestFit(t *testing.T) {
	// Two images of two pixels: red 0, 255, 255, 0 and so on.
	d := &data.Dataset{C: 3, H: 1, W: 2, Pixels: []uint8{0, 255, 51, 51, 0, 102, 255, 0, 51, 51, 204, 0}}
	r := augment.Recipe{}.Fit(d)
	// Blue is 0, .4, .8, 0: mean .3, variance (.09+.01+.25+.09)/4 = .11.
	want := [][2]float64{{0.5, 0.5}, {0.2, 1}, {0.3, math.Sqrt(0.11)}}
	for c, w := range want {
		if math.Abs(float64(r.Mean[c])-w[0]) > 1e-6 || math.Abs(float64(r.Std[c])-w[1]) > 1e-6 {
			t.Errorf("channel %d: mean %v, std %v, want %v", c, r.Mean[c], r.Std[c], w)
		}
	}
	if r.Size != 1 {
		t.Errorf("size %d, want the height 1", r.Size)
	}
	kept := augment.Recipe{Size: 5, Mean: []float32{1}, Std: []float32{2}}
	if got := kept.Fit(d); !reflect.DeepEqual(got, kept) {
		t.Errorf("Fit changed what was given: %+v", got)
	}
}

// TestDemoNormalisation: the constants of the demo recipe are those of the
// images it is for.
func TestDemoNormalisation(t *testing.T) {
	train, _, err := data.FashionMNIST()
	if err != nil {
		t.Fatal(err)
	}
	demo, err := augment.Lookup("demo")
	if err != nil {
		t.Fatal(err)
	}
	fit := augment.Recipe{}.Fit(train)
	if math.Abs(float64(demo.Mean[0]-fit.Mean[0])) > 0.005 || math.Abs(float64(demo.Std[0]-fit.Std[0])) > 0.005 {
		t.Errorf("demo has mean %v, std %v; the images %v, %v", demo.Mean, demo.Std, fit.Mean, fit.Std)
	}
}

func TestLookup(t *testing.T) {
	for typo, want := range map[string]string{
		"simclr": "did you mean simclr-cifar", "stong": "did you mean strong", "Weak": "did you mean weak", "simsam-cifar": "did you mean simsiam-cifar",
	} {
		if _, err := augment.Lookup(typo); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Lookup(%q): %v, want %q", typo, err, want)
		}
	}
	r, _ := augment.Lookup("demo")
	r.Mean[0] = 99
	if again, _ := augment.Lookup("demo"); again.Mean[0] == 99 {
		t.Error("Lookup hands out its own memory")
	}
	for _, name := range augment.Names() {
		r, err := augment.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		r.Size = 8
		if err := r.Check(); err != nil {
			t.Error(err)
		}
	}
}
