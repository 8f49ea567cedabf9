package ssl

import (
	"math"
	"slices"
	"strings"
	"testing"

	"sslmem/data/augment"
	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// maeRecipe is that of testdata/mae.py.
func maeRecipe(method string, options map[string]any) Recipe {
	all := map[string]any{"decoder_dim": 8, "decoder_depth": 2, "decoder_heads": 2}
	for k, v := range options {
		all[k] = v
	}
	o := Optimizer{Name: "adamw", LR: .01, WarmupEpochs: 1, Betas: []float64{.9, .95}, WeightDecay: .05, ExcludeBiasAndNorm: true}
	r := parityRecipe(method, o, all)
	r.Model, r.Width, r.PatchSize, r.PosEmbed = "vit_tiny", 12, 4, models.SinCosPos
	return r
}

var maeParity = parityCase{name: "mae", perEpoch: 5, recipe: maeRecipe("mae", nil)}

func TestMAEAgainstPyTorch(t *testing.T)    { maeParity.run(t) }
func TestMAEFixtureIsPyTorchs(t *testing.T) { maeParity.remake(t) }

// Patches as they are, and not normalized.
func TestMAEOfPlainPixelsAgainstPyTorch(t *testing.T) {
	torchtest.NoLeak(t)
	c := maeParity
	c.recipe = c.recipe.With("norm_pix", false)
	fixture := torchtest.Fixture(t, "testdata/mae.safetensors")
	e := c.engine(t, fixture, true)
	defer e.Free()
	s := torch.NewScope()
	defer s.Close()
	loss := e.Trainer.Forward(c.batch(s, e, 0)).Loss
	torchtest.Close(t, []float64{loss.Item()}, torch.ToSlice[float64](fixture["plain"]), nil, 1e-6, 0)
}

// newMAETest returns the networks and a batch of four views for them.
func newMAETest(t *testing.T, s *torch.Scope, r Recipe) (*MAE, Batch) {
	t.Helper()
	trainer, err := New(r, 1, 0, 5)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Free(trainer) })
	m := trainer.(*MAE)
	return m, maeBatch(s, m.Mask(), 4)
}

// maeBatch returns n views of noise with an order of their patches.
func maeBatch(s *torch.Scope, mask augment.Mask, n int) Batch {
	patches := mask.Patches(paritySide)
	order := make([]int, n*patches)
	index := make([]int, n)
	for i := range index {
		index[i] = i
	}
	mask.Batch(order, augment.Key{Seed: 1}, index)
	wide := make([]int64, len(order))
	for i, p := range order {
		wide[i] = int64(p)
	}
	g := torch.NewGenerator(7, torch.CPU)
	return Batch{
		Views: g.Normal(s.Empty([]int{n, 1, paritySide, paritySide}, torch.Float32, torch.CPU), 0, 1),
		Order: torch.FromSlice(s, wide, n, patches), Size: n,
	}
}

