package mem

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"sslmem/data/rng"
	"sslmem/torch"
	"sslmem/torch/torchtest"
)

func TestUnitMemAnchors(t *testing.T) {
	for _, c := range []struct {
		mu           []float64
		mean, median float64
		highest      int
	}{
		{[]float64{1, 0, 0, 0}, 1, 1, 0},
		{[]float64{1, 1, 1, 1}, 0, 0, 0},
		{[]float64{3, 1, 1, 1}, .5, .5, 0},
		{[]float64{1, 1, 3, 1}, .5, .5, 2},
		{[]float64{0, 0, 0}, 0, 0, 0},
		{[]float64{.1, .1, .1, .1, .1, .1, .1}, 0, 0, 0},
		{[]float64{0, 1, 2, 9}, .8, .8, 3},
		{[]float64{8, 0, 0, 6}, .6, 1, 0},         // mean 2, median 0
		{[]float64{9, 0, 2, 4, 6}, .5, .5, 0},     // mean and median 3, between 2 and 4
		{[]float64{5, 7, 7}, 1. / 13, 1. / 13, 1}, // the first of two
	} {
		mean, median, highest := UnitMemOf(c.mu)
		if math.Abs(float64(mean)-c.mean) > 1e-15 || math.Abs(float64(median)-c.median) > 1e-15 || highest != c.highest {
			t.Errorf("UnitMemOf(%v) = %v, %v, %d; want %v, %v, %d", c.mu, mean, median, highest, c.mean, c.median, c.highest)
		}
	}
	if UnitMem(1, -1).Defined() {
		t.Error("(1 + 1)/(1 − 1) is defined")
	}
}

// Of activations that are not negative every unit lies in [0, 1], in either
// form, and no order of the points changes a bit of the highest.
func TestUnitMemBounds(t *testing.T) {
	r := rng.New(5)
	for range 300 {
		mu := make([]float64, 2+r.IntN(9))
		for i := range mu {
			mu[i] = max(0, r.Float64()-.3) * math.Pow(10, float64(r.IntN(7)-3))
			if i > 0 && r.IntN(3) == 0 {
				mu[i] = mu[i-1]
			}
		}
		mean, median, highest := UnitMemOf(mu)
		if !(0 <= mean && mean <= 1) || !(0 <= median && median <= 1) || mu[highest] != slices.Max(mu) {
			t.Fatalf("UnitMemOf(%v) = %v, %v, %d", mu, mean, median, highest)
		}
		turned, turnedMedian, _ := UnitMemOf(pick(mu, r.Perm(len(mu))))
		if math.Abs(float64(turned-mean)) > 1e-14 || turnedMedian != median {
			t.Errorf("%v in another order gives %v and %v, want %v and %v", mu, turned, turnedMedian, mean, median)
		}
	}
}

func unitScorer(t *testing.T, layers ...string) UnitScorer {
	t.Helper()
	return UnitScorer{Augment: scorer(t).Augment, Views: 3, Seed: 11, Layers: layers, BatchSize: 20, Device: torch.CPU}
}

