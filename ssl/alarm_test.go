package ssl

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"sslmem/models"
	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/torchtest"
)

// rig returns a training of a method with the given options, whose networks change
// has spoilt.
func rig(t *testing.T, method string, options Options, change func(Trainer)) *Loop {
	t.Helper()
	m := methods[method]
	spoilt := m
	spoilt.Options = func() Options { return &rigged{options, change} }
	methods[method] = spoilt
	t.Cleanup(func() { methods[method] = m })
	l := tinyLoop(t)
	l.Recipe.Method, l.Recipe.Options = method, nil
	l.Recipe.Epochs = 2
	l.Recipe.Optimizer = Optimizer{Name: "sgd", LR: 1, Momentum: .9}
	return l
}

type rigged struct {
	Options
	change func(Trainer)
}

func (o *rigged) New(b Build) (Trainer, error) {
	tr, err := o.Options.New(b)
	if err == nil {
		o.change(tr)
	}
	return tr, err
}

// alarms trains and returns what the alarm said after each epoch.
func alarms(t *testing.T, l *Loop) [][]string {
	t.Helper()
	all := make([][]string, l.Recipe.Epochs)
	epoch := 0
	l.EpochEnd = func(p Progress, _ Trainer) error {
		epoch = p.Epoch
		t.Logf("epoch %d: loss %.4f, spread %.4f of %.4f", p.Epoch, p.Loss, p.Spread, p.EvenSpread())
		return nil
	}
	l.Warn = func(s string) { all[epoch-1] = append(all[epoch-1], s) }
	run(t, l)
	for _, a := range all {
		for _, s := range a {
			t.Log(s)
		}
	}
	return all
}

// BYOL with neither a predictor nor a target that is slower than the online network
// has nothing that keeps it from one output for all images.
func collapsing(t *testing.T) *Loop {
	o := &BYOLOptions{Projector: []int{32, 16}, Predictor: []int{16}, Momentum: 0, MomentumEnd: 1e-9}
	return rig(t, "byol", o, func(tr Trainer) {
		m := tr.(*BYOL)
		nn.Free(m.predictor)
		m.predictor = nil
	})
}

func TestCollapseRaisesTheAlarm(t *testing.T) {
	torchtest.NoLeak(t)
	got := alarms(t, collapsing(t))
	if len(got[0]) == 0 {
		t.Fatal("no alarm in the first epoch")
	}
	for _, want := range []string{"spread", "momentum", "lr"} {
		if !strings.Contains(got[0][0], want) {
			t.Errorf("%q does not speak of %s", got[0][0], want)
		}
	}
}

func TestStopOnCollapse(t *testing.T) {
	torchtest.NoLeak(t)
	l := collapsing(t)
	l.StopOnCollapse = true
	l.Checkpoints = t.TempDir()
	if _, err := l.Run(context.Background()); !errors.Is(err, ErrCollapsed) || !strings.Contains(err.Error(), "epoch 1") {
		t.Errorf("error %v, want ErrCollapsed in epoch 1", err)
	}
	if got := steps(t, l); len(got) != 0 {
		t.Errorf("checkpoints of steps %v of networks that have collapsed", got)
	}
}

// The networks of SimCLR that get no signal: all weights of the last layer are zero and
// stay there, so that the loss is ln(2B − 1).
func TestLossOfCollapse(t *testing.T) {
	torchtest.NoLeak(t)
	l := rig(t, "simclr", &SimCLROptions{Temperature: .5, Projector: []int{16, 8}}, func(tr Trainer) {
		for name, p := range nn.Parameters(tr) {
			switch {
			case strings.HasPrefix(name, "projector.3.weight"):
				torch.NoGrad(func() { p.Zero() })
				p.RequireGrad(false)
			case strings.HasPrefix(name, "projector.3.bias"):
				torch.NoGrad(func() { p.Fill(1) })
				p.RequireGrad(false)
			}
		}
	})
	got := alarms(t, l)
	if len(got[0]) != 2 || !strings.Contains(got[0][1], "ln 31") || !strings.Contains(got[0][1], "temperature") {
		t.Errorf("alarms %q, want one of the spread and one of ln 31", got[0])
	}
}

// DINO without a center and at high temperatures tells the student that all prototypes
// are alike.
func TestCollapseOfDINO(t *testing.T) {
	torchtest.NoLeak(t)
	o := &DINOOptions{
		Projector: []int{16, 8}, OutDim: 64, NormLastLayer: true, StudentTemp: 10,
		TeacherTemp: 10, WarmupTeacherTemp: 10, CenterMomentum: 1, Momentum: .9,
	}
	l := rig(t, "dino", o, func(Trainer) {})
	l.Recipe.Optimizer = Optimizer{Name: "adamw", LR: 1e-3}
	got := strings.Join(alarms(t, l)[0], "\n")
	for _, want := range []string{"ln 64", "teacher_temp (now 10)", "center"} {
		if !strings.Contains(got, want) {
			t.Errorf("alarms %q do not speak of %s", got, want)
		}
	}
}

