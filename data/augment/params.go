package augment

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"

	"sslmem/data/rng"
)

// Key says which random views are drawn. Together with the index of an image
// it fixes the view of that image, see the package comment.
type Key struct {
	Seed  uint64 // of the run
	Epoch int
	View  int // 0 and 1 for the two views of a training step
}

// Op is one step of the colour jitter, numbered as in torchvision.
type Op uint8

// The four steps of the colour jitter.
const (
	Brightness Op = iota
	Contrast
	Saturation
	Hue
)

// Params are the parameters of one view, what [Recipe.Draw] draws and
// [Recipe.Apply] applies.
type Params struct {
	// The crop, in pixels of the image: rows Top … Top+Height−1 and columns
	// Left … Left+Width−1.
	Top, Left, Height, Width int

	Flip  bool // exchange left and right
	VFlip bool // exchange top and bottom

	// Brightness, Contrast and Saturation are factors, at least 0, with 1 for no
	// change. Hue is a turn in [−0.5, 0.5], with 0 for no change. Order is the
	// order in which the four act.
	Brightness, Contrast, Saturation, Hue float64
	Order                                 [4]Op

	Gray bool // drop the colour, after the jitter

	Blur     float64 // standard deviation of the blur in pixels of the view, 0 for none
	Solarize bool    // invert intensities of a half or more
	Invert   bool    // invert all intensities
}

// Whole returns the parameters that change nothing on an image of h×w pixels.
func Whole(h, w int) Params {
	return Params{
		Height: h, Width: w,
		Brightness: 1, Contrast: 1, Saturation: 1,
		Order: [4]Op{Brightness, Contrast, Saturation, Hue},
	}
}

// check returns an error if p does not fit an image of h×w pixels.
func (p *Params) check(h, w int) error {
	// Written so that no sum can overflow.
	if p.Top < 0 || p.Left < 0 || p.Height < 1 || p.Width < 1 || p.Height > h || p.Width > w || p.Top > h-p.Height || p.Left > w-p.Width {
		return fmt.Errorf("augment: the crop of %d×%d pixels at row %d, column %d does not lie in the image of %d×%d",
			p.Height, p.Width, p.Top, p.Left, h, w)
	}
	for _, f := range [3]float64{p.Brightness, p.Contrast, p.Saturation} {
		if !(f >= 0 && !math.IsInf(f, 0)) {
			return fmt.Errorf("augment: brightness, contrast and saturation are %v, %v and %v, want finite factors of 0 or more", p.Brightness, p.Contrast, p.Saturation)
		}
	}
	if !(p.Hue >= -0.5 && p.Hue <= 0.5) {
		return fmt.Errorf("augment: the hue turns by %v, want a part of a turn in [-0.5, 0.5]", p.Hue)
	}
	if !(p.Blur >= 0 && !math.IsInf(p.Blur, 0)) {
		return fmt.Errorf("augment: the blur is %v, want a finite standard deviation of 0 or more", p.Blur)
	}
	var seen [4]bool
	for _, op := range p.Order {
		if op > Hue || seen[op] {
			return fmt.Errorf("augment: the order of the colour jitter is %v, want a permutation of 0 to 3", p.Order)
		}
		seen[op] = true
	}
	return nil
}

// CheckParams returns an error if p cannot be applied to images of h×w pixels
// by a recipe that is possible.
func (r Recipe) CheckParams(p *Params, h, w int) error {
	if k := r.Kernel(); p.Blur > 0 && k/2 >= r.Size {
		return fmt.Errorf("augment: a view of %d×%[1]d pixels is too small for a blur with a kernel of %d; set blur_kernel", r.Size, k)
	}
	return p.check(h, w)
}

// Draw returns the parameters of view k of image index, for images of h×w
// pixels. They depend on nothing else, and do not depend on Size, Mean and
// Std. Draw panics if h or w is not positive.
func (r Recipe) Draw(k Key, index, h, w int) Params {
	var s source
	s.init()
	return r.draw(&s, k, index, h, w)
}

// DrawAll writes the parameters of view k of the images idx to dst, of the same
// length, as Draw gives them, and allocates nothing.
func (r Recipe) DrawAll(dst []Params, k Key, idx []int, h, w int) {
	if len(dst) != len(idx) {
		panic(fmt.Errorf("augment: DrawAll of %d images into %d parameters", len(idx), len(dst)))
	}
	s := sources.Get().(*source)
	defer sources.Put(s)
	for n, i := range idx {
		dst[n] = r.draw(s, k, i, h, w)
	}
}

