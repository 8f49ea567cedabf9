package mem

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// A unit that is trained to be active for one point memorizes that point, more
// with each epoch; no other unit of its layer changes, though the training
// moved them all, and neither does the encoder in the end.
func TestInject(t *testing.T) {
	torchtest.NoLeak(t)
	b, d, index := encoder(t, 1, 1), fashion(t), somePoints()
	s := torch.NewScope()
	defer s.Close()
	kept := nn.CloneState(s, b)
	c := unitScorer(t)
	unit := UnitRef{"conv2.2", 4}
	const target = 2 // a place in index
	calls := 0
	train := func(_ context.Context, epochs int) error {
		calls++
		for range epochs {
			step := torch.NewScope()
			pixels := make([]float32, 0, len(index)*28*28)
			for _, i := range index {
				for _, v := range d.Image(i) {
					pixels = append(pixels, float32(v)/128-1)
				}
			}
			x := torch.FromSlice(step, pixels, len(index), 1, 28, 28)
			_, layers := b.ForwardLayers(x, unit.Layer)
			mu := layers[unit.Layer].MeanDim([]int{2, 3}, false).Select(1, unit.Unit)
			mu.Mean().Div(mu.Select(0, target)).Backward()
			torch.NoGrad(func() {
				for _, p := range nn.Parameters(b) {
					if g := p.Grad(); g != nil {
						p.AddInPlace(g, -.01)
						g.Free()
					} else {
						p.AddScalarInPlace(.001)
					}
				}
			})
			torch.ZeroGrad(nn.Tensors(b))
			step.Close()
		}
		return nil
	}
	results, err := c.Inject(context.Background(), b, d, index, unit, []int{3, 10, 20}, train)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 4 || calls != 3 || results[3].Epochs != 20 {
		t.Fatalf("%d calls, results %+v", calls, results)
	}
	for k, r := range results {
		if r.Others != 0 {
			t.Errorf("after %d epochs another unit changed by %v", r.Epochs, r.Others)
		}
		if r.Unit.Ref() != unit {
			t.Errorf("unit %+v, want %+v", r.Unit.Ref(), unit)
		}
		if k > 0 && r.Unit.Mem <= results[k-1].Unit.Mem {
			t.Errorf("UnitMem is %v after %d epochs, and was %v", r.Unit.Mem, r.Epochs, results[k-1].Unit.Mem)
		}
	}
	if last := results[3].Unit; last.Argmax != index[target] {
		t.Errorf("the unit memorized image %d, want %d", last.Argmax, index[target])
	}
	if names := unlike(b, kept); names != nil {
		t.Errorf("%v are not what they were", names)
	}

	failure := errors.New("no")
	stages := 0
	_, err = c.Inject(context.Background(), b, d, index, unit, []int{1, 2}, func(ctx context.Context, epochs int) error {
		if stages++; stages == 2 {
			return failure
		}
		return train(ctx, epochs)
	})
	if !errors.Is(err, failure) || unlike(b, kept) != nil {
		t.Errorf("error %v, changed %v", err, unlike(b, kept))
	}
	for want, fn := range map[string]func() ([]Injection, error){
		"do not grow": func() ([]Injection, error) {
			return c.Inject(context.Background(), b, d, index, unit, []int{2, 2}, train)
		},
		"no unit 8": func() ([]Injection, error) {
			return c.Inject(context.Background(), b, d, index, UnitRef{"conv2.2", 8}, []int{1}, train)
		},
		"no layer": func() ([]Injection, error) {
			return c.Inject(context.Background(), b, d, index, UnitRef{"conv9", 0}, []int{1}, train)
		},
		"at least 2 poi": func() ([]Injection, error) {
			return c.Inject(context.Background(), b, d, index[:1], unit, []int{1}, train)
		},
	} {
		if _, err := fn(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestChooseUnits(t *testing.T) {
	u := handUnits() // a: .25, .75, dead; b: .75, undefined
	for _, c := range []struct {
		choice   Choice
		fraction float64
		perLayer bool
		want     []UnitRef
	}{
		{ChooseMost, .5, false, []UnitRef{{"a", 1}, {"b", 0}}},
		{ChooseLeast, .5, false, []UnitRef{{"a", 2}, {"a", 0}}},
		{ChooseMost, .34, true, []UnitRef{{"a", 1}}},
		{ChooseLeast, 1, true, []UnitRef{{"a", 2}, {"a", 0}, {"a", 1}, {"b", 0}}},
		{ChooseRandom, 0, false, nil},
	} {
		got, err := u.Choose(c.choice, c.fraction, c.perLayer, 1)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s %v, per layer %v: %v, %v; want %v", c.choice, c.fraction, c.perLayer, got, err, c.want)
		}
	}
	seen := map[string]bool{}
	for seed := range uint64(20) {
		got, err := u.Choose(ChooseRandom, .25, false, seed)
		again, _ := u.Choose(ChooseRandom, .25, false, seed)
		if err != nil || len(got) != 1 || !slices.Equal(got, again) {
			t.Fatalf("seed %d: %v, then %v, %v", seed, got, again, err)
		}
		seen[got[0].Layer+string(rune('0'+got[0].Unit))] = true
	}
	if len(seen) != 4 {
		t.Errorf("20 seeds chose only %v", seen)
	}
	if _, err := u.Choose("best", .5, false, 1); err == nil || !strings.Contains(err.Error(), "use one of most, random, least") {
		t.Errorf("an unknown choice gave %v", err)
	}
	if _, err := u.Choose(ChooseMost, 1.5, false, 1); err == nil {
		t.Error("a fraction of 1.5 was taken")
	}
}
