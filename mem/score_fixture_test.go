package mem

import (
	"context"
	"math"
	"testing"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/rng"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// encoder returns a small network in evaluation mode, freed when the test ends.
func encoder(t *testing.T, channels int, seed uint64) models.Backbone {
	t.Helper()
	e, err := models.New(models.Config{Model: "resnet9", Width: 4, InChannels: channels}, torch.NewGenerator(seed, torch.CPU))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nn.Free(e) })
	nn.SetTraining(e, false)
	return e
}

// encoderFunc is an Encoder that is only a function.
type encoderFunc func(x *torch.Tensor) *torch.Tensor

func (f encoderFunc) Forward(x *torch.Tensor) *torch.Tensor { return f(x) }

func fashion(t *testing.T) *data.Dataset {
	t.Helper()
	d, _, err := data.FashionMNIST()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// colourful returns 12 images of coloured noise.
func colourful() *data.Dataset {
	d := &data.Dataset{Name: "noise", C: 3, H: 20, W: 20, Pixels: make([]uint8, 12*3*20*20)}
	r := rng.New(3)
	for i := range d.Pixels {
		d.Pixels[i] = uint8(r.UintN(256))
	}
	return d
}

func scorer(t *testing.T) Scorer {
	t.Helper()
	views, err := augment.Lookup("demo")
	if err != nil {
		t.Fatal(err)
	}
	return Scorer{Augment: views, Views: 5, Seed: 11, Distance: L2, BatchSize: 20, Device: torch.CPU}
}

// somePoints are ten images in no order.
func somePoints() []int { return []int{17, 3, 4000, 256, 5999, 0, 31, 2048, 77, 1234} }

func pair(t *testing.T, c Scorer, f, g Encoder, d *data.Dataset, index []int) PairLoss {
	t.Helper()
	p, err := c.Pair(context.Background(), f, g, d, index, 5)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// features returns those of the K views of one image, [K, D], each view drawn
// and encoded by itself.
func features(t *testing.T, c Scorer, e Encoder, d *data.Dataset, index int) [][]float64 {
	t.Helper()
	recipe := c.Augment.Fit(d)
	views := make([][]float64, c.Views)
	pixels := make([]float32, d.C*recipe.Size*recipe.Size)
	for k := range views {
		key := augment.Key{Seed: rng.Sub(c.Seed, rng.Word("score")), View: k}
		params := recipe.Draw(key, index, d.H, d.W)
		if err := recipe.Apply(pixels, d.Image(index), d.C, d.H, d.W, params); err != nil {
			t.Fatal(err)
		}
		s := torch.NewScope()
		torch.NoGrad(func() {
			x := torch.FromSlice(s, pixels, 1, d.C, recipe.Size, recipe.Size)
			views[k] = torch.ToSlice[float64](e.Forward(x))
		})
		s.Close()
	}
	return views
}

// columnsClose checks that all columns of two pairs agree, up to tolerance.
func columnsClose(t *testing.T, got, want PairLoss, tolerance float64) {
	t.Helper()
	wants := want.columns()
	for c, column := range got.columns() {
		if len(column.values) != len(wants[c].values) {
			t.Errorf("%s has %d values, want %d", column.name, len(column.values), len(wants[c].values))
			continue
		}
		for i, w := range wants[c].values {
			if v := column.values[i]; !(math.Abs(v-w) <= tolerance) {
				t.Errorf("%s of point %d is %v, want %v ± %g", column.name, i, v, w, tolerance)
			}
		}
	}
}
