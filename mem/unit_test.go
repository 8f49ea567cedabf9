package mem

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sslmem/data"
	"sslmem/data/rng"
	"sslmem/data/views"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
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

func TestDeadUnitsAndNegatives(t *testing.T) {
	torchtest.NoLeak(t)
	// Unit 0 is dead, unit 1 always −1, unit 2 the mean of the pixels.
	e := drawnLayers(func(x *torch.Tensor) *torch.Tensor {
		mean := x.MeanDim([]int{1, 2, 3}, false).Unsqueeze(1)
		return torch.Cat([]*torch.Tensor{mean.ZerosLike(), mean.OnesLike().Neg(), mean}, 1)
	})
	c := unitScorer(t, "a")
	_, err := c.Points(context.Background(), e, fashion(t), somePoints())
	if err == nil || !strings.Contains(err.Error(), `unit 1 of layer a has the negative activation -1`) {
		t.Errorf("a negative activation gave %v", err)
	}
	for negatives, want := range map[Negatives]string{
		RectifyNegatives:   "true false",
		AbsoluteNegatives:  "false false",
		UnboundedNegatives: "false true",
	} {
		c.Negatives = negatives
		units := unitsOfPoints(t, c, e, somePoints()).Units
		if dead := units[0]; !dead.Dead || dead.Mem != 0 || dead.Argmax != -1 || dead.Unbounded {
			t.Errorf("%s: the dead unit is %+v", negatives, dead)
		}
		if got := fmt.Sprint(units[1].Dead, units[1].Unbounded); got != want || units[1].Mem != 0 {
			t.Errorf("%s: the negative unit is %+v", negatives, units[1])
		}
		if units[2].Dead {
			t.Errorf("%s: the mean of the pixels is dead", negatives)
		}
	}
}

// The measures of classes are the same ratio of the means of whole images.
func TestClassesByTheDefinition(t *testing.T) {
	torchtest.NoLeak(t)
	e, d := encoder(t, 1, 1), fashion(t)
	index := make([]int, 30)
	for i := range index {
		index[i] = 100 + i
	}
	c := unitScorer(t, "conv3.2")
	c.Median = true
	c.Augment.Mean, c.Augment.Std = nil, nil
	if _, err := c.Classes(context.Background(), e, d, index); err == nil || !strings.Contains(err.Error(), "views.Fit") {
		t.Errorf("an open recipe gave %v", err)
	}
	var err error
	if c.Augment, err = views.Fit(c.Augment, d); err != nil {
		t.Fatal(err)
	}
	table, err := c.Classes(context.Background(), e, d, index)
	if err != nil {
		t.Fatal(err)
	}
	sum, count := map[int][]float64{}, map[int]float64{}
	for _, i := range index {
		pixels := make([]float32, c.Augment.Size*c.Augment.Size)
		if err := c.Augment.Plain(pixels, d, []int{i}); err != nil {
			t.Fatal(err)
		}
		s := torch.NewScope()
		x := torch.FromSlice(s, pixels, 1, 1, c.Augment.Size, c.Augment.Size)
		torch.NoGrad(func() {
			_, layers := e.ForwardLayers(x, "conv3.2")
			mu := torch.ToSlice[float64](layers["conv3.2"].MeanDim([]int{2, 3}, false))
			label := d.Label(i)
			if sum[label] == nil {
				sum[label] = make([]float64, len(mu))
			}
			for u, v := range mu {
				sum[label][u] += v
			}
			count[label]++
		})
		s.Close()
	}
	if table.Of != OfClasses || table.N != len(count) || len(table.Units) != 16 {
		t.Fatalf("%s %d, %d units", table.Of, table.N, len(table.Units))
	}
	for _, u := range table.Units {
		var mu []float64
		var classes []int
		for label := range d.Classes {
			if count[label] > 0 {
				mu, classes = append(mu, sum[label][u.Unit]/count[label]), append(classes, label)
			}
		}
		mean, median, at := UnitMemOf(mu)
		if math.Abs(float64(u.Mem-mean)) > 1e-5 || math.Abs(float64(u.Median-median)) > 1e-5 || u.Argmax != classes[at] && !u.Dead {
			t.Errorf("unit %+v, want %v, %v of class %d", u, mean, median, classes[at])
		}
	}
}

