package mem

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"sslmem/data/augment"
	"sslmem/data/rng"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// flat has the pixels as features.
var flat = encoderFunc(func(x *torch.Tensor) *torch.Tensor { return x.Flatten(1, -1) })

// Views that may be flipped, and nothing else, are an image or its mirror
// image: with the pixels as features, the loss is the distance of these two
// times the share of pairs in which one is flipped and the other is not.
func TestLossOfFlips(t *testing.T) {
	d, index := fashion(t), somePoints()
	c := scorer(t)
	c.Augment = augment.Recipe{Name: "flip", Size: d.H, Flip: .5, Mean: []float32{0}, Std: []float32{1}}
	c.Distance = L2Raw
	p := pair(t, c, flat, flat, d, index)
	for n, i := range index {
		flipped := 0
		for k := range c.Views {
			key := augment.Key{Seed: rng.Sub(c.Seed, rng.Word("score")), View: k}
			if c.Augment.Draw(key, i, d.H, d.W).Flip {
				flipped++
			}
		}
		var square float64
		image := d.Image(i)
		for at, v := range image {
			row, column := at/d.W, at%d.W
			difference := (float64(v) - float64(image[row*d.W+d.W-1-column])) / 255
			square += difference * difference
		}
		pairs := c.Views * (c.Views - 1) / 2
		want := math.Sqrt(square) * float64(flipped*(c.Views-flipped)) / float64(pairs)
		if math.Abs(p.F[n]-want) > 1e-5 {
			t.Errorf("image %d, %d of %d views flipped: loss %v, want %v", i, flipped, c.Views, p.F[n], want)
		}
	}
}

// The number of threads, of libtorch and of Go, moves no loss by more than the
// order of float32 additions does.
func TestThreadsChangeNothing(t *testing.T) {
	d, f, g := fashion(t), encoder(t, 1, 1), encoder(t, 1, 2)
	c := scorer(t)
	want := pair(t, c, f, g, d, somePoints())
	threads, procs := torch.NumThreads(), runtime.GOMAXPROCS(0)
	defer torch.SetNumThreads(threads)
	defer runtime.GOMAXPROCS(procs)
	for _, n := range []int{1, 3} {
		torch.SetNumThreads(n)
		runtime.GOMAXPROCS(n)
		columnsClose(t, pair(t, c, f, g, d, somePoints()), want, rounding)
	}
}

// The error is one sentence that says which encoder failed, and how.
func TestErrorsNameTheEncoder(t *testing.T) {
	torchtest.NoLeak(t)
	for want, bad := range map[string]encoderFunc{
		"nil":          func(*torch.Tensor) *torch.Tensor { return nil },
		"freed":        func(x *torch.Tensor) *torch.Tensor { x.Free(); return x },
		"be a matrix":  func(x *torch.Tensor) *torch.Tensor { return x.Mm(x) },
		"for 20 image": func(x *torch.Tensor) *torch.Tensor { return x },
	} {
		for _, together := range []bool{false, true} {
			c := scorer(t)
			c.Together = together
			for name, encoders := range map[string][2]Encoder{"encoder f": {bad, flat}, "encoder g": {flat, bad}, "encoder": {bad, bad}} {
				_, err := c.Pair(context.Background(), encoders[0], encoders[1], fashion(t), somePoints(), 5)
				if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "\n") {
					t.Errorf("error %q, want one line with %q and %q", err, name, want)
				}
			}
		}
	}
}

// Features that are not numbers are an error that names the encoder and the image,
// and no loss, at whatever layer.
func TestFeaturesThatAreNotFinite(t *testing.T) {
	index := somePoints()
	for _, value := range []float64{math.NaN(), math.Inf(1)} {
		// The second image of the second batch.
		calls := 0
		bad := encoderFunc(func(x *torch.Tensor) *torch.Tensor {
			y := flat(x).MulScalar(1)
			if calls++; calls == 2 {
				y.Narrow(0, 7, 1).MulScalarInPlace(value)
			}
			return y
		})
		_, err := scorer(t).Pair(context.Background(), flat, bad, fashion(t), index, 5)
		if want := fmt.Sprintf("encoder g gives image %d features that are NaN", index[5]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	e := encoder(t, 1, 1)
	torch.NoGrad(func() {
		for _, p := range nn.Parameters(e) {
			p.Fill(math.NaN())
		}
	})
	_, err := scorer(t).Layers(context.Background(), encoder(t, 1, 2), e, fashion(t), index, LayerOptions{Layers: []string{"conv1"}}, 5)
	if want := fmt.Sprintf("layer conv1 of encoder g gives values for image %d that are NaN", index[0]); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one with %q", err, want)
	}
}
