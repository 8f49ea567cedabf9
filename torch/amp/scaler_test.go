package amp_test

import (
	"math"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/amp"
	"sslmem/torch/optim"
	"sslmem/torch/torchtest"
)

const (
	scalerFile   = "testdata/scaler.safetensors"
	scalerScript = "testdata/make_scaler.py"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

// trainee is the problem of make_scaler.py.
type trainee struct {
	p      *torch.Tensor
	opt    optim.Optimizer
	scaler *amp.GradScaler
}

func newTrainee(o amp.Options) *trainee {
	p := torch.FromSlice(torch.Root, []float32{1, -2, .5}).RequireGrad(true)
	return &trainee{
		p:      p,
		opt:    optim.NewSGD([]*torch.Tensor{p}, optim.SGDOptions{Momentum: .9}),
		scaler: amp.NewGradScaler(torch.CPU, o),
	}
}

func (tr *trainee) free() {
	tr.p.Free()
	tr.opt.Free()
	tr.scaler.Free()
}

// step takes one step of loss Σ p·factors, and returns the norm that clipping
// found, where clip is not 0.
func (tr *trainee) step(factors *torch.Tensor, clip float64) (norm float64) {
	s := torch.NewScope()
	defer s.Close()
	tr.scaler.Scale(s.Use(tr.p).Mul(factors).Sum()).Backward()
	if clip != 0 {
		tr.scaler.Unscale(tr.opt)
		norm = torch.ClipGradNorm(s, tr.opt.Params(), clip, 2).Item()
	}
	tr.scaler.Step(tr.opt, .1)
	tr.scaler.Update()
	tr.opt.ZeroGrad()
	return norm
}

func TestScalerAgainstPyTorch(t *testing.T) {
	torchtest.NoLeak(t)
	fixture := torchtest.Fixture(t, scalerFile)
	for name, test := range map[string]struct {
		o    amp.Options
		clip float64
	}{
		"defaults": {},
		"fast":     {o: amp.Options{GrowthInterval: 3}},
		"odd":      {o: amp.Options{InitScale: 1000, GrowthFactor: 1.7, BackoffFactor: .3, GrowthInterval: 2}},
		"clipped":  {o: amp.Options{GrowthInterval: 5}, clip: .8},
	} {
		t.Run(name, func(t *testing.T) {
			tr := newTrainee(test.o)
			defer tr.free()
			want := torchtest.Group(fixture, name)
			scales, trackers := torch.ToSlice[float64](want["scale"]), torch.ToSlice[int64](want["tracker"])
			for i, scale := range scales {
				s := torch.NewScope()
				norm := tr.step(s.Use(fixture["factors"]).Select(0, i), test.clip)
				if got := tr.scaler.GetScale(); got != scale {
					t.Fatalf("step %d: scale %v, want %v", i, got, scale)
				}
				if got := tr.scaler.StateDict()["_growth_tracker"]; got != trackers[i] {
					t.Fatalf("step %d: tracker %v, want %v", i, got, trackers[i])
				}
				torchtest.AllClose(t, tr.p, s.Use(want["p"]).Select(0, i), 1e-6, 1e-6)
				if w := want["norm"]; w != nil {
					torchtest.Close(t, []float64{norm}, []float64{s.Use(w).Select(0, i).Item()}, nil, 1e-6, 0)
				}
				s.Close()
			}
		})
	}
}

func TestScalerFixture(t *testing.T) { torchtest.Remake(t, scalerScript, scalerFile, 1e-6, 1e-6) }

// A second scaler with the state of the first goes on with the same scales.
func TestScalerResume(t *testing.T) {
	torchtest.NoLeak(t)
	fixture := torchtest.Fixture(t, scalerFile)
	first := newTrainee(amp.Options{InitScale: 8, GrowthFactor: 3, BackoffFactor: .2, GrowthInterval: 4})
	defer first.free()
	s := torch.NewScope()
	defer s.Close()
	factors := s.Use(fixture["factors"])
	for i := range 10 {
		first.step(factors.Select(0, i), 0)
	}
	second := newTrainee(amp.Options{})
	defer second.free()
	if err := second.scaler.LoadStateDict(first.scaler.StateDict()); err != nil {
		t.Fatal(err)
	}
	for i := 10; i < 40; i++ {
		first.step(factors.Select(0, i), 0)
		second.step(factors.Select(0, i), 0)
		if a, b := first.scaler.GetScale(), second.scaler.GetScale(); a != b {
			t.Fatalf("step %d: scale %v after resuming, %v without", i, b, a)
		}
	}
	for _, dict := range []map[string]any{{}, {"scale": "1"}} {
		if err := second.scaler.LoadStateDict(dict); err == nil || !strings.Contains(err.Error(), "scale") {
			t.Errorf("state %v: %v", dict, err)
		}
	}
}

// Step tells whether it stepped, and SetScale ends a step too.
func TestStepIsLeftOut(t *testing.T) {
	torchtest.NoLeak(t)
	tr := newTrainee(amp.Options{})
	defer tr.free()
	s := torch.NewScope()
	defer s.Close()
	for _, g := range []float32{1, float32(math.Inf(1)), float32(math.NaN()), 2} {
		before := tr.p.Clone().MoveTo(s)
		tr.p.SetGrad(torch.FromSlice(s, []float32{1, g, 1}))
		finite := !math.IsInf(float64(g), 0) && !math.IsNaN(float64(g))
		if got := tr.scaler.Step(tr.opt, .1); got != finite {
			t.Errorf("gradient %v: Step reports %v", g, got)
		}
		if moved := !before.Equal(tr.p); moved != finite {
			t.Errorf("gradient %v: moved %v", g, moved)
		}
		tr.scaler.SetScale(4)
		if got := tr.scaler.GetScale(); got != 4 {
			t.Errorf("scale %v, want 4", got)
		}
	}
	if got := tr.opt.Steps(); got != 2 {
		t.Errorf("%d steps were taken, want 2", got)
	}
}

// Two optimizers, one of which overflows: only the other steps, and the scale
// backs off.
func TestTwoOptimizers(t *testing.T) {
	torchtest.NoLeak(t)
	a, b := newTrainee(amp.Options{}), newTrainee(amp.Options{})
	defer a.free()
	defer b.free()
	s := torch.NewScope()
	defer s.Close()
	a.p.SetGrad(torch.FromSlice(s, []float32{1, 2, 3}))
	b.p.SetGrad(torch.FromSlice(s, []float32{1, float32(math.Inf(-1)), 3}))
	if !a.scaler.Step(a.opt, .1) || a.scaler.Step(b.opt, .1) {
		t.Error("the wrong optimizer stepped")
	}
	a.scaler.Update()
	if got := a.scaler.GetScale(); got != 32768 {
		t.Errorf("scale %v, want half of 65536", got)
	}
}

// Calls out of order panic and say what to do.
func TestOrderOfCalls(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	for name, test := range map[string]struct {
		fn   func(tr *trainee)
		want string
	}{
		"update first":       {func(tr *trainee) { tr.scaler.Update() }, "call Step first"},
		"no gradient":        {func(tr *trainee) { tr.p.SetGrad(nil); tr.scaler.Step(tr.opt, .1) }, "call Backward"},
		"unscale twice":      {func(tr *trainee) { tr.scaler.Unscale(tr.opt); tr.scaler.Unscale(tr.opt) }, "unscaled already"},
		"step twice":         {func(tr *trainee) { tr.scaler.Step(tr.opt, .1); tr.scaler.Step(tr.opt, .1) }, "since the last Update"},
		"unscale after step": {func(tr *trainee) { tr.scaler.Step(tr.opt, .1); tr.scaler.Unscale(tr.opt) }, "between Backward and Step"},
	} {
		tr := newTrainee(amp.Options{})
		tr.p.SetGrad(s.Ones([]int{3}, torch.Float32, torch.CPU))
		if err := torch.Try(func() { test.fn(tr) }); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		tr.free()
	}
}

// Gradients of float16 parameters cannot be unscaled without loss.
func TestHalfGradientsAreRefused(t *testing.T) {
	torchtest.NoLeak(t)
	p := torch.Root.Ones([]int{2}, torch.Float16, torch.CPU).RequireGrad(true)
	defer p.Free()
	opt := optim.NewSGD([]*torch.Tensor{p}, optim.SGDOptions{})
	scaler := amp.NewGradScaler(torch.CPU, amp.Options{})
	defer scaler.Free()
	s := torch.NewScope()
	defer s.Close()
	p.SetGrad(s.Ones([]int{2}, torch.Float16, torch.CPU))
	if err := torch.Try(func() { scaler.Step(opt, .1) }); err == nil || !strings.Contains(err.Error(), "float16") {
		t.Errorf("got %v", err)
	}
}
