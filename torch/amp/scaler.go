package amp

import (
	"cmp"
	"fmt"
	"iter"

	"sslmem/torch"
	"sslmem/torch/optim"
)

// Options are PyTorch's options of GradScaler. The zero value means PyTorch's
// defaults.
type Options struct {
	InitScale      float64 // first scale; 0 means 65536
	GrowthFactor   float64 // factor after GrowthInterval finite steps in a row; 0 means 2
	BackoffFactor  float64 // factor after a step that was not finite; 0 means .5
	GrowthInterval int     // steps; 0 means 2000
}

// A GradScaler multiplies losses so that small gradients do not vanish in
// float16, divides the gradients again before the optimizer sees them, leaves
// out steps whose gradients are infinite or NaN, and adapts the scale: it is
// PyTorch's torch.amp.GradScaler and gives the same numbers. Its parameters must
// be on one device. It is for one goroutine at a time.
type GradScaler struct {
	o       Options
	scale   *torch.Tensor // float32 scalar
	tracker *torch.Tensor // int32 scalar: finite steps since the last change
	checks  map[optim.Optimizer]*check
}

// check is what happened to one optimizer since the last update.
type check struct {
	found   *torch.Tensor // float32 scalar: 0 if all gradients are finite
	stepped bool
}

// NewGradScaler returns a scaler for parameters on the given device. It holds
// two root tensors; see Free.
func NewGradScaler(device torch.Device, o Options) *GradScaler {
	o.InitScale = cmp.Or(o.InitScale, 65536)
	o.GrowthFactor = cmp.Or(o.GrowthFactor, 2)
	o.BackoffFactor = cmp.Or(o.BackoffFactor, .5)
	o.GrowthInterval = cmp.Or(o.GrowthInterval, 2000)
	return &GradScaler{
		o:       o,
		scale:   torch.Root.Full([]int{}, o.InitScale, torch.Float32, device),
		tracker: torch.Root.Zeros([]int{}, torch.Int32, device),
		checks:  map[optim.Optimizer]*check{},
	}
}

// Scale returns loss times the scale; call Backward on the result.
func (g *GradScaler) Scale(loss *torch.Tensor) *torch.Tensor { return loss.Mul(g.scale) }

// Unscale divides the gradients of opt's parameters by the scale, so that they
// can be clipped or looked at before [GradScaler.Step]. It panics if it was
// called before since the last Update, after Step, or without any gradient, and
// for float16 gradients.
func (g *GradScaler) Unscale(opt optim.Optimizer) {
	switch c := g.checks[opt]; {
	case c != nil && c.stepped:
		fail("Unscale", "Step was called with this optimizer already; call Unscale between Backward and Step")
	case c != nil:
		fail("Unscale", "the gradients of this optimizer are unscaled already; call Update once per step")
	}
	found := torch.Root.Zeros([]int{}, torch.Float32, g.scale.Device())
	if !torch.UnscaleGrads(opt.Params(), found, g.scale) {
		found.Free()
		fail("Unscale", "no parameter of this optimizer has a gradient; call Backward on the scaled loss first")
	}
	g.checks[opt] = &check{found: found}
}

// Step calls opt.Step(lr) if all gradients are finite, and reports whether they
// are. It unscales them unless [GradScaler.Unscale] did. On a GPU it waits for
// the gradients. It panics if it was called before since the last Update, and
// where Unscale does.
func (g *GradScaler) Step(opt optim.Optimizer, lr float64) bool {
	if g.checks[opt] == nil {
		g.Unscale(opt)
	}
	c := g.checks[opt]
	if c.stepped {
		fail("Step", "Step was called with this optimizer since the last Update")
	}
	c.stepped = true
	finite := c.found.Item() == 0
	if finite {
		opt.Step(lr)
	}
	return finite
}

// Update adapts the scale to what the steps since the last Update have found:
// call it once after the Step of every optimizer. It panics if there was none.
func (g *GradScaler) Update() {
	var found *torch.Tensor
	for _, c := range g.checks {
		if found == nil {
			found = c.found
		} else {
			found.AddInPlace(c.found, 1)
		}
	}
	if found == nil {
		fail("Update", "no gradients were looked at since the last Update; call Step first")
	}
	torch.UpdateScale(g.scale, g.tracker, found, g.o.GrowthFactor, g.o.BackoffFactor, g.o.GrowthInterval)
	g.forget()
}

// SetScale ends a step as [GradScaler.Update] does, but with a scale of one's
// own.
func (g *GradScaler) SetScale(scale float64) {
	g.scale.Fill(scale)
	g.forget()
}

// forget clears what was found in this step.
func (g *GradScaler) forget() {
	for _, c := range g.checks {
		c.found.Free()
	}
	clear(g.checks)
}

// GetScale returns the scale. On a GPU it waits for it.
func (g *GradScaler) GetScale() float64 { return g.scale.Item() }

// State yields the tensors that the next steps depend on besides the options:
// the scale and the count of finite steps. They are the scaler's own: copy into
// them, between Update and the next Step, to restore a state.
func (g *GradScaler) State() iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		_ = yield("scale", g.scale) && yield("growth_tracker", g.tracker)
	}
}

// StateDict returns what the next steps depend on, under PyTorch's names: scale,
// growth_factor and backoff_factor are float64, growth_interval and
// _growth_tracker int64. Take it between Update and the next Step.
func (g *GradScaler) StateDict() map[string]any {
	return map[string]any{
		"scale": g.scale.Item(), "growth_factor": g.o.GrowthFactor, "backoff_factor": g.o.BackoffFactor,
		"growth_interval": int64(g.o.GrowthInterval), "_growth_tracker": int64(g.tracker.ItemInt()),
	}
}

// LoadStateDict restores a state, also one of PyTorch's. It returns an error
// that names a missing entry, and then has changed nothing.
func (g *GradScaler) LoadStateDict(dict map[string]any) error {
	var v [5]float64
	for i, name := range []string{"scale", "growth_factor", "backoff_factor", "growth_interval", "_growth_tracker"} {
		switch x := dict[name].(type) {
		case float64:
			v[i] = x
		case int64:
			v[i] = float64(x)
		default:
			return fmt.Errorf("the scaler's state has no number %s; was it saved from a disabled scaler?", name)
		}
	}
	g.o.GrowthFactor, g.o.BackoffFactor, g.o.GrowthInterval = v[1], v[2], int(v[3])
	return torch.Try(func() {
		g.scale.Fill(v[0])
		g.tracker.Fill(v[4])
	})
}

// Free gives up the scaler's tensors.
func (g *GradScaler) Free() {
	g.forget()
	g.scale.Free()
	g.tracker.Free()
}

func fail(op, msg string) {
	panic(&torch.Error{Op: "GradScaler." + op, Kind: torch.Value, Msg: msg})
}
