package ssl

import (
	"math"
	"slices"
	"strings"
	"testing"

	"sslmem/data/augment"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// dinoOptions are those of testdata/dino.py.
func dinoOptions(changes map[string]any) map[string]any {
	o := map[string]any{
		"projector": []int{16, 16, 8}, "out_dim": 12,
		"teacher_temp": .07, "warmup_teacher_temp": .04, "warmup_teacher_temp_epochs": 3,
		"momentum": .9, "freeze_last_layer": 1,
	}
	for k, v := range changes {
		o[k] = v
	}
	return o
}

func dinoOptimizer(clip float64) Optimizer {
	return Optimizer{
		Name: "adamw", LR: .002, WarmupEpochs: 1, WeightDecay: .04, WeightDecayEnd: .4,
		ExcludeBiasAndNorm: true, ClipGrad: clip, ClipEach: true,
	}
}

var dinoParity = parityCase{
	name: "dino", perEpoch: 5,
	recipe:    parityRecipe("dino", dinoOptimizer(.05), dinoOptions(map[string]any{"use_bn_in_head": true})),
	gradients: 1e-2, // they are up to 20: the bottleneck is short before it is normalized
}

func TestDINOAgainstPyTorch(t *testing.T)    { dinoParity.run(t) }
func TestDINOFixtureIsPyTorchs(t *testing.T) { dinoParity.remake(t) }

// dinoSplit takes one view after the other, local ones too.
func dinoSplit() parityCase {
	c := parityCase{
		name: "dino-split", perEpoch: 5, gradients: dinoParity.gradients,
		recipe: parityRecipe("dino", dinoOptimizer(.05),
			dinoOptions(map[string]any{"use_bn_in_head": true, "warmup_teacher_temp_epochs": 0})),
	}
	c.recipe.Forward = Split
	return withLocal(c, 2)
}

// dinoViT has a ViT, whose positions are interpolated for the local views.
func dinoViT() parityCase {
	c := parityCase{
		name: "dino-vit", perEpoch: 5, gradients: dinoParity.gradients,
		recipe: parityRecipe("dino", dinoOptimizer(.05),
			dinoOptions(map[string]any{"norm_last_layer": false, "warmup_teacher_temp_epochs": 1})),
	}
	c.recipe.Model, c.recipe.Width, c.recipe.PatchSize = "vit_tiny", 6, 4
	return withLocal(c, 3)
}

func withLocal(c parityCase, n int) parityCase {
	c.recipe.LocalViews, c.recipe.Local = n, &augment.Recipe{Name: "none", Size: parityLocal}
	return c
}

func TestDINOSplitAgainstPyTorch(t *testing.T)    { dinoSplit().run(t) }
func TestDINOSplitFixtureIsPyTorchs(t *testing.T) { dinoSplit().remake(t) }
func TestDINOViTAgainstPyTorch(t *testing.T)      { dinoViT().run(t) }
func TestDINOViTFixtureIsPyTorchs(t *testing.T)   { dinoViT().remake(t) }

// A teacher and a student that prefer no prototype differ by the logarithm of their
// number, whatever the temperatures.
func TestDINOLossOfUniform(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	const images, prototypes = 3, 17
	student := s.Full([]int{4 * images, prototypes}, .3, torch.Float64, torch.CPU)
	teacher := s.Full([]int{2 * images, prototypes}, -.2, torch.Float64, torch.CPU)
	if got, want := DINOLoss(student, teacher, nil, images, .1, .04).Item(), math.Log(prototypes); math.Abs(got-want) > 1e-12 {
		t.Errorf("loss %v, want ln K = %v", got, want)
	}
}

// One image in two global views and a local one. The teacher is certain of prototype
// 0 in its first view and of 1 in its second, once the center is taken away; the
// student's odds of prototype 0 are 1, 3 and 7 to 1.
func TestDINOLossByHand(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	const tau = .5
	student := torch.FromSlice(s, []float64{0, 0, tau * math.Log(3), 0, tau * math.Log(7), 0}, 3, 2)
	teacher := torch.FromSlice(s, []float64{300, 100, 100, 100}, 2, 2)
	center := torch.FromSlice(s, []float64{100, 0}, 1, 2)
	want := -(math.Log(3./4) + math.Log(7./8) + math.Log(1./2) + math.Log(1./8)) / 4
	if got := DINOLoss(student, teacher, center, 1, tau, .01).Item(); math.Abs(got-want) > 1e-12 {
		t.Errorf("loss %v, want %v", got, want)
	}
}

// The gradient at the student's logits is the difference of the distributions.
func TestDINOLossGradient(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	student := torch.FromSlice(s, []float64{.1, .2, .05, -.3}, 2, 2).RequireGrad(true)
	teacher := torch.FromSlice(s, []float64{.3, .1, -.1, .4}, 2, 2).RequireGrad(true)
	DINOLoss(student, teacher, nil, 1, .1, .04).Backward()
	p, q := student.DivScalar(.1).Softmax(1), teacher.DivScalar(.04).Softmax(1)
	got, p0, q1 := torch.ToSlice[float64](student.Grad()), torch.ToSlice[float64](p), torch.ToSlice[float64](q)
	for i := range got {
		want := (p0[i] - q1[(i+2)%4]) / (.1 * 2) // the teacher sees the other view
		if math.Abs(got[i]-want) > 1e-12 {
			t.Errorf("gradient %d is %v, want %v", i, got[i], want)
		}
	}
	if teacher.Grad() != nil {
		t.Error("a gradient flows to the teacher")
	}
}

// A batch in parts moves everything as the whole batch does, the center too, if no
// batch norm looks at it.
func TestDINOInParts(t *testing.T) {
	torchtest.NoLeak(t)
	step := func(parts int) map[string][]float64 {
		c := dinoViT()
		c.recipe.Accumulate, c.recipe.Optimizer = parts, Optimizer{Name: "sgd", LR: .1}
		e, err := NewEngine(c.recipe, EngineOptions{Channels: 1, PerEpoch: c.perEpoch})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Free()
		for i := range 2 {
			pixels := append(parityViews(i, 2, paritySide, 1), parityViews(i, 3, parityLocal, 2)...)
			e.Step(HostBatch{Pixels: pixels, Index: make([]int, parityBatch)})
		}
		state := map[string][]float64{}
		for name, x := range nn.State(e.Trainer) {
			state[name] = torch.ToSlice[float64](x)
		}
		return state
	}
	whole, parts := step(1), step(2)
	if slices.Max(whole["center"]) == 0 {
		t.Error("the center has not moved")
	}
	for name, want := range whole {
		torchtest.Close(t, parts[name], want, nil, 2e-5, 2e-5)
	}
}

// Prototypes of norm 0 give outputs of 0: the loss is ln K, and the alarm says so.
func TestDINOCollapse(t *testing.T) {
	torchtest.NoLeak(t)
	m, err := LookupMethod("dino")
	if err != nil {
		t.Fatal(err)
	}
	o := m.Options().(*DINOOptions)
	o.Projector, o.OutDim = []int{16, 8}, 32
	got := alarms(t, rig(t, "dino", o, func(tr Trainer) {
		torch.NoGrad(func() { tr.(*DINO).projector.G.Zero() })
		torch.NoGrad(func() { tr.(*DINO).teacher.projector.(*dinoHead).G.Zero() })
	}))
	if len(got[0]) != 2 || !strings.Contains(got[0][1], "ln 32") || !strings.Contains(got[0][1], "teacher_temp") {
		t.Errorf("alarms %q, want one of the spread and one of ln 32", got[0])
	}
}

func TestDINOLossNeedsViews(t *testing.T) {
	for _, rows := range [][2]int{{5, 4}, {2, 2}, {4, 3}, {4, 6}} {
		s := torch.NewScope()
		err := torch.Try(func() {
			DINOLoss(s.Ones([]int{rows[0], 3}, torch.Float32, torch.CPU), s.Ones([]int{rows[1], 3}, torch.Float32, torch.CPU), nil, 2, .1, .04)
		})
		if err == nil {
			t.Errorf("%d and %d rows for two images were accepted", rows[0], rows[1])
		}
		s.Close()
	}
}

func TestDINOOptions(t *testing.T) {
	for option, value := range map[string]any{
		"projector": []int{}, "out_dim": 1, "student_temp": 0., "teacher_temp": -1., "warmup_teacher_temp": math.NaN(),
		"warmup_teacher_temp_epochs": -1, "center_momentum": 1.5, "momentum": -.1, "momentum_end": 2., "freeze_last_layer": -1,
	} {
		err := dinoParity.recipe.With(option, value).Check()
		if err == nil || !strings.Contains(err.Error(), option) {
			t.Errorf("%s = %v: error %v does not name the option", option, value, err)
		}
	}
}

// The temperature of the teacher takes the values of numpy.linspace(.04, .07, n) in
// the first n epochs.
func TestClockLinear(t *testing.T) {
	for n, want := range map[int][]float64{
		0: {.07, .07}, 1: {.04, .07}, 2: {.04, .07, .07}, 4: {.04, .05, .06, .07, .07},
	} {
		for epoch, w := range want {
			for step := range 3 {
				if got := (Clock{Step: 3*epoch + step, Steps: 30, PerEpoch: 3}).Linear(.04, .07, n); math.Abs(got-w) > 1e-15 {
					t.Errorf("%d epochs, epoch %d, step %d: %v, want %v", n, epoch, step, got, w)
				}
			}
		}
	}
}
