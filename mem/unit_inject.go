package mem

import (
	"context"
	"fmt"
	"math"

	"sslmem/data"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
)

// An Injection is what a unit has memorized after it was replaced by itself
// after some more training.
type Injection struct {
	Epochs int  `json:"epochs"` // of training, 0 before any
	Unit   Unit `json:"unit"`
	// Others is the largest change of UnitMem of any other unit of the layer
	// since before the training, 0 unless something is wrong.
	Others float64 `json:"others"`
}

// Inject trains an encoder further, on a single point say, and asks what that
// does to one unit. train trains b in place for a number of further epochs; it
// is called once for each of the growing numbers of epochs. After each the
// unit alone is taken over into the encoder as it was at the start, see
// [TransplantUnits], and measured as [UnitScorer.Points] does, whose Layers are
// not used. The first result is that before any training. (arXiv:2409.19069
// injects a point into the most memorizing unit and into a dead one.)
//
// b is in the end what it was, bit for bit, also after an error. Measuring is
// done in evaluation mode, training in whatever mode train puts b into.
func (c UnitScorer) Inject(ctx context.Context, b models.Backbone, images data.Images, index []int, unit UnitRef, epochs []int, train func(ctx context.Context, epochs int) error) (results []Injection, err error) {
	for k, n := range epochs {
		if n < 1 || k > 0 && n <= epochs[k-1] {
			return nil, fmt.Errorf("mem: the numbers of epochs %v do not grow", epochs)
		}
	}
	s := torch.NewScope()
	defer s.Close()
	start := Patch(nn.CloneState(s, b))
	defer func() {
		if back := load(b, start); err == nil {
			err = back
		}
	}()
	c.Layers = []string{unit.Layer}
	measure := func() (table *UnitTable, err error) {
		nn.Evaluating(b, func() { table, err = c.Points(ctx, b, images, index) })
		return table, err
	}
	before, err := measure()
	if err != nil {
		return nil, err
	}
	if unit.Unit < 0 || unit.Unit >= len(before.Units) {
		return nil, fmt.Errorf("mem: layer %q has units 0 to %d, and no unit %d", unit.Layer, len(before.Units)-1, unit.Unit)
	}
	results = []Injection{{Unit: before.Units[unit.Unit]}}
	done := 0
	for _, n := range epochs {
		if err := train(ctx, n-done); err != nil {
			return results, err
		}
		done = n
		var after *UnitTable
		err := injected(b, start, unit, func() (err error) { after, err = measure(); return err })
		if err != nil {
			return results, err
		}
		results = append(results, Injection{n, after.Units[unit.Unit], largestChange(before, after, unit.Unit)})
	}
	return results, nil
}

// injected runs fn with b as it was at the start, but for one unit, which is
// that of now; and then makes b what it is now.
func injected(b models.Backbone, start Patch, unit UnitRef, fn func() error) error {
	s := torch.NewScope()
	defer s.Close()
	trained := Patch(nn.CloneState(s, b))
	return Patched(b, start, func() error {
		p, err := TransplantUnits(s, b, trained, []UnitRef{unit})
		if err != nil {
			return err
		}
		return Patched(b, p, fn)
	})
}

// largestChange returns how much the UnitMem of any unit but one differs.
func largestChange(a, b *UnitTable, but int) float64 {
	var most float64
	for i := range a.Units {
		if d := math.Abs(float64(a.Units[i].Mem - b.Units[i].Mem)); i != but && d > most {
			most = d
		}
	}
	return most
}
