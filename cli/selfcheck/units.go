package selfcheck

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"sslmem/data/rng"
	"sslmem/eval"
	"sslmem/mem"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// unitViews is the number of views that activations are averaged over; 10 were published.
const unitViews = 5

// seenByF are the natural images that f was trained on.
func (l *Lab) seenByF() []int {
	return slices.Concat(l.natural(mem.Shared), l.natural(mem.Candidate))
}

// withF runs fn with an encoder f of an arm.
func (l *Lab) withF(a arm, pair, epoch int, fn func(f models.Backbone) error) error {
	f, err := l.encoder(a, roleF, pair, epoch)
	if err != nil {
		return err
	}
	defer nn.Free(f)
	return fn(f)
}

// unitScorer measures units by the views of the main arm.
func (l *Lab) unitScorer(f models.Backbone) (mem.UnitScorer, error) {
	views, err := l.Plan.views(l.images)
	return mem.UnitScorer{
		Augment: views, Views: unitViews, Seed: rng.Sub(l.Plan.Seed, rng.Word("views of units")),
		Layers: models.UnitLayers(f), BatchSize: layersBatch, Device: torch.CPU,
	}, err
}

// units measures UnitMem of an encoder over images.
func (l *Lab) units(ctx context.Context, f models.Backbone, index []int) (*mem.UnitTable, error) {
	c, err := l.unitScorer(f)
	if err != nil {
		return nil, err
	}
	return c.Points(ctx, f, l.images, index)
}

// classes measures ClassMem of an encoder over what it was trained on.
func (l *Lab) classes(ctx context.Context, f models.Backbone) (*mem.UnitTable, error) {
	c, err := l.unitScorer(f)
	if err != nil {
		return nil, err
	}
	return c.Classes(ctx, f, l.images, l.seenByF())
}

