package augment

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"sslmem/data"
	"sslmem/data/augment/internal/filter"
)

// maxSize bounds the side of a view in pixels, against typing errors.
const maxSize = 1 << 12

// The values of a recipe's Interpolation.
const (
	Bilinear = "bilinear"
	Bicubic  = "bicubic"
)

// Recipe says how views are drawn. The zero value of a probability or of a
// jitter strength switches that step off. The steps act in the order of the
// fields.
type Recipe struct {
	Name string `json:"name" toml:"name"`

	// Size is the height and width of a view in pixels. 0 stands for the
	// height of the images and is filled by Fit.
	Size int `json:"size" toml:"size"`

	// ScaleMin and ScaleMax bound the area of the crop as a fraction of the
	// image, 0 < min ≤ max ≤ 1. RatioMin and RatioMax bound its width divided
	// by its height before resizing, 0 < min ≤ max. If all four are 0, nothing
	// is cropped.
	ScaleMin float64 `json:"scale_min" toml:"scale_min"`
	ScaleMax float64 `json:"scale_max" toml:"scale_max"`
	RatioMin float64 `json:"ratio_min" toml:"ratio_min"`
	RatioMax float64 `json:"ratio_max" toml:"ratio_max"`

	// Interpolation is how the crop is resized: "bilinear", for which "" stands
	// too, or "bicubic", clamped to [0, 1]. Aliased looks at the nearest pixels
	// only where the crop shrinks, as many libraries did; else the filter is as
	// wide as the scale.
	Interpolation string `json:"interpolation" toml:"interpolation"`
	Aliased       bool   `json:"aliased" toml:"aliased"`

	// Flip is the probability that left and right are exchanged, VFlip that
	// top and bottom are.
	Flip  float64 `json:"flip" toml:"flip"`
	VFlip float64 `json:"vflip" toml:"vflip"`

	// With probability JitterP the colours are changed in random order:
	// brightness, contrast and saturation by factors uniform in
	// [max(0, 1−x), 1+x], and the hue by a turn uniform in [−x, x], x ≤ 0.5.
	// Images of one channel have no saturation and no hue to change.
	Brightness float64 `json:"brightness" toml:"brightness"`
	Contrast   float64 `json:"contrast" toml:"contrast"`
	Saturation float64 `json:"saturation" toml:"saturation"`
	Hue        float64 `json:"hue" toml:"hue"`
	JitterP    float64 `json:"jitter_p" toml:"jitter_p"`

	// Gray is the probability that a colour image loses its colour.
	Gray float64 `json:"gray" toml:"gray"`

	// Blur is the probability of a Gaussian blur with a standard deviation
	// uniform in [BlurMin, BlurMax] pixels of the view. Its kernel has BlurKernel
	// pixels a side, an odd number; 0 stands for a tenth of Size, made odd, and
	// at least 3. Edges are mirrored.
	Blur       float64 `json:"blur" toml:"blur"`
	BlurMin    float64 `json:"blur_min" toml:"blur_min"`
	BlurMax    float64 `json:"blur_max" toml:"blur_max"`
	BlurKernel int     `json:"blur_kernel" toml:"blur_kernel"`

	// Solarize is the probability that intensities of a half or more, bytes from
	// 128 on, are inverted; Invert that all are.
	Solarize float64 `json:"solarize" toml:"solarize"`
	Invert   float64 `json:"invert" toml:"invert"`

	// Mean and Std hold one value a channel: the result is (x − Mean) / Std
	// with x in [0, 1]. Both empty means that x itself is the result; Fit fills
	// them from the data.
	Mean []float32 `json:"mean" toml:"mean"`
	Std  []float32 `json:"std" toml:"std"`
}

