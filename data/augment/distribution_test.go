package augment_test

import (
	"math"
	"slices"
	"testing"

	"sslmem/data/augment"
)

// drawn is the recipe that make_torchvision.py draws with.
var drawn = augment.Recipe{
	Size: 32, ScaleMin: 0.08, ScaleMax: 1, RatioMin: 3. / 4, RatioMax: 4. / 3, Flip: 0.5, VFlip: 0.5,
	Brightness: 0.8, Contrast: 0.8, Saturation: 0.8, Hue: 0.2, JitterP: 1, Gray: 0.2,
	Blur: 1, BlurMin: 0.1, BlurMax: 2, BlurKernel: 5, Solarize: 0.2, Invert: 0.1,
}

// TestParametersAsTorchvision: no two-sample test tells the parameters drawn
// here from those that torchvision's classes have drawn. Each test rejects at
// a level of 1e-4; seeds are fixed, so what passes once passes always.
func TestParametersAsTorchvision(t *testing.T) {
	f := torchvision(t)
	n := len(values(t, f, "draws.hue"))
	params := make([]augment.Params, n)
	idx := ints(n)
	drawn.DrawAll(params, augment.Key{Seed: 1}, idx, 32, 32)
	jittered := drawn
	jittered.JitterP = 0.8
	for name, of := range map[string]func(p augment.Params) float64{
		"top":        func(p augment.Params) float64 { return float64(p.Top) },
		"left":       func(p augment.Params) float64 { return float64(p.Left) },
		"height":     func(p augment.Params) float64 { return float64(p.Height) },
		"width":      func(p augment.Params) float64 { return float64(p.Width) },
		"brightness": func(p augment.Params) float64 { return p.Brightness },
		"contrast":   func(p augment.Params) float64 { return p.Contrast },
		"saturation": func(p augment.Params) float64 { return p.Saturation },
		"hue":        func(p augment.Params) float64 { return p.Hue },
		"blur":       func(p augment.Params) float64 { return p.Blur },
	} {
		var ours []float64
		for _, p := range params {
			ours = append(ours, of(p))
		}
		if d, limit := kolmogorovSmirnov(ours, values(t, f, "draws."+name)), 2.225*math.Sqrt(2/float64(n)); d > limit {
			t.Errorf("%s: the distributions are %.4f apart, more than %.4f", name, d, limit)
		}
	}
	orders := map[[4]augment.Op]int{}
	var all [][4]augment.Op
	for _, p := range params {
		if orders[p.Order] == 0 {
			all = append(all, p.Order)
		}
		orders[p.Order]++
	}
	slices.SortFunc(all, func(a, b [4]augment.Op) int { return slices.Compare(a[:], b[:]) })
	for name, of := range map[string]func(i int, p augment.Params) float64{
		"order":    func(_ int, p augment.Params) float64 { return float64(slices.Index(all, p.Order)) },
		"flip":     func(_ int, p augment.Params) float64 { return one(p.Flip) },
		"vflip":    func(_ int, p augment.Params) float64 { return one(p.VFlip) },
		"gray":     func(_ int, p augment.Params) float64 { return one(p.Gray) },
		"solarize": func(_ int, p augment.Params) float64 { return one(p.Solarize) },
		"invert":   func(_ int, p augment.Params) float64 { return one(p.Invert) },
		"jitter": func(i int, _ augment.Params) float64 {
			return one(jittered.Draw(augment.Key{Seed: 1}, i, 32, 32).Hue != 0)
		},
	} {
		var ours []float64
		for i, p := range params {
			ours = append(ours, of(i, p))
		}
		kinds := 2
		if name == "order" {
			kinds = 24
		}
		if chi, limit := chiSquare(ours, values(t, f, "draws."+name), kinds), chiLimit(kinds-1); chi > limit {
			t.Errorf("%s: χ² of the counts is %.1f, more than %.1f", name, chi, limit)
		}
	}
}

