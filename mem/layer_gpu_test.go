//go:build gpu

package mem

import (
	"math"
	"testing"

	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// Layers and units on a GPU are those on the CPU, but for the rounding of its
// convolutions, and a patch is made where the encoder is.
func TestLayersOnGPU(t *testing.T) {
	torchtest.NoLeak(t)
	const rounding = 5e-3
	gpu := torch.CUDA(0)
	f, g := encoder(t, 1, 1), encoder(t, 1, 2)
	c, u := scorer(t), unitScorer(t, models.UnitLayers(f)...)
	u.Median = true
	wantLayers := layersOf(t, c, f, g, somePoints(), LayerOptions{})
	wantUnits := unitsOfPoints(t, u, f, somePoints())
	for _, e := range []models.Backbone{f, g} {
		nn.To(e, gpu, torch.ChannelsLast)
	}
	c.Device, u.Device = gpu, gpu
	for i, p := range layersOf(t, c, f, g, somePoints(), LayerOptions{}).Losses {
		columnsClose(t, p, wantLayers.Losses[i], rounding)
	}
	for i, got := range unitsOfPoints(t, u, f, somePoints()).Units {
		if want := wantUnits.Units[i]; math.Abs(float64(got.Mem-want.Mem)) > 10*rounding || math.Abs(float64(got.Median-want.Median)) > 10*rounding {
			t.Errorf("unit %+v, want %+v", got, want)
		}
	}
	s := torch.NewScope()
	defer s.Close()
	p, err := PruneUnits(s, f, []UnitRef{{"conv1.2", 1}})
	if err != nil {
		t.Fatal(err)
	}
	u.Layers = []string{"conv1.2"}
	err = Patched(f, p, func() error {
		if units := unitsOfPoints(t, u, f, somePoints()).Units; !units[1].Dead || units[0].Dead && !wantUnits.Units[0].Dead {
			t.Errorf("pruned: %+v", units)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
