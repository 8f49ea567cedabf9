package mem

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/torch"
)

// UnitScorer measures what the units of an encoder have memorized. Fill
// Augment, Views and BatchSize at least.
type UnitScorer struct {
	// Augment draws the views: by the definition, as in training. What it
	// leaves open is taken from the data set; see [augment.Recipe.Fit].
	Augment augment.Recipe
	// Views is the number of views that activations are averaged over, 10 in
	// the publication. Those of a point depend on Seed and its index only, and
	// are the ones that a [Scorer] of this Seed draws.
	Views int
	Seed  uint64
	// Layers are names of layers of the encoder, and [FeaturesLayer]. Nil means
	// all, which makes little sense but with Negatives other than refuse.
	Layers    []string
	Negatives Negatives // [RefuseNegatives] by default
	// Median measures the form of the median too. It takes all activations µ,
	// 4 bytes for each unit and point, where the form of the mean takes 32 for
	// each unit in all. MedianBytes bounds them, 256 MiB by default: layers are
	// then measured in several passes over the images, each with the layers that
	// fit together, or with one that does not. 5,000 points and the 4,800 units
	// behind the rectifiers of a ResNet-18 are 96 MB.
	Median      bool
	MedianBytes int
	// BatchSize bounds the views per forward pass; the result does not depend
	// on it beyond float32 rounding.
	BatchSize int
	Device    torch.Device
	// Report, if set, is told after each batch how many points are done, of all
	// passes together.
	Report func(done, total int)
}

const defaultMedianBytes = 256 << 20

// Check returns an error that names the first field with a value that cannot
// be used.
func (c UnitScorer) Check() error {
	switch {
	case c.Views < 1:
		return fmt.Errorf("mem: the units need at least 1 view of a point, not %d", c.Views)
	case c.BatchSize < 1:
		return fmt.Errorf("mem: the batch size of units is %d but must be at least 1", c.BatchSize)
	case c.MedianBytes < 0:
		return fmt.Errorf("mem: the memory for medians is %d bytes but must be at least 0, where 0 stands for 256 MiB", c.MedianBytes)
	}
	if c.Negatives != "" {
		if _, err := ParseNegatives(string(c.Negatives)); err != nil {
			return err
		}
	}
	return c.Augment.CheckOpen()
}

// Points measures UnitMem of all units of the layers over the points index of
// the images, of which there must be at least two. The order of the points does
// not matter, not even in the last bit.
//
// It is an error if an activation is negative and Negatives refuses that, and
// if one is not finite; the error names layer, unit and image. When ctx ends,
// Points ends early with ctx's error.
func (c UnitScorer) Points(ctx context.Context, e LayerEncoder, images data.Images, index []int) (*UnitTable, error) {
	if len(index) < 2 {
		return nil, fmt.Errorf("mem: the memorization of units takes at least 2 points, not %d", len(index))
	}
	t := &UnitTable{Of: OfPoints, N: len(index), Views: c.Views}
	return c.measure(ctx, e, images, index, t, func(names []string, units []int) collector {
		p := &pointUnits{layers: names}
		for _, n := range units {
			p.running = append(p.running, newRunning(n, c.Median))
		}
		return p
	})
}

// Classes measures the same ratio over the classes of the images index: µ is
// the mean over the images of a class, seen whole and without augmentation.
// Over training images that is ClassMem, over others ClassSelectivity. A high
// one says that a unit stands for a class, where a high UnitMem says that it
// stands for a point.
//
// Views is not used, and Augment must be fitted to the training images, since
// fitted to others it would normalise them differently. Every image must have a
// label, and there must be two classes among them at least; for the rest see
// [UnitScorer.Points].
func (c UnitScorer) Classes(ctx context.Context, e LayerEncoder, images data.Images, index []int) (*UnitTable, error) {
	r := c.Augment
	if r.Size == 0 || len(r.Mean) == 0 {
		return nil, errors.New("mem: the recipe of the views leaves size or normalisation open; fit it to the training images first, with views.Fit")
	}
	c.Views = 1
	c.Augment = augment.Recipe{Name: "plain", Size: r.Size, Interpolation: r.Interpolation, Aliased: r.Aliased, Mean: r.Mean, Std: r.Std}
	classes := make([]bool, len(images.ClassNames()))
	count := 0
	for _, i := range index {
		if i < 0 || i >= images.Len() {
			return nil, outside(images, i)
		}
		label := images.Label(i)
		if label < 0 || label >= len(classes) {
			return nil, fmt.Errorf("mem: image %d has no label; measure classes over images that have one", i)
		}
		if !classes[label] {
			classes[label], count = true, count+1
		}
	}
	if count < 2 {
		return nil, fmt.Errorf("mem: the images are of %s, but the measures of classes take at least 2", countClasses(count))
	}
	t := &UnitTable{Of: OfClasses, N: count, Views: 1}
	return c.measure(ctx, e, images, index, t, func(names []string, units []int) collector {
		return newClassUnits(names, units, len(classes), c.Median, images.Label)
	})
}

