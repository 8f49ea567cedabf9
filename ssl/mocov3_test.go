package ssl

import (
	"math"
	"testing"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

func mocoV3Parity() parityCase {
	c := parityCase{
		name: "moco-v3", perEpoch: 5, gradients: 3e-3, // of gradients up to 10
		recipe: parityRecipe("moco-v3",
			Optimizer{Name: "lars", LR: .5, WarmupEpochs: 1, Momentum: .9, WeightDecay: 1e-3, ExcludeBiasAndNorm: true, TrustCoefficient: .02},
			map[string]any{"temperature": .5, "projector": []int{16, 8}, "predictor": []int{16, 8}, "momentum": .9}),
	}
	c.recipe.Forward = Split
	return c
}

func mocoV3ViTParity() parityCase {
	c := parityCase{
		name: "moco-v3-vit", perEpoch: 5,
		recipe: parityRecipe("moco-v3", Optimizer{Name: "adamw", LR: 2e-3, WarmupEpochs: 1, WeightDecay: .1},
			map[string]any{
				"temperature": .2, "projector": []int{16, 16, 8}, "predictor": []int{16, 8}, "predictor_norm": true,
				"momentum": .9, "stop_grad_conv1": true,
			}),
	}
	c.recipe.Model, c.recipe.Width, c.recipe.PatchSize = "vit_tiny", 6, 7
	return c
}

func TestMoCoV3AgainstPyTorch(t *testing.T)       { mocoV3Parity().run(t) }
func TestMoCoV3FixtureIsPyTorchs(t *testing.T)    { mocoV3Parity().remake(t) }
func TestMoCoV3ViTAgainstPyTorch(t *testing.T)    { mocoV3ViTParity().run(t) }
func TestMoCoV3ViTFixtureIsPyTorchs(t *testing.T) { mocoV3ViTParity().remake(t) }

// All equal: the key is one of n, and the gradients are scaled by 2τ.
func TestMoCoV3OfEqualRows(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	m := &MoCoV3{temperature: .3, ranks: Alone{}}
	q := s.Full([]int{6, 4}, .5, torch.Float64, torch.CPU)
	if got, want := m.contrast(q, q).Item(), 2*.3*math.Log(6); math.Abs(got-want) > 1e-12 {
		t.Errorf("loss %v, want 2τ·ln n = %v", got, want)
	}
}

// What the alarm takes for a collapse is the loss of outputs that are all alike.
func TestMoCoV3Collapse(t *testing.T) {
	tr, err := New(mocoV3Parity().recipe, 1, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer Free(tr)
	s := torch.NewScope()
	defer s.Close()
	m, q := tr.(*MoCoV3), s.Full([]int{parityBatch, 4}, .5, torch.Float64, torch.CPU)
	got := m.Collapse()
	if want := 2 * m.contrast(q, q).Item(); math.Abs(got.Loss-want) > 1e-12 || got.Minimum {
		t.Errorf("%+v, want a loss of %v, which is no minimum", got, want)
	}
}

// A rank that holds part of the rows.
type partOf struct {
	Alone
	rank int
	rows []*torch.Tensor // of each rank
}

func (p partOf) Rank() int                          { return p.rank }
func (p partOf) World() int                         { return len(p.rows) }
func (p partOf) Gather(*torch.Tensor) *torch.Tensor { return torch.Cat(p.rows, 0) }

// Queries of a rank are compared with the keys of all: the mean of the losses of three
// ranks is that of all rows at once.
func TestMoCoV3AcrossRanks(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	g := torch.NewGenerator(1, torch.CPU)
	draw := func() *torch.Tensor {
		return normalize(g.Normal(s.Empty([]int{12, 5}, torch.Float64, torch.CPU), 0, 1))
	}
	q, k := draw(), draw()
	all := &MoCoV3{temperature: .2, ranks: Alone{}}
	want := all.contrast(q, k).Item()
	keys, got := k.Chunk(3, 0), 0.
	for rank, part := range q.Chunk(3, 0) {
		m := &MoCoV3{temperature: .2, ranks: partOf{rank: rank, rows: keys}}
		got += m.contrast(part, keys[rank]).Item() / 3
	}
	if math.Abs(got-want) > 1e-12 {
		t.Errorf("mean over the ranks %v, want %v", got, want)
	}
}

// The patch embedding is trained only without stop_grad_conv1, and nothing else is frozen.
func TestMoCoV3StopsAtThePatches(t *testing.T) {
	torchtest.NoLeak(t)
	for _, stop := range []bool{true, false} {
		m, err := New(mocoV3ViTParity().recipe.With("stop_grad_conv1", stop), 1, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		for name, p := range nn.Parameters(m.Encoder()) {
			want := !stop || name != "patch_embed.proj.weight" && name != "patch_embed.proj.bias"
			if p.RequiresGrad() != want {
				t.Errorf("stop_grad_conv1 %v: %s is trained: %v", stop, name, p.RequiresGrad())
			}
		}
		Free(m)
	}
}

func TestMoCoV3Refuses(t *testing.T) {
	refuses(t, "moco-v3", map[string]map[string]any{
		"temperature is -1":                 {"temperature": -1.},
		"projector is empty":                {"projector": []int{}},
		"predictor ends with 128 units but": {"predictor": []int{4096, 128}},
		"momentum is 2 but must lie":        {"momentum": 2.},
	})
	r := mocoV3Parity().recipe.With("stop_grad_conv1", true)
	const want = "recipe: stop_grad_conv1 freezes the patch embedding of a ViT, but model is resnet9; set it to false"
	if _, err := New(r, 1, 0, 1); err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
}