// Check returns an error that names the first field with an impossible value.
func (r Recipe) Check() error {
	bad := func(field string, value any, want string) error {
		return fmt.Errorf("augment: recipe %q: %s is %v, want %s", r.Name, field, value, want)
	}
	if r.Size < 1 || r.Size > maxSize {
		return bad("size", r.Size, fmt.Sprintf("1 to %d pixels (Fit takes it from the images if it is 0)", maxSize))
	}
	if r.crops() {
		if !(r.ScaleMin > 0 && r.ScaleMin <= r.ScaleMax && r.ScaleMax <= 1) {
			return bad("scale_min, scale_max", [2]float64{r.ScaleMin, r.ScaleMax}, "0 < min ≤ max ≤ 1")
		}
		if !(r.RatioMin > 0 && r.RatioMin <= r.RatioMax && !math.IsInf(r.RatioMax, 0)) {
			return bad("ratio_min, ratio_max", [2]float64{r.RatioMin, r.RatioMax}, "0 < min ≤ max, for example 0.75 and 1.3333333")
		}
	}
	if r.Interpolation != "" && r.Interpolation != Bilinear && r.Interpolation != Bicubic {
		return bad("interpolation", strconv.Quote(r.Interpolation), "bilinear or bicubic")
	}
	if r.Blur > 0 && !(r.BlurMin > 0 && r.BlurMin <= r.BlurMax && !math.IsInf(r.BlurMax, 0)) {
		return bad("blur_min, blur_max", [2]float64{r.BlurMin, r.BlurMax}, "0 < min ≤ max, for example 0.1 and 2")
	}
	if k := r.Kernel(); r.BlurKernel < 0 || k%2 == 0 {
		return bad("blur_kernel", r.BlurKernel, "an odd number, or 0 for a tenth of the size")
	} else if r.Blur > 0 && k/2 >= r.Size {
		return bad("blur_kernel", k, fmt.Sprintf("less than twice the size of %d", r.Size))
	}
	for _, p := range []struct {
		field string
		value float64
	}{{"flip", r.Flip}, {"vflip", r.VFlip}, {"jitter_p", r.JitterP}, {"gray", r.Gray},
		{"blur", r.Blur}, {"solarize", r.Solarize}, {"invert", r.Invert}} {
		if !(p.value >= 0 && p.value <= 1) {
			return bad(p.field, p.value, "a probability in [0, 1]")
		}
	}
	for _, s := range []struct {
		field string
		value float64
	}{{"brightness", r.Brightness}, {"contrast", r.Contrast}, {"saturation", r.Saturation}} {
		if !(s.value >= 0 && !math.IsInf(s.value, 0)) {
			return bad(s.field, s.value, "a strength of 0 or more")
		}
	}
	if !(r.Hue >= 0 && r.Hue <= 0.5) {
		return bad("hue", r.Hue, "a part of a turn in [0, 0.5]")
	}
	if len(r.Mean) != len(r.Std) {
		return fmt.Errorf("augment: recipe %q: mean has %d values and std %d, want one of each a channel", r.Name, len(r.Mean), len(r.Std))
	}
	for i, s := range r.Std {
		if m := r.Mean[i]; !(s > 0) || math.IsInf(float64(s), 0) || m != m || math.IsInf(float64(m), 0) {
			return bad("mean, std", [2]float32{m, s}, "finite values with std above 0")
		}
	}
	return nil
}

// CheckOpen is Check for a recipe that Fit is still to complete: a Size of 0 is
// no mistake.
func (r Recipe) CheckOpen() error {
	if r.Size == 0 {
		r.Size = maxSize // any, with room for a blur
	}
	return r.Check()
}

// crops reports whether a crop is asked for.
func (r Recipe) crops() bool {
	return r.ScaleMin != 0 || r.ScaleMax != 0 || r.RatioMin != 0 || r.RatioMax != 0
}

// Kernel returns the side of the blur's kernel in pixels.
func (r Recipe) Kernel() int {
	if r.BlurKernel == 0 {
		return max(3, r.Size/10|1)
	}
	return r.BlurKernel
}

// Filter returns how the crop is resized, for the engines beside this package.
func (r Recipe) Filter() filter.Kind {
	return filter.Kind{Bicubic: r.Interpolation == Bicubic, Aliased: r.Aliased}
}

// CheckFor returns an error if r is impossible or cannot be applied to images
// of c channels.
func (r Recipe) CheckFor(c int) error {
	if err := r.Check(); err != nil {
		return err
	}
	if c != 1 && c != 3 {
		return fmt.Errorf("augment: images of %d channels, want 1 or 3", c)
	}
	if n := len(r.Mean); n != 0 && n != c {
		return fmt.Errorf("augment: recipe %q normalises %d channels, but the images have %d: leave mean and std empty and let Fit fill them", r.Name, n, c)
	}
	return nil
}

// Fit returns r with what it leaves open taken from the data: Size becomes the
// height of the images if it is 0, and Mean and Std those of all pixels of
// each channel if both are empty. A channel that is constant gets Std 1. Fit
// panics if d is empty.
func (r Recipe) Fit(d *data.Dataset) Recipe {
	if d.Len() == 0 {
		panic(errors.New("augment: Fit on an empty data set"))
	}
	if r.Size == 0 {
		r.Size = d.H
	}
	if len(r.Mean) != 0 || len(r.Std) != 0 {
		return r
	}
	st, err := data.Measure(d, d.Len())
	if err != nil {
		panic(err) // images in memory can be read
	}
	r.Mean, r.Std = st.Normalisation()
	return r
}