func unitsOfPoints(t *testing.T, c UnitScorer, e LayerEncoder, index []int) *UnitTable {
	t.Helper()
	table, err := c.Points(context.Background(), e, fashion(t), index)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// All units of a convolutional network and of a transformer are what PyTorch
// computes of what forward hooks see.
func TestUnitsAgainstPyTorch(t *testing.T) {
	fixture := torchtest.Fixture(t, layersFile)
	torchtest.NoLeak(t)
	index := slices.Sorted(slices.Values(somePoints()[:layerPoints]))
	for _, name := range []string{"conv", "tokens"} {
		want := torchtest.Group(fixture, name)
		e := &player{layers: torchtest.Part(want, "f:")}
		c := unitScorer(t)
		c.Views, c.BatchSize, c.Median, c.Negatives = layerViews, 8, true, RectifyNegatives
		e.next = -layerViews // it is asked how many units there are, first
		table, err := c.Points(context.Background(), skipFirst{e}, fashion(t), index)
		if err != nil {
			t.Fatal(err)
		}
		layers := map[string]*[3][]float64{}
		for _, u := range table.Units {
			if layers[u.Layer] == nil {
				layers[u.Layer] = new([3][]float64)
			}
			l := layers[u.Layer]
			l[0], l[1], l[2] = append(l[0], float64(u.Mem)), append(l[1], float64(u.Median)), append(l[2], float64(u.Max))
			mu := torch.ToSlice[float64](want["units."+u.Layer])
			if at := slices.Index(index, u.Argmax); !u.Dead && mu[at*len(mu)/layerPoints+u.Unit] < float64(u.Max)-1e-6 {
				t.Errorf("%s: image %d is not the highest of unit %d of %s", name, u.Argmax, u.Unit, u.Layer)
			}
		}
		if len(layers) < 6 {
			t.Errorf("%s: %d layers", name, len(layers))
		}
		for layer, got := range layers {
			torchtest.Close(t, got[0], torch.ToSlice[float64](want["ratio."+layer]), nil, 1e-5, 1e-5)
			torchtest.Close(t, got[1], torch.ToSlice[float64](want["median."+layer]), nil, 1e-5, 1e-5)
		}
	}
}

// skipFirst gives a player's first rows when it plays none yet.
type skipFirst struct{ *player }

func (s skipFirst) ForwardLayers(x *torch.Tensor, names ...string) (*torch.Tensor, map[string]*torch.Tensor) {
	if s.next < 0 {
		s.next = 0
		defer func() { s.next = 0 }()
	}
	return s.player.ForwardLayers(x, names...)
}

// Activations are the means over map and views, drawn and computed one by one.
func TestUnitsByTheDefinition(t *testing.T) {
	torchtest.NoLeak(t)
	e, d, index := encoder(t, 1, 1), fashion(t), somePoints()[:4]
	c := unitScorer(t, "res1.0.2", "conv1.0")
	c.Negatives, c.Median = AbsoluteNegatives, true
	table := unitsOfPoints(t, c, e, index)
	mu := map[string][][]float64{"conv1.0": make([][]float64, 4), "res1.0.2": make([][]float64, 8)}
	for _, i := range index {
		for layer, units := range mu {
			sum := make([]float64, len(units))
			abs := encoderFunc(func(x *torch.Tensor) *torch.Tensor {
				_, layers := e.ForwardLayers(x, layer)
				return layers[layer].Abs().MeanDim([]int{2, 3}, false)
			})
			s := scorer(t)
			s.Views = 3
			for _, view := range features(t, s, abs, d, i) {
				for u, v := range view {
					sum[u] += v / 3
				}
			}
			for u := range units {
				units[u] = append(units[u], sum[u])
			}
		}
	}
	if len(table.Units) != 12 || table.Units[0].Layer != "conv1.0" || table.Units[11].Unit != 7 {
		t.Fatalf("units %+v", table.Units)
	}
	for _, u := range table.Units {
		mean, median, at := UnitMemOf(mu[u.Layer][u.Unit])
		if math.Abs(float64(u.Mem-mean)) > 1e-5 || math.Abs(float64(u.Median-median)) > 1e-5 || u.Argmax != index[at] && !u.Dead {
			t.Errorf("unit %+v, want %v, %v of image %d", u, mean, median, index[at])
		}
		if u.Dead != (slices.Max(mu[u.Layer][u.Unit]) == 0) || u.Unbounded {
			t.Errorf("unit %+v is wrongly dead or unbounded", u)
		}
	}
}

// Batch size, order and the number of passes do not matter.
func TestUnitsInvariance(t *testing.T) {
	torchtest.NoLeak(t)
	e, index := encoder(t, 1, 1), somePoints()
	c := unitScorer(t, "conv1.2", "conv2.2", "res2.1.2", FeaturesLayer)
	c.Median = true
	want := unitsOfPoints(t, c, e, index)
	t.Run("order", func(t *testing.T) {
		if got := unitsOfPoints(t, c, e, pick(index, rng.New(1).Perm(len(index)))); !sameUnits(got, want) {
			t.Error("the order of the points changes units")
		}
	})
	t.Run("passes", func(t *testing.T) {
		c := c
		var reports [][2]int
		c.MedianBytes, c.Report = 4*len(index)*8, func(done, total int) { reports = append(reports, [2]int{done, total}) }
		if got := unitsOfPoints(t, c, e, index); !sameUnits(got, want) {
			t.Error("the number of passes changes units")
		}
		if last := reports[len(reports)-1]; last != [2]int{40, 40} {
			t.Errorf("the last report is %v, want 40 of 40 (4 passes)", last)
		}
	})
	t.Run("batch size", func(t *testing.T) {
		c := c
		for _, c.BatchSize = range []int{1, 7, 1000} {
			got := unitsOfPoints(t, c, e, index)
			for i, u := range got.Units {
				if w := want.Units[i]; math.Abs(float64(u.Mem-w.Mem)) > 1e-5 || u.Argmax != w.Argmax || u.Layer != w.Layer || u.Unit != w.Unit {
					t.Errorf("batch size %d: unit %+v, want %+v", c.BatchSize, u, w)
				}
			}
		}
	})
	t.Run("without median", func(t *testing.T) {
		c := c
		c.Median = false
		for i, u := range unitsOfPoints(t, c, e, index).Units {
			w := want.Units[i]
			if u.Median.Defined() || u.RestMedian.Defined() || u.Mem != w.Mem {
				t.Errorf("unit %+v, want %+v without median", u, w)
			}
		}
	})
}

// sameUnits compares to the last bit, where undefined is undefined.
func sameUnits(a, b *UnitTable) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

func TestPasses(t *testing.T) {
	c := UnitScorer{Median: true, MedianBytes: 400}
	for _, test := range []struct {
		units []int
		want  []pass
	}{
		{[]int{4, 4, 2}, []pass{{0, 3}}},
		{[]int{4, 4, 4, 4}, []pass{{0, 2}, {2, 4}}},
		{[]int{4, 40, 4}, []pass{{0, 1}, {1, 2}, {2, 3}}},
		{[]int{40}, []pass{{0, 1}}},
	} {
		if got := c.passes(test.units, 10); !reflect.DeepEqual(got, test.want) {
			t.Errorf("passes of %v: %v, want %v", test.units, got, test.want)
		}
	}
	c.Median = false
	if got := c.passes([]int{40, 40, 40}, 10); len(got) != 1 {
		t.Errorf("%d passes without median", len(got))
	}
}

// drawnLayers is an encoder whose layer "a" gives what fn says of the pixels.
type drawnLayers func(x *torch.Tensor) *torch.Tensor

func (drawnLayers) Layers() []string { return []string{"a"} }

func (fn drawnLayers) ForwardLayers(x *torch.Tensor, names ...string) (*torch.Tensor, map[string]*torch.Tensor) {
	return x.Flatten(1, -1), map[string]*torch.Tensor{"a": fn(x)}
}