func TestUnusableUnits(t *testing.T) {
	torchtest.NoLeak(t)
	e, d := encoder(t, 1, 1), fashion(t)
	nan := drawnLayers(func(x *torch.Tensor) *torch.Tensor {
		return x.MeanDim([]int{2, 3}, false).MulScalar(math.Inf(1)).MulScalar(0)
	})
	five := drawnLayers(func(x *torch.Tensor) *torch.Tensor { return x.Unsqueeze(1) })
	unlabelled := *d
	unlabelled.Labels, unlabelled.Classes = nil, nil
	points := func(e LayerEncoder, index []int, change func(*UnitScorer)) func() error {
		return func() error {
			c := unitScorer(t, e.Layers()[0])
			c.Negatives = UnboundedNegatives
			if change != nil {
				change(&c)
			}
			_, err := c.Points(context.Background(), e, d, index)
			return err
		}
	}
	classes := func(d *data.Dataset, index []int) func() error {
		return func() error {
			c := unitScorer(t)
			c.Augment.Size, c.Augment.Mean, c.Augment.Std = 28, []float32{.5}, []float32{.5}
			_, err := c.Classes(context.Background(), e, d, index)
			return err
		}
	}
	for want, fn := range map[string]func() error{
		"at least 2 points":                   points(e, []int{3}, nil),
		"image 5 was named twice":             points(e, []int{5, 1, 5}, nil),
		"image 6000 was asked for":            points(e, []int{5, 6000}, nil),
		"unit 0 of layer a gives NaN for":     points(nan, []int{5, 6}, nil),
		"the layer gave shape [3 1 1 28 28]":  points(five, []int{5, 6}, nil),
		"no layer":                            points(e, []int{5, 6}, func(c *UnitScorer) { c.Layers = []string{"conv9"} }),
		"at least 1 view":                     points(e, []int{5, 6}, func(c *UnitScorer) { c.Views = 0 }),
		"batch size":                          points(e, []int{5, 6}, func(c *UnitScorer) { c.BatchSize = 0 }),
		"use one of refuse, relu":             points(e, []int{5, 6}, func(c *UnitScorer) { c.Negatives = "drop" }),
		"memory for medians":                  points(e, []int{5, 6}, func(c *UnitScorer) { c.MedianBytes = -1 }),
		"image 7 has no label":                classes(&unlabelled, []int{7, 8}),
		"the images are of 1 class":           classes(d, []int{7}),
		"image -1 was asked for, but there a": classes(d, []int{-1}),
	} {
		if err := fn(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := unitScorer(t, "conv1.2").Points(ctx, e, d, somePoints()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

// However many points there are, what is alive is a batch, and what is kept
// without the median is a few numbers a unit.
func TestUnitsMemoryIsBounded(t *testing.T) {
	torchtest.NoLeak(t)
	e := &counting{Backbone: encoder(t, 1, 1)}
	c := unitScorer(t, "conv1.2", "res2.1.2")
	c.BatchSize = 6 // two points
	most := func(points int) int {
		e.most = 0
		index := make([]int, points)
		for i := range index {
			index[i] = i
		}
		unitsOfPoints(t, c, e, index)
		return e.most
	}
	few := most(4)
	if many := most(40); many != few {
		t.Errorf("%d tensors alive with 4 points, %d with 40", few, many)
	}
	r := newRunning(3, false)
	for i := range 1000 {
		r.add(i, []float64{1, 2, 3})
	}
	if len(r.rest) != 3 || r.table != nil {
		t.Error("activations are kept for the mean")
	}
}

// What a batch norm gives, rectified, is what the ReLU behind it gives; and all
// units of the layers that are measured by default lie in [0, 1].
func TestRectifiedUnits(t *testing.T) {
	torchtest.NoLeak(t)
	e, err := models.New(models.Config{Model: "resnet18", Width: 3, InChannels: 1}, torch.NewGenerator(1, torch.CPU))
	if err != nil {
		t.Fatal(err)
	}
	defer nn.Free(e)
	nn.SetTraining(e, false)
	c := unitScorer(t, append(models.UnitLayers(e), "bn1")...)
	c.Negatives, c.Median = RectifyNegatives, true
	table := unitsOfPoints(t, c, e, somePoints()[:5])
	var norm, relu []Unit
	for _, u := range table.Units {
		if !(0 <= u.Mem && u.Mem <= 1) || !(0 <= u.Median && u.Median <= 1) || u.Unbounded {
			t.Errorf("unit %+v is not in [0, 1]", u)
		}
		layer := u.Layer
		u.Layer = ""
		switch layer {
		case "bn1":
			norm = append(norm, u)
		case "relu":
			relu = append(relu, u)
		}
	}
	if len(norm) != 3 || fmt.Sprint(norm) != fmt.Sprint(relu) {
		t.Errorf("rectified %+v, want %+v", norm, relu)
	}
}
