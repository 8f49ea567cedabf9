package mem

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"sslmem/data"
	"sslmem/data/views"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

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