func countClasses(n int) string {
	if n == 1 {
		return "1 class"
	}
	return fmt.Sprintf("%d classes", n)
}

func outside(images data.Images, i int) error {
	return fmt.Errorf("mem: image %d was asked for, but there are %d", i, images.Len())
}

// A collector takes activations point by point and makes units of them.
type collector interface {
	// add takes the activations of the units of a layer for the image at index i.
	add(layer, i int, mu []float64)
	// finish returns all units, layer by layer, or what is wrong with them.
	finish(n Negatives) ([]Unit, error)
}

// measure fills in the units of t.
func (c UnitScorer) measure(ctx context.Context, e LayerEncoder, images data.Images, index []int, t *UnitTable, collect func(names []string, units []int) collector) (*UnitTable, error) {
	if c.Negatives == "" {
		c.Negatives = RefuseNegatives
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	names, err := resolveLayers(c.Layers, e)
	if err != nil {
		return nil, err
	}
	index = slices.Sorted(slices.Values(index))
	for k, i := range index {
		if k > 0 && i == index[k-1] {
			return nil, fmt.Errorf("mem: image %d was named twice", i)
		}
		if i < 0 || i >= images.Len() {
			return nil, outside(images, i)
		}
	}
	t.Negatives, t.Median = c.Negatives, c.Median
	units, err := c.countUnits(ctx, e, images, index[:1], names)
	if err != nil {
		return nil, err
	}
	passes := c.passes(units, t.N)
	for k, pass := range passes {
		layers := names[pass.from:pass.to]
		into := collect(layers, units[pass.from:pass.to])
		report := func(done, total int) {
			if c.Report != nil {
				c.Report(k*total+done, len(passes)*total)
			}
		}
		if err := c.collect(ctx, e, images, index, layers, into, report); err != nil {
			return nil, err
		}
		measured, err := into.finish(c.Negatives)
		if err != nil {
			return nil, err
		}
		t.Units = append(t.Units, measured...)
	}
	return t, nil
}

// A pass is the layers from … to−1 that are measured together.
type pass struct{ from, to int }

// passes divides layers with the given numbers of units into passes.
func (c UnitScorer) passes(units []int, n int) []pass {
	limit := c.MedianBytes
	if limit == 0 {
		limit = defaultMedianBytes
	}
	all := []pass{{0, 0}}
	bytes := 0
	for i, u := range units {
		last := &all[len(all)-1]
		if c.Median && last.from < last.to && bytes+4*u*n > limit {
			all = append(all, pass{i, i})
			last, bytes = &all[len(all)-1], 0
		}
		last.to, bytes = i+1, bytes+4*u*n
	}
	return all
}

// countUnits returns the number of units of each layer, which it sees in one
// forward pass.
func (c UnitScorer) countUnits(ctx context.Context, e LayerEncoder, images data.Images, index []int, names []string) ([]int, error) {
	units := make([]int, len(names))
	v := stream{images: images, recipe: c.Augment, views: c.Views, seed: c.Seed, batch: c.BatchSize}
	err := v.each(ctx, index, func(b viewBatch) error {
		return c.activations(b, e, names, func(layer int, mu []float64) { units[layer] = len(mu) })
	})
	return units, err
}

// collect gives the activations of all points at some layers to a collector.
func (c UnitScorer) collect(ctx context.Context, e LayerEncoder, images data.Images, index []int, names []string, into collector, report func(done, total int)) error {
	v := stream{images: images, recipe: c.Augment, views: c.Views, seed: c.Seed, batch: c.BatchSize, report: report}
	return v.each(ctx, index, func(b viewBatch) error {
		n := b.to - b.from
		var bad error
		err := c.activations(b, e, names, func(layer int, mu []float64) {
			units := len(mu) / n
			for i, v := range mu {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					bad = fmt.Errorf("mem: unit %d of layer %s gives %v for image %d; the encoder has diverged", i%units, names[layer], v, index[b.from+i/units])
					return
				}
			}
			for i := range n {
				into.add(layer, index[b.from+i], mu[i*units:(i+1)*units])
			}
		})
		if err != nil {
			return err
		}
		return bad
	})
}

// activations calls use with the activations µ of each layer for the points of
// a batch, [n, units] row by row.
func (c UnitScorer) activations(b viewBatch, e LayerEncoder, names []string, use func(layer int, mu []float64)) error {
	err := torch.Try(func() {
		defer torch.LockThread()()
		s := torch.NewScope()
		defer s.Close()
		forwardLayers(e, b.tensor(s, c.Device), names, func(layer int, y *torch.Tensor) {
			inner := torch.NewScope()
			defer inner.Close()
			a := unitMeans(c.Negatives.apply(inner.Use(y))).ToDType(torch.Float64)
			n, units := b.to-b.from, a.Size(1)
			use(layer, torch.ToSlice[float64](a.Reshape([]int{n, c.Views, units}).MeanDim([]int{1}, false)))
		})
	})
	if err != nil {
		return fmt.Errorf("mem: measuring units: %w", err)
	}
	return nil
}