// TestTwoSampleTests: the tests above would tell other distributions apart.
func TestTwoSampleTests(t *testing.T) {
	f := torchvision(t)
	hue := values(t, f, "draws.hue")
	limit := 2.225 * math.Sqrt(2/float64(len(hue)))
	var wider []float64
	for _, v := range hue {
		wider = append(wider, v*1.25)
	}
	if d := kolmogorovSmirnov(hue, wider); d < limit {
		t.Errorf("a hue wider by a quarter is only %.4f apart", d)
	}
	gray := values(t, f, "draws.gray")
	more := slices.Clone(gray)
	for i := range more {
		if i%10 == 0 {
			more[i] = 1
		}
	}
	if chi := chiSquare(gray, more, 2); chi < chiLimit(1) {
		t.Errorf("a share of 28 %% instead of 20 %% of grey images gives a χ² of only %.1f", chi)
	}
}

// kolmogorovSmirnov returns the largest distance of the two empirical
// distribution functions.
func kolmogorovSmirnov(a, b []float64) float64 {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	worst := 0.
	for i, j := 0, 0; i < len(a) && j < len(b); {
		v := min(a[i], b[j])
		for i < len(a) && a[i] <= v {
			i++
		}
		for j < len(b) && b[j] <= v {
			j++
		}
		worst = max(worst, math.Abs(float64(i)/float64(len(a))-float64(j)/float64(len(b))))
	}
	return worst
}

// chiSquare returns Pearson's statistic of homogeneity of two samples of equal
// length with values 0 … kinds−1.
func chiSquare(a, b []float64, kinds int) float64 {
	counts := make([][2]float64, kinds)
	for i := range a {
		counts[int(a[i])][0]++
		counts[int(b[i])][1]++
	}
	sum := 0.
	for _, c := range counts {
		if c[0]+c[1] > 0 {
			sum += (c[0] - c[1]) * (c[0] - c[1]) / (c[0] + c[1])
		}
	}
	return sum
}

// chiLimit returns the value that χ² of so many degrees of freedom exceeds with
// probability 1e-4, by the approximation of Wilson and Hilferty.
func chiLimit(degrees int) float64 {
	k := 2. / (9 * float64(degrees))
	return float64(degrees) * math.Pow(1-k+3.719*math.Sqrt(k), 3)
}

// TestPipelineAsTorchvision: mean and variance of the pixels of a view, over
// many views of SimCLR's pipeline with blur, are torchvision's within five
// standard errors of the difference.
func TestPipelineAsTorchvision(t *testing.T) {
	f := torchvision(t)
	d := pictures(t, f)
	want := values(t, f, "pipeline") // rows: mean, its error, variance, its error
	r := drawn
	r.Size, r.VFlip, r.JitterP, r.Blur, r.Mean, r.Std = 12, 0, 0.8, 0.5, nil, nil
	const epochs = 500
	n := d.Len() * epochs
	area := r.Size * r.Size
	var sum, squares [6]float64 // of the means of channels, then of the variances
	for e := range epochs {
		x := batch(t, r, d, ints(d.Len()), augment.Key{Seed: 3, Epoch: e}, 0)
		for at := 0; at < len(x); at += area {
			m, q := 0., 0.
			for _, v := range x[at : at+area] {
				m += float64(v)
				q += float64(v) * float64(v)
			}
			m /= float64(area)
			c := at / area % 3
			for k, v := range []float64{m, q/float64(area) - m*m} {
				sum[3*k+c] += v
				squares[3*k+c] += v * v
			}
		}
	}
	for i := range sum {
		mean := sum[i] / float64(n)
		se := math.Sqrt((squares[i]/float64(n) - mean*mean) / float64(n))
		theirs, error := want[i/3*6+i%3], want[i/3*6+3+i%3]
		if math.Abs(mean-theirs) > 5*math.Hypot(se, error) {
			t.Errorf("%s of channel %d is %.5f ± %.5f, torchvision's %.5f ± %.5f", []string{"mean", "variance"}[i/3], i%3, mean, se, theirs, error)
		}
	}
}
