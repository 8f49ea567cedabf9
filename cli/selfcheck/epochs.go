package selfcheck

import (
	"context"
	"fmt"
	"strings"

	"sslmem/mem"
)

// epochs looks at the main arm while it was trained. f and g start alike, so that the
// gap between S_C and S_E is 0 before the first step; UnitMem is not.
func epochs(ctx context.Context, l *Lab) ([]Row, error) {
	a := l.Plan.main()
	at := append(a.snapshots, 0)
	var gaps, units [][]float64 // by epoch and pair
	for _, epoch := range at {
		s, err := l.scores(ctx, a, epoch, a.name)
		if err != nil {
			return nil, err
		}
		gaps = append(gaps, l.gaps(s, mem.Raw))
		u, err := l.meanUnits(ctx, a, epoch)
		if err != nil {
			return nil, err
		}
		units = append(units, u)
	}
	first, middle, last := 0, len(a.snapshots)/2, len(at)-1
	// rate is the rise per 100 epochs, for each pair.
	rate := func(from, to []float64, start, end int) []float64 {
		d := minus(to, from)
		for k := range d {
			d[k] *= 100 / float64(end-start)
		}
		return d
	}
	zero := make([]float64, a.seeds)
	start, half, end := l.epoch(at[first]), l.epoch(at[middle]), l.epoch(0)
	names := func(what string) (string, string) {
		return fmt.Sprintf("%s after epoch %d less that after %d", what, end, start),
			fmt.Sprintf("rise of %s in 100 epochs until %d less that after it", what, half)
	}
	const gap, unit = "m(S_C) − m(S_E)", "mean UnitMem of f"
	gapGrows, gapEarly := names(gap)
	unitGrows, unitEarly := names(unit)
	return []Row{
		mean(gapGrows, Above, minus(gaps[last], gaps[first]), "pairs", a.seeds).noted(l.curve(at, gaps)),
		mean(gapEarly, Above, minus(rate(zero, gaps[middle], 0, half), rate(gaps[middle], gaps[last], half, end)), "pairs", a.seeds),
		mean(unitGrows, Above, minus(units[last], units[first]), "pairs", a.seeds).noted(l.curve(at, units)),
		mean(unitEarly, Above, minus(rate(units[first], units[middle], start, half), rate(units[middle], units[last], half, end)), "pairs", a.seeds),
	}, nil
}

// curve writes the means over pairs at each epoch.
func (l *Lab) curve(at []int, values [][]float64) string {
	var parts []string
	for k, epoch := range at {
		parts = append(parts, fmt.Sprintf("%d: %.4f", l.epoch(epoch), average(values[k])))
	}
	return "epoch " + strings.Join(parts, ", ")
}

// augmentation compares pairs that were trained with mild and with strong crops, each by
// its own views and both by those of the main arm.
func augmentation(ctx context.Context, l *Lab) ([]Row, error) {
	mild, strong := l.Plan.mild(), l.Plan.strong()
	var rows []Row
	for _, by := range []struct{ what, mild, strong string }{
		{"each by its own views", mild.name, strong.name}, {"both by the views of the main pairs", l.Plan.main().name, l.Plan.main().name},
	} {
		a, err := l.scores(ctx, mild, 0, by.mild)
		if err != nil {
			return nil, err
		}
		b, err := l.scores(ctx, strong, 0, by.strong)
		if err != nil {
			return nil, err
		}
		low, high := l.gaps(a, mem.Ratio), l.gaps(b, mem.Ratio)
		rows = append(rows, mean("LayerMem(S_C) − LayerMem(S_E) with crops from 60 % less that with crops from 8 %, "+by.what, Above, minus(low, high), "pairs", mild.seeds).
			noted(fmt.Sprintf("%.4f and %.4f", average(low), average(high))))
	}
	low, err := l.meanUnits(ctx, mild, 0)
	if err != nil {
		return nil, err
	}
	high, err := l.meanUnits(ctx, strong, 0)
	if err != nil {
		return nil, err
	}
	return append(rows, mean("mean UnitMem of f with crops from 60 % less that with crops from 8 %, both by the views of the main pairs", Above, minus(low, high), "pairs", mild.seeds).
		noted(fmt.Sprintf("%.4f and %.4f", average(low), average(high)))), nil
}
