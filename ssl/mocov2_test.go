package ssl

import (
	"math"
	"slices"
	"testing"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

func mocoV2Parity(symmetric bool) parityCase {
	c := parityCase{
		name: "moco-v2", perEpoch: 5,
		recipe: parityRecipe("moco-v2", Optimizer{Name: "sgd", LR: .05, WarmupEpochs: 1, Momentum: .9, WeightDecay: 1e-4},
			map[string]any{"projector": []int{16, 8}, "queue": 20, "momentum": .9, "momentum_end": .9, "symmetric": symmetric}),
	}
	if c.recipe.Forward = Split; symmetric {
		c.name = "moco-v2-symmetric"
	}
	return c
}

func TestMoCoV2AgainstPyTorch(t *testing.T)             { mocoV2Parity(false).run(t) }
func TestMoCoV2FixtureIsPyTorchs(t *testing.T)          { mocoV2Parity(false).remake(t) }
func TestMoCoV2SymmetricAgainstPyTorch(t *testing.T)    { mocoV2Parity(true).run(t) }
func TestMoCoV2SymmetricFixtureIsPyTorchs(t *testing.T) { mocoV2Parity(true).remake(t) }

// The first view alone is the query, whether views go together or not.
func TestMoCoV2WithoutSymmetryIsSplit(t *testing.T) {
	c := mocoV2Parity(false)
	c.recipe.Forward = Joint
	c.run(t)
}

// All equal: the key is one of 1 + K.
func TestInfoNCEOfEqualRows(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	q := s.Full([]int{4, 2}, 3, torch.Float64, torch.CPU)
	negatives := s.Full([]int{2, 6}, math.Sqrt(.5), torch.Float64, torch.CPU)
	if got, want := InfoNCE(q, q, negatives, .2).Item(), math.Log(7); math.Abs(got-want) > 1e-12 {
		t.Errorf("loss %v, want ln(1+K) = %v", got, want)
	}
}

// What the alarm takes for a collapse is the loss of outputs that are all alike.
func TestMoCoV2Collapse(t *testing.T) {
	m, err := New(mocoV2Parity(true).recipe, 1, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer Free(m)
	s := torch.NewScope()
	defer s.Close()
	q := s.Full([]int{4, 2}, 3, torch.Float64, torch.CPU)
	negatives := s.Full([]int{2, 20}, math.Sqrt(.5), torch.Float64, torch.CPU)
	got := m.(Collapser).Collapse()
	if want := InfoNCE(q, q, negatives, .2).Item(); math.Abs(got.Loss-want) > 1e-12 || got.Minimum {
		t.Errorf("%+v, want a loss of %v, which is no minimum", got, want)
	}
}

// The key is at cosine .6, two negatives at 0 and −1.
func TestInfoNCE(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	q := torch.FromSlice(s, []float64{5, 0}, 1, 2)
	k := torch.FromSlice(s, []float64{3, 4}, 1, 2)
	negatives := torch.FromSlice(s, []float64{0, -1, 1, 0}, 2, 2)
	const tau = .5
	want := -math.Log(math.Exp(.6/tau) / (math.Exp(.6/tau) + 1 + math.Exp(-1/tau)))
	if got := InfoNCE(q, k, negatives, tau).Item(); math.Abs(got-want) > 1e-12 {
		t.Errorf("loss %v, want %v", got, want)
	}
}

// A queue of five columns takes batches of any size; what it holds is what a list
// would that is written round and round.
func TestQueueWraps(t *testing.T) {
	torchtest.NoLeak(t)
	const length = 5
	q := newQueue(2, length, torch.NewGenerator(1, torch.CPU))
	defer nn.Free(q)
	columns := func() []float32 { return torch.ToSlice[float32](q.columns) }
	for i := range length {
		c := columns()
		if norm := math.Hypot(float64(c[i]), float64(c[length+i])); math.Abs(norm-1) > 1e-6 {
			t.Errorf("column %d starts at length %v", i, norm)
		}
	}
	want, next := columns(), 0
	for step, n := range []int{2, 2, 2, 5, 3, 7, 1, 12} {
		s := torch.NewScope()
		keys := make([]float32, 2*n)
		for i := range n {
			keys[2*i], keys[2*i+1] = float32(100*step+i), float32(-100*step-i)
			want[next], want[length+next] = keys[2*i], keys[2*i+1]
			next = (next + 1) % length
		}
		q.push(torch.FromSlice(s, keys, n, 2))
		s.Close()
		if got := columns(); !slices.Equal(got, want) || q.next.ItemInt() != next {
			t.Fatalf("after %d keys: %v, next %d; want %v, %d", n, got, q.next.ItemInt(), want, next)
		}
	}
}

// A ViT has no batch norm: the gradients of a batch in two parts are those of the whole
// batch, and the same keys join the queue.
func TestMoCoV2InParts(t *testing.T) {
	torchtest.NoLeak(t)
	c := mocoV2Parity(false)
	c.recipe.Model, c.recipe.Width, c.recipe.PatchSize = "vit_tiny", 6, 7
	weights := func(parts int) map[string][]float32 {
		e, err := NewEngine(c.recipe, EngineOptions{Channels: 1, PerEpoch: c.perEpoch, double: true})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Free()
		for step := range 4 {
			e.take(parts, func(s *torch.Scope, part int) Batch {
				whole := c.batch(s, e, step)
				if parts == 1 {
					return whole
				}
				half, views := parityBatch/parts, whole.Parts(whole.Views)
				for i, v := range views {
					views[i] = v.Narrow(0, part*half, half)
				}
				return Batch{Views: torch.Cat(views, 0), Size: half}
			})
		}
		all := map[string][]float32{}
		for name, x := range nn.State(e.Trainer) {
			s := torch.NewScope()
			all[name] = torch.ToSlice[float32](s.Use(x).ToDType(torch.Float32))
			s.Close()
		}
		return all
	}
	want := weights(1)
	for name, got := range weights(2) {
		t.Run(name, func(t *testing.T) {
			for i, v := range got {
				if math.Abs(float64(v-want[name][i])) > 1e-6 {
					t.Fatalf("element %d is %v in parts, %v at once", i, v, want[name][i])
				}
			}
		})
	}
}

func TestMoCoV2Refuses(t *testing.T) {
	refuses(t, "moco-v2", map[string]map[string]any{
		"temperature is 0":                  {"temperature": 0.},
		"queue is 0 but must be":            {"queue": 0},
		"projector is empty":                {"projector": []int{}},
		"momentum is 1.5 but must lie":      {"momentum": 1.5},
		"momentum_end is -0.1 but must lie": {"momentum_end": -.1},
	})
}