// What is a sign of a collapse, and what is not.
func TestSigns(t *testing.T) {
	nan := math.NaN()
	even := 1 / math.Sqrt(64)
	type epoch struct{ loss, spread, rank float64 }
	minimum := Collapse{Minimum: true, Loss: -1, Within: .01, Meaning: "−1, the least there is", Advice: "wait"}
	entropy := Collapse{Loss: math.Log(4096), Within: 1e-3, Meaning: "ln 4096", Advice: "wait"}
	for name, c := range map[string]struct {
		method Collapse
		epochs []epoch
		want   []int // signs after each
	}{
		"healthy":                 {minimum, []epoch{{-.3, .5, 5}, {-.6, .8, 20}, {-.9, .9, 60}}, []int{0, 0, 0}},
		"spread":                  {minimum, []epoch{{-.3, .11, 0}, {-.3, .09, 0}}, []int{0, 1}},
		"near minimum, spread":    {minimum, []epoch{{-.995, .8, 0}, {-.995, .5, 0}}, []int{0, 0}},
		"near minimum, no spread": {minimum, []epoch{{-.9, .8, 0}, {-.995, .3, 0}}, []int{0, 1}},
		"DINO's plateau":          {entropy, []epoch{{8.316, .8, 0}, {8.3178, .8, 0}}, []int{0, 1}},
		"rank":                    {minimum, []epoch{{-.3, .5, 20}, {-.3, .5, 9}, {-.3, .5, 3}, {-.3, .5, 3}}, []int{0, 0, 1, 1}},
		"rank low from the start": {minimum, []epoch{{-.3, .5, 3}, {-.3, .5, 3.5}}, []int{0, 0}},
		"rank 1":                  {minimum, []epoch{{-.3, .5, 1.2}}, []int{1}},
		"nothing known":           {minimum, []epoch{{nan, nan, 0}, {-.995, nan, 0}}, []int{0, 0}},
		"all signs":               {entropy, []epoch{{2, .8, 20}, {math.Log(4096), .01, 1.1}}, []int{0, 3}},
	} {
		var a alarm
		for i, e := range c.epochs {
			p := Progress{Epoch: i + 1, Loss: e.loss, Spread: e.spread * even, Width: 64}
			if got := a.epoch(p, false, told{c.method}, e.rank, 512); len(got) != c.want[i] {
				t.Errorf("%s: after epoch %d %q, want %d", name, i+1, got, c.want[i])
			}
		}
	}
}

// A collapse that lasts is told after 1, 2, 4, 8 … epochs in a row.
func TestRowOfSigns(t *testing.T) {
	var a alarm
	var told []int
	for epoch := range 12 {
		if a.raise(1) {
			told = append(told, epoch+1)
		}
	}
	if want := []int{1, 2, 4, 8}; !slices.Equal(told, want) {
		t.Errorf("told after epochs %v, want %v", told, want)
	}
	if a.raise(0) || !a.raise(2) {
		t.Error("a row that was broken does not begin anew")
	}
}

// In the warm-up, the spread of outputs that are alike at the start is no sign; later it is.
func TestSpreadInWarmup(t *testing.T) {
	for _, c := range []struct {
		alike, warmup bool
		want          int
	}{{false, false, 1}, {false, true, 1}, {true, false, 1}, {true, true, 0}} {
		var a alarm
		method := told{Collapse{Loss: 9, AlikeAtStart: c.alike}}
		if got := a.epoch(Progress{Epoch: 1, Spread: .01, Width: 64}, c.warmup, method, 0, 0); len(got) != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// told is a trainer that does nothing but say how it collapses.
type told struct{ c Collapse }

func (t told) Collapse() Collapse     { return t.c }
func (told) Encoder() models.Backbone { return nil }
func (told) Forward(Batch) Result     { return Result{} }
func (told) AfterStep(Clock)          {}
func (told) Register(*nn.Registry)    {}

// The rank that a live evaluation finds reaches the alarm, also over a resume.
func TestObserveRank(t *testing.T) {
	torchtest.NoLeak(t)
	l := tinyLoop(t)
	l.Checkpoints, l.Resume = t.TempDir(), true
	var got []string
	l.Warn = func(s string) { got = append(got, s) }
	l.EpochEnd = func(p Progress, _ Trainer) error {
		l.ObserveRank([]float64{30, 3, 3}[p.Epoch-1], 512)
		return nil
	}
	trainTo(t, l, 5)
	if got != nil {
		t.Errorf("alarms %q of a rank of 30", got)
	}
	run(t, l)
	if len(got) != 2 || !strings.Contains(got[0], "rank 3.0 of 512 (the highest so far was 30.0)") {
		t.Errorf("alarms %q, want two of the rank", got)
	}
}