// Of the 256 patches of 2 pixels of a CIFAR image, 192 are hidden.
func TestMAEHidesThreeQuarters(t *testing.T) {
	torchtest.NoLeak(t)
	r := maeRecipe("mae", nil)
	r.PatchSize, r.Augment.Size = 2, 32
	trainer, err := New(r, 3, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer Free(trainer)
	m := trainer.(*MAE)
	if hidden := m.Mask().Patches(32) - m.visible(); hidden != 192 {
		t.Errorf("%d of 256 patches are hidden, want 192", hidden)
	}
	s := torch.NewScope()
	defer s.Close()
	order := s.Arange(0, 256, 1, torch.Int64, torch.CPU).Unsqueeze(0)
	x := s.Zeros([]int{1, 3, 32, 32}, torch.Float32, torch.CPU)
	if tokens := m.encode(x, order); tokens.Size(1) != 1+64 {
		t.Errorf("the encoder gives %d tokens, want 65", tokens.Size(1))
	}
}

// Patches go row by row, and within them rows, columns and channels.
func TestPatchify(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	const c, h, w = 2, 4, 6
	values := make([]float64, c*h*w) // 100·channel + 10·row + column
	for i := range values {
		values[i] = float64(100*(i/(h*w)) + 10*(i/w%h) + i%w)
	}
	images := torch.FromSlice(s, values, 1, c, h, w)
	patches := Patchify(images, 2)
	if shape := patches.Shape(); !slices.Equal(shape, []int{1, 6, 8}) {
		t.Fatalf("shape %v, want [1 6 8]", shape)
	}
	got := torch.ToSlice[float64](patches.Select(1, 4)) // second row of patches, second column
	if want := []float64{22, 122, 23, 123, 32, 132, 33, 133}; !slices.Equal(got, want) {
		t.Errorf("patch 4 is %v, want %v", got, want)
	}
	if back := torch.ToSlice[float64](Unpatchify(patches, 2, 2, 3)); !slices.Equal(back, values) {
		t.Error("Unpatchify does not give the images back")
	}
}

// 1, 2, 3, 6 have the mean 3 and the variance 14/3.
func TestNormPatches(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	patches := torch.FromSlice(s, []float64{1, 2, 3, 6, 5, 5, 5, 5}, 1, 2, 4)
	normalized, mean, std := NormPatches(patches)
	d := math.Sqrt(14./3 + 1e-6)
	torchtest.Close(t, torch.ToSlice[float64](normalized), []float64{-2 / d, -1 / d, 0, 3 / d, 0, 0, 0, 0}, nil, 1e-12, 0)
	torchtest.AllClose(t, normalized.Mul(std).Add(mean), patches, 1e-12, 0)
}

// The loss is 0 for a perfect prediction, and only hidden patches count.
func TestMaskedMSE(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	target := torch.FromSlice(s, []float64{1, 2, 3, 4, 5, 6, 7, 8}, 1, 4, 2)
	order := torch.FromSlice(s, []int64{2, 0, 3, 1}, 1, 4)
	for _, c := range []struct {
		prediction []float64
		want       float64
	}{
		{[]float64{1, 2, 3, 4, 5, 6, 7, 8}, 0},
		{[]float64{9, 9, 3, 4, 9, 9, 7, 8}, 0},                 // patches 0 and 2 are visible
		{[]float64{1, 2, 4, 4, 5, 6, 7, 10}, (1. + 0 + 4) / 4}, // patches 1 and 3 are hidden
	} {
		if got := MaskedMSE(torch.FromSlice(s, c.prediction, 1, 4, 2), target, order, 2).Item(); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v: loss %v, want %v", c.prediction, got, c.want)
		}
	}
}

// The order in which visible patches, or hidden ones, come changes nothing but
// rounding; which ones are visible does.
func TestMAEOrder(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	m, b := newMAETest(t, s, maeRecipe("mae", nil))
	want := m.Forward(b).Loss.Item()
	visible, patches := m.visible(), b.Order.Size(1)
	swapped := b
	swapped.Order = torch.Cat([]*torch.Tensor{
		b.Order.Narrow(1, 0, visible).Flip([]int{1}), b.Order.Narrow(1, visible, patches-visible).Flip([]int{1}),
	}, 1)
	if got := m.Forward(swapped).Loss.Item(); math.Abs(got-want) > 1e-5 {
		t.Errorf("loss %v in another order, want %v", got, want)
	}
	other := b
	other.Order = b.Order.Roll([]int{1}, []int{1})
	if got := m.Forward(other).Loss.Item(); math.Abs(got-want) < 1e-4 {
		t.Errorf("loss %v does not depend on which patches are hidden", got)
	}
}