var sources = sync.Pool{New: func() any {
	s := new(source)
	s.init()
	return s
}}

// source is a random stream that can be set to the start of another without
// allocation. It must not be copied after init.
type source struct {
	pcg rand.PCG
	*rand.Rand
}

func (s *source) init() { s.Rand = rand.New(&s.pcg) }

// Domains keep the streams of this package apart from all others. The steps
// after the crop have a stream of their own, as the crop takes a variable number
// of draws.
var (
	domain      = rng.Word("augment")
	afterDomain = rng.Word("augment: blur, solarize, invert")
)

// draw takes the draws in one fixed order, needed or not, with the only one of
// variable length at the end: so a change of one field of the recipe leaves
// all other parameters of all views what they were.
func (r *Recipe) draw(s *source, k Key, index, h, w int) Params {
	if h < 1 || w < 1 {
		panic(fmt.Errorf("augment: Draw for an image of %d×%d pixels", h, w))
	}
	rng.Seed(&s.pcg, k.Seed, domain, uint64(k.Epoch), uint64(k.View), uint64(index))
	p := Whole(h, w)
	p.Flip = s.Float64() < r.Flip
	p.VFlip = s.Float64() < r.VFlip
	jitter := s.Float64() < r.JitterP
	b, c, sat, hue := s.Float64(), s.Float64(), s.Float64(), s.Float64()
	for i := 3; i > 0; i-- { // Fisher–Yates
		j := s.IntN(i + 1)
		p.Order[i], p.Order[j] = p.Order[j], p.Order[i]
	}
	if jitter {
		p.Brightness = factor(b, r.Brightness)
		p.Contrast = factor(c, r.Contrast)
		p.Saturation = factor(sat, r.Saturation)
		p.Hue = between(hue, -r.Hue, r.Hue)
	}
	p.Gray = s.Float64() < r.Gray
	if r.crops() {
		r.crop(s, &p, h, w)
	}
	if r.Blur > 0 || r.Solarize > 0 || r.Invert > 0 {
		rng.Seed(&s.pcg, k.Seed, afterDomain, uint64(k.Epoch), uint64(k.View), uint64(index))
		blur, sigma := s.Float64() < r.Blur, s.Float64()
		if blur {
			p.Blur = between(sigma, r.BlurMin, r.BlurMax)
		}
		p.Solarize = s.Float64() < r.Solarize
		p.Invert = s.Float64() < r.Invert
	}
	return p
}

// crop draws the crop as torchvision's RandomResizedCrop.get_params does: an
// area uniform in [ScaleMin, ScaleMax] of the image, a ratio of width to
// height whose logarithm is uniform, ten tries to fit that into the image, and
// then a place for it. If none fits, the largest central crop with an allowed
// ratio is taken.
func (r *Recipe) crop(s *source, p *Params, h, w int) {
	logMin, logMax := math.Log(r.RatioMin), math.Log(r.RatioMax)
	for range 10 {
		area := float64(h*w) * between(s.Float64(), r.ScaleMin, r.ScaleMax)
		ratio := math.Exp(between(s.Float64(), logMin, logMax))
		cw := int(math.RoundToEven(math.Sqrt(area * ratio)))
		ch := int(math.RoundToEven(math.Sqrt(area / ratio)))
		if cw > 0 && cw <= w && ch > 0 && ch <= h {
			p.Height, p.Width = ch, cw
			p.Top = s.IntN(h - ch + 1)
			p.Left = s.IntN(w - cw + 1)
			return
		}
	}
	p.Height, p.Width = h, w
	switch ratio := float64(w) / float64(h); {
	case ratio < r.RatioMin:
		p.Height = max(1, int(math.RoundToEven(float64(w)/r.RatioMin)))
	case ratio > r.RatioMax:
		p.Width = max(1, int(math.RoundToEven(float64(h)*r.RatioMax)))
	}
	p.Top, p.Left = (h-p.Height)/2, (w-p.Width)/2
}

// factor turns u, uniform in [0, 1), into a jitter factor of the given strength.
func factor(u, strength float64) float64 {
	return between(u, max(0, 1-strength), 1+strength)
}

// between turns u, uniform in [0, 1), into a number uniform in [lo, hi).
func between(u, lo, hi float64) float64 { return lo + u*(hi-lo) }