// meanUnits returns the mean UnitMem of all units of f of each pair, over the natural
// images that it was trained on.
func (l *Lab) meanUnits(ctx context.Context, a arm, epoch int) ([]float64, error) {
	if err := l.train(ctx, a); err != nil {
		return nil, err
	}
	var means []float64
	for pair := range a.seeds {
		l.Say("units of f%d of arm %s, epoch %d", pair, a.name, l.epoch(epoch))
		err := l.withF(a, pair, epoch, func(f models.Backbone) error {
			t, err := l.units(ctx, f, l.seenByF())
			if err == nil {
				means = append(means, average(unitMems(t, "")))
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return means, nil
}

// unitMems lists UnitMem of the units of a layer, of all if it is "".
func unitMems(t *mem.UnitTable, layer string) []float64 {
	var x []float64
	for _, u := range t.Units {
		if layer == "" || u.Layer == layer {
			x = append(x, float64(u.Mem))
		}
	}
	return x
}

// ordered returns places from the highest value to the lowest.
func ordered(x []float64) []int {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(x[j], x[i]) })
	return order
}

// unitsAndDejaVu looks at the units of f and at what crops tell.
func unitsAndDejaVu(ctx context.Context, l *Lab) ([]Row, error) {
	a := l.Plan.main()
	s, err := l.scores(ctx, a, 0, a.name)
	if err != nil {
		return nil, err
	}
	outside := 0.
	bounded := 0
	var contrast, overClass, topCost, leastGain []float64
	for pair := range a.seeds {
		l.Say("units and pruning of f%d", pair)
		err := l.withF(a, pair, 0, func(f models.Backbone) error {
			table, err := l.units(ctx, f, l.seenByF())
			if err != nil {
				return err
			}
			for _, u := range unitMems(table, "") {
				outside, bounded = max(outside, -u, u-1), bounded+1
			}
			m := s.PairM(pair, mem.Raw)
			most, least, err := l.unitsOfExtremes(ctx, f, l.values(s, m, mem.Candidate, false))
			if err != nil {
				return err
			}
			contrast = append(contrast, most-least)
			class, err := l.classes(ctx, f)
			if err != nil {
				return err
			}
			overClass = append(overClass, average(unitMems(table, ""))-average(unitMems(class, "")))
			top, random, low, err := l.prune(ctx, f, table)
			topCost, leastGain = append(topCost, random-top), append(leastGain, low-random)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	nan := mem.Number(math.NaN())
	rows := []Row{
		exact("UnitMem outside of [0, 1]", outside, 0, bounded, "units"),
		mean("UnitMem of the top tenth of units over the most memorized third of S_C less that over the least", Above, contrast, "pairs", a.seeds),
		{What: "an image that is injected into a unit raises that unit alone", Expect: Above, Verdict: NotRun, Value: nan, P: nan, CI: mem.Interval{Low: nan, High: nan},
			Unit: "pairs", Note: "it takes a training on one image from a given encoder"},
		mean("accuracy without a random fifth of each layer's units less that without the fifth of highest UnitMem", Above, topCost, "pairs", a.seeds),
		mean("accuracy without the fifth of lowest UnitMem less that without a random one", Above, leastGain, "pairs", a.seeds),
		mean("mean UnitMem − mean ClassMem of f", Above, overClass, "pairs", a.seeds),
	}
	deep, err := l.supervisedUnits(ctx)
	if err != nil {
		return nil, err
	}
	dejaVu, err := l.dejaVu(ctx)
	return append(append(rows, deep), dejaVu...), err
}

// unitsOfExtremes returns the mean UnitMem of the tenth of units with the highest one,
// over the third of the natural images of S_C with the highest m and over that with the
// lowest. m are their scores.
func (l *Lab) unitsOfExtremes(ctx context.Context, f models.Backbone, m []float64) (most, least float64, err error) {
	images, order := l.natural(mem.Candidate), ordered(m)
	third := len(order) / 3
	of := func(places []int) (float64, error) {
		var index []int
		for _, i := range places {
			index = append(index, images[i])
		}
		t, err := l.units(ctx, f, index)
		if err != nil {
			return 0, err
		}
		x := unitMems(t, "")
		slices.SortFunc(x, func(a, b float64) int { return cmp.Compare(b, a) })
		return average(x[:max(1, len(x)/10)]), nil
	}
	if most, err = of(order[:third]); err != nil {
		return 0, 0, err
	}
	least, err = of(order[len(order)-third:])
	return most, least, err
}

// supervisedUnits compares ClassMem and UnitMem of the units of the last layer of
// supervised encoders.
func (l *Lab) supervisedUnits(ctx context.Context) (Row, error) {
	a := l.Plan.other("supervised")
	if err := l.train(ctx, a); err != nil {
		return Row{}, err
	}
	var differences []float64
	for pair := range a.seeds {
		err := l.withF(a, pair, 0, func(f models.Backbone) error {
			points, err := l.units(ctx, f, l.seenByF())
			if err != nil {
				return err
			}
			class, err := l.classes(ctx, f)
			if err != nil {
				return err
			}
			layers := models.UnitLayers(f)
			last := layers[len(layers)-1]
			differences = append(differences, minus(unitMems(class, last), unitMems(points, last))...)
			return nil
		})
		if err != nil {
			return Row{}, err
		}
	}
	return mean("ClassMem − UnitMem of the units of the last layer of supervised f", Above, differences, "units", a.seeds), nil
}

// pruned is the share of each layer's units that is taken away, and randomDraws how
// often random ones are drawn.
const (
	pruned      = .2
	randomDraws = 3
)

// prune returns the accuracy of a linear probe without the units of highest UnitMem,
// random ones, and those of the lowest.
func (l *Lab) prune(ctx context.Context, f models.Backbone, t *mem.UnitTable) (top, random, least float64, err error) {
	accuracy := func(choice mem.Choice, seed uint64) float64 {
		var a float64
		if err == nil {
			a, err = l.accuracyWithout(ctx, f, t, choice, seed)
		}
		return a
	}
	top, least = accuracy(mem.ChooseMost, 0), accuracy(mem.ChooseLeast, 0)
	for k := range randomDraws {
		random += accuracy(mem.ChooseRandom, rng.Sub(l.Plan.Seed, rng.Word("pruned"), uint64(k))) / randomDraws
	}
	return top, random, least, err
}

func (l *Lab) accuracyWithout(ctx context.Context, f models.Backbone, t *mem.UnitTable, choice mem.Choice, seed uint64) (float64, error) {
	units, err := t.Choose(choice, pruned, true, seed)
	if err != nil {
		return 0, err
	}
	s := torch.NewScope()
	defer s.Close()
	patch, err := mem.PruneUnits(s, f, units)
	if err != nil {
		return 0, err
	}
	var result eval.ProbeResult
	err = mem.Patched(f, patch, func() error {
		views, err := l.Plan.views(l.images)
		if err != nil {
			return err
		}
		unseen := l.unseen(l.Plan)
		o := eval.FeatureOptions{Augment: views, Index: unseen[:min(1000, len(unseen))], BatchSize: 256, Device: torch.CPU}
		train, err := eval.Features(ctx, s, f, l.images, o)
		if err != nil {
			return err
		}
		o.Index = l.tested()
		test, err := eval.Features(ctx, s, f, l.test, o)
		if err != nil {
			return err
		}
		result, err = eval.LinearProbe(ctx, train, test, eval.ProbeOptions{Method: "lbfgs", WeightDecay: 1e-2, Standardize: true, Tolerance: 1e-4})
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("accuracy without units: %w", err)
	}
	return result.Top1, nil
}

// tested are the test images that accuracies are of.
func (l *Lab) tested() []int {
	index := make([]int, min(l.test.Len(), l.Plan.Public))
	for i := range index {
		index[i] = i
	}
	return index
}
