package ssl

import (
	"slices"
	"testing"

	"sslmem/torch"
	"sslmem/torch/nn"
)

// Each number of Seeds changes the stream that it is of and no other.
func TestSeedsTellStreamsApart(t *testing.T) {
	plain := tinyLoop(t)
	first := func(l *Loop) (weights []float32, order []int, views []float32) {
		st, err := l.start()
		if err != nil {
			t.Fatal(err)
		}
		defer st.Free()
		for _, x := range nn.State(st.Trainer) {
			weights = append(weights, torch.ToSlice[float32](x)...)
			break
		}
		p := l.plan(slices.Clone(l.Index))
		images, _ := p.step(0)
		order = slices.Clone(images)
		// The views of fixed images, so that the order does not matter.
		alike := newPlan(l.Index, l.Recipe.BatchSize, l.Seed, Alone{})
		alike.views = p.views
		loader := startLoader(l.Data, alike, st.recipe, 0, 1)
		defer loader.Stop()
		batch, err := loader.Next()
		if err != nil {
			t.Fatal(err)
		}
		return weights, order, slices.Clone(batch.Pixels)
	}
	weights, order, views := first(plain)
	for _, c := range []struct {
		name  string
		seeds Seeds
	}{
		{"none", Seeds{}}, {"init", Seeds{Init: 1}}, {"order", Seeds{Order: 1}}, {"views", Seeds{Views: 1}},
	} {
		l := *plain
		l.Seeds = c.seeds
		w, o, v := first(&l)
		for what, got := range map[string][2]bool{
			"weights": {slices.Equal(w, weights), c.seeds.Init == 0},
			"order":   {slices.Equal(o, order), c.seeds.Order == 0},
			"views":   {slices.Equal(v, views), c.seeds.Views == 0},
		} {
			if got[0] != got[1] {
				t.Errorf("%s: the %s are the same: %v, want %v", c.name, what, got[0], got[1])
			}
		}
	}
}

// A checkpoint of other seeds is refused.
func TestResumeRefusesOtherSeeds(t *testing.T) {
	l := tinyLoop(t)
	l.Checkpoints, l.Resume = t.TempDir(), true
	run(t, l)
	l.Seeds.Views = 1
	if _, err := l.Run(t.Context()); err == nil {
		t.Error("a checkpoint with other views was taken")
	}
}