// A reconstruction keeps what is visible; a perfect prediction would give the image
// back, so that the error of what is hidden is the loss, in units of each patch.
func TestReconstruct(t *testing.T) {
	torchtest.NoLeak(t)
	for _, normPix := range []bool{true, false} {
		s := torch.NewScope()
		m, b := newMAETest(t, s, maeRecipe("mae", map[string]any{"norm_pix": normPix}))
		masked, whole := m.Reconstruct(b.Views, b.Order)
		if whole.RequiresGrad() || !slices.Equal(whole.Shape(), b.Views.Shape()) {
			t.Fatalf("shape %v, gradient %v", whole.Shape(), whole.RequiresGrad())
		}
		visible := m.visible()
		original, shown, drawn := Patchify(b.Views, 4), Patchify(masked, 4), Patchify(whole, 4)
		first, rest := b.Order.Narrow(1, 0, visible), b.Order.Narrow(1, visible, b.Order.Size(1)-visible)
		torchtest.AllClose(t, takeRows(shown, first), takeRows(original, first), 0, 0)
		torchtest.AllClose(t, takeRows(drawn, first), takeRows(original, first), 0, 0)
		if takeRows(shown, rest).Abs().Sum().Item() != 0 {
			t.Error("hidden patches of the masked view are not 0")
		}
		loss := takeRows(drawn, rest).Sub(takeRows(original, rest))
		if normPix {
			_, _, std := NormPatches(original)
			loss = loss.Div(takeRows(std, rest))
		}
		if got, want := loss.Square().Mean().Item(), m.Forward(b).Loss.Item(); math.Abs(got-want) > 1e-4*want {
			t.Errorf("norm_pix %v: the error of what is hidden is %v, the loss %v", normPix, got, want)
		}
		s.Close()
	}
}

// The weights are drawn as the authors draw them.
func TestMAEWeights(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	r := maeRecipe("mae", map[string]any{"decoder_dim": 64, "decoder_heads": 2})
	r.Width = 96
	m, _ := newMAETest(t, s, r)
	for name, p := range nn.Parameters(m) {
		s.Use(p)
		std := p.Detach().Square().Mean().Sqrt().Item()
		var want float64
		switch {
		case p.Dim() == 2:
			want = math.Sqrt(2 / float64(p.Size(0)+p.Size(1)))
		case p.Dim() == 4:
			want = math.Sqrt(2 / float64(96+16))
		case strings.HasSuffix(name, "_token"):
			want = .02
		case strings.HasSuffix(name, ".bias") && name != "encoder.patch_embed.proj.bias":
			if std != 0 {
				t.Errorf("%s is not 0", name)
			}
			continue
		default:
			continue
		}
		if math.Abs(std-want) > .25*want {
			t.Errorf("%s has the standard deviation %v, want %v", name, std, want)
		}
	}
}

func TestMAERefuses(t *testing.T) {
	refuses(t, "mae", map[string]map[string]any{
		"mask_ratio is 1 but":     {"mask_ratio": 1.},
		"mask_ratio is 0 but":     {"mask_ratio": 0.},
		"decoder_dim is 6 but":    {"decoder_dim": 6},
		"decoder_depth is 0 but":  {"decoder_depth": 0},
		"decoder_heads is 5 but":  {"decoder_heads": 5},
		`did you mean "norm_pix"`: {"norm_pix_loss": true},
	})
	torchtest.NoLeak(t)
	for want, change := range map[string]func(r *Recipe){
		"must be a ViT, not resnet9":           func(r *Recipe) { r.Model, r.Width, r.PatchSize, r.PosEmbed = "resnet9", 4, 0, "" },
		"28 pixels a side, but the model":      func(r *Recipe) { r.Model = "vit_tiny_patch4_32" },
		"hides 0.99 of 49 patches, want":       func(r *Recipe) { *r = r.With("mask_ratio", .99) },
		"image_size 28 is no multiple of patc": func(r *Recipe) { r.PatchSize = 5 },
	} {
		r := maeRecipe("mae", nil)
		change(&r)
		if trainer, err := New(r, 1, 0, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
			if err == nil {
				Free(trainer)
			}
		}
	}
}
