package ssl

import (
	"math"
	"slices"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// limiterRecipe is that of testdata/make_mae-limiter.py.
func limiterRecipe(lambda float64, start int) Recipe {
	r := maeRecipe("mae-limiter", map[string]any{"lambda": lambda, "limiter_start_epoch": start})
	r.Pool = "avg"
	return r
}

var limiterParity = parityCase{name: "mae-limiter", perEpoch: 5, recipe: limiterRecipe(1./3, 2)}

func TestMAELimiterAgainstPyTorch(t *testing.T)    { limiterParity.run(t) }
func TestMAELimiterFixtureIsPyTorchs(t *testing.T) { limiterParity.remake(t) }

// The rows have the angles 0, π/4, π/2 and π.
func TestAngle(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	a := torch.FromSlice(s, []float64{1, 2, 1, 0, 0, 3, 1, 1}, 4, 2)
	b := torch.FromSlice(s, []float64{2, 4, 5, 5, 7, 0, -1, -1}, 4, 2)
	for i, want := range []float64{0, .25, .5, 1} {
		if got := Angle(a.Narrow(0, i, 1), b.Narrow(0, i, 1)).Item(); math.Abs(got-want) > 5e-4 {
			t.Errorf("row %d: angle %v, want %v", i, got, want)
		}
	}
	if got, want := Angle(a, b).Item(), 1.75/4; math.Abs(got-want) > 5e-4 {
		t.Errorf("angle %v, want %v", got, want)
	}
}

// Views that agree give a gradient of 0 and not NaN.
func TestAngleOfEqualRows(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	a := torch.FromSlice(s, []float32{1, 2, 3, 4}, 2, 2).RequireGrad(true)
	Angle(a, a.MulScalar(3)).Backward()
	if got := torch.ToSlice[float64](s.Use(a.Grad())); !slices.Equal(got, make([]float64, 4)) {
		t.Errorf("gradient %v, want 0", got)
	}
}

// firstStep returns the loss and the gradients of a batch of two views in the given
// epoch. Equal recipes give networks with equal weights.
func firstStep(t *testing.T, r Recipe, epoch int) (loss float64, grads map[string][]float32, parts []Part) {
	t.Helper()
	trainer, err := New(r, 1, 0, 5)
	if err != nil {
		t.Fatal(err)
	}
	defer Free(trainer)
	s := torch.NewScope()
	defer s.Close()
	b := maeBatch(s, trainer.(Masker).Mask(), 8)
	b.Size, b.Clock = 4, Clock{Step: 5 * epoch, Steps: 20, PerEpoch: 5}
	result := trainer.Forward(b)
	result.Loss.Backward()
	grads = map[string][]float32{}
	for name, p := range nn.Parameters(trainer) {
		if p.RequiresGrad() {
			grads[name] = torch.ToSlice[float32](p.Grad())
		}
	}
	torch.ZeroGrad(nn.Tensors(trainer))
	for _, p := range result.Parts {
		parts = append(parts, Part{Name: p.Name, Value: p.Value.Detach().Keep()})
	}
	return result.Loss.Item(), grads, parts
}

// With λ = 0, and before its start, the limiter is MAE on the same views to the
// last bit; afterwards the loss is the one of the definition.
func TestMAELimiterIsMAEWithoutLambda(t *testing.T) {
	torchtest.NoLeak(t)
	mae := maeRecipe("mae", nil)
	mae.Pool = "avg"
	want, grads, _ := firstStep(t, mae, 3)
	for _, c := range []struct {
		lambda       float64
		start, epoch int
	}{{0, 0, 3}, {.5, 3, 2}, {.5, 3, 0}} {
		loss, got, parts := firstStep(t, limiterRecipe(c.lambda, c.start), c.epoch)
		freeParts(parts)
		if loss != want {
			t.Errorf("%+v: loss %v, want %v", c, loss, want)
		}
		for name, g := range grads {
			if !slices.Equal(got[name], g) {
				t.Errorf("%+v: the gradient of %s is not that of MAE", c, name)
			}
		}
	}
	loss, got, parts := firstStep(t, limiterRecipe(.5, 3), 3)
	defer freeParts(parts)
	mse, angle := parts[0].Value.Item(), parts[1].Value.Item()
	if mse != want || math.Abs(loss-(.5*mse-.5*angle)) > 1e-6 || !(angle > 0 && angle < 1) {
		t.Errorf("loss %v of the terms %v and %v", loss, mse, angle)
	}
	if slices.Equal(got["encoder.norm.weight"], grads["encoder.norm.weight"]) {
		t.Error("the limiter has no gradient")
	}
}

func freeParts(parts []Part) {
	for _, p := range parts {
		p.Value.Free()
	}
}

// The limiter does what it is for: after a short training, the views of an image are
// farther apart than after that of MAE.
func TestMAELimiterLimitsAlignment(t *testing.T) {
	torchtest.NoLeak(t)
	angle := func(lambda float64) float64 {
		r := limiterRecipe(lambda, 0)
		r.Width = 24
		c := parityCase{recipe: r}
		e, err := NewEngine(r, EngineOptions{Channels: 1, PerEpoch: 5, Seed: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Free()
		for step := range paritySteps {
			e.take(1, func(s *torch.Scope, _ int) Batch { return c.batch(s, e, step) })
		}
		s := torch.NewScope()
		defer s.Close()
		return e.Trainer.Forward(c.batch(s, e, paritySteps)).Parts[1].Value.Item()
	}
	free, limited := angle(0), angle(.8)
	t.Logf("angle between views: %.4f π with λ = 0, %.4f π with λ = .8", free, limited)
	if !(limited > 1.2*free) {
		t.Errorf("the angle between views is %v π with λ = .8, %v π with λ = 0; want it larger", limited, free)
	}
}

func TestMAELimiterRefuses(t *testing.T) {
	refuses(t, "mae-limiter", map[string]map[string]any{
		"lambda is 1 but must be":     {"lambda": 1.},
		"lambda is -0.1 but must be":  {"lambda": -.1},
		"limiter_start_epoch is -1":   {"limiter_start_epoch": -1},
		"mask_ratio is 1 but must be": {"mask_ratio": 1.},
		`did you mean "lambda"`:       {"lamda": .1},
	})
	torchtest.NoLeak(t)
	if _, err := New(limiterRecipe(.1, 4), 1, 0, 1); err == nil || !strings.Contains(err.Error(), "would never limit anything") {
		t.Errorf("a limiter that starts after the last epoch: error %v", err)
	}
	trainer, err := New(limiterRecipe(0, 4), 1, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	Free(trainer)
}
