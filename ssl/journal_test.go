package ssl

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// record puts a step with the given numbers into a journal.
func record(j *journal, step int, loss, part float32) {
	s := torch.NewScope()
	defer s.Close()
	j.record(s, torch.Scalar(s, loss), []Part{{"half", torch.Scalar(s, part)}}, 1)
	j.close(step)
}

// The means are those of all steps since the last time, however often the rows
// were read in between.
func TestJournalMeans(t *testing.T) {
	torchtest.NoLeak(t)
	const steps = 2*journalRows + 7
	for _, every := range []int{1, 3, steps} {
		j := journal{device: torch.CPU}
		for step := 1; step <= steps; step++ {
			record(&j, step, float32(step), float32(step)/2)
			if step%every == 0 {
				j.read()
			}
		}
		want := []Mean{{"loss", (steps + 1) / 2.}, {"half", (steps + 1) / 4.}}
		if got := j.take(); !slices.Equal(got, want) {
			t.Errorf("read every %d steps: means %v, want %v", every, got, want)
		}
		record(&j, steps+1, 5, 6)
		if got := j.take(); !slices.Equal(got, []Mean{{"loss", 5}, {"half", 6}}) {
			t.Errorf("means %v of one step, want 5 and 6", got)
		}
		j.free()
	}
}

// The first loss that is not finite is found, with those before it, wherever the
// rows are read.
func TestJournalFindsTheBadStep(t *testing.T) {
	for _, bad := range []int{1, 2, journalRows, journalRows + 1, 2*journalRows + 3} {
		j := journal{device: torch.CPU}
		for step := 1; step <= 3*journalRows; step++ {
			loss := float32(step)
			if step >= bad {
				loss = float32(math.Inf(1))
			}
			if step == bad+1 {
				loss = float32(math.NaN())
			}
			record(&j, step, loss, 0)
		}
		j.read()
		if j.bad == nil || j.bad.step != bad || !math.IsInf(j.bad.loss, 1) {
			t.Errorf("the bad step is %+v, want step %d", j.bad, bad)
		} else if n := len(j.bad.before); bad > 1 && (n == 0 || j.bad.before[n-1] != float64(bad-1)) {
			t.Errorf("before step %d there were losses %v", bad, j.bad.before)
		}
		j.free()
	}
}

// A batch that is computed in parts has the mean of what its parts measure.
func TestJournalOfParts(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	j := journal{device: torch.CPU, clips: true}
	defer j.free()
	for _, loss := range []float32{1, 2, 6} {
		j.record(s, torch.Scalar(s, loss), nil, 1./3)
	}
	j.norm(s, torch.Scalar(s, float32(4)))
	j.close(1)
	got := j.take()
	if len(got) != 2 || math.Abs(got[0].Value-3) > 1e-6 || got[1] != (Mean{"grad_norm", 4}) {
		t.Errorf("means %v, want a loss of 3 and a norm of 4", got)
	}
}

// Rows along the axes, both ways, each as often: the directions are spread evenly, and
// their standard deviation is 1/√D but for N/(N − 1). Rows of one direction have none,
// however long they are.
func TestSpread(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	const d = 5
	rows := make([]float64, 2*d*d)
	for i := range 2 * d {
		rows[i*d+i/2] = float64(1+i) * float64(1-2*(i%2))
	}
	want := math.Sqrt(1./d) * math.Sqrt(2*d/(2*d-1.))
	if got := spread(torch.FromSlice(s, rows, 2*d, d)).Item(); math.Abs(got-want) > 1e-12 {
		t.Errorf("spread %v, want %v", got, want)
	}
	if got := spread(torch.FromSlice(s, []float64{3, 4, 6, 8, 1.5, 2}, 3, 2)).Item(); got > 1e-12 {
		t.Errorf("spread %v of rows of one direction, want 0", got)
	}
}

// What is reported at the end of an epoch are the means over its steps: of the loss,
// its terms and the norm of the gradients.
func TestProgressOfTerms(t *testing.T) {
	torchtest.NoLeak(t)
	l := tinyLoop(t)
	l.Recipe.Method, l.Recipe.Options = "align-uniform", map[string]any{"projector": []int{16, 8}, "uniform": .25}
	l.Recipe.Optimizer.ClipGrad = 1e-3
	ends := 0
	l.Report = func(p Progress) {
		if !p.EpochEnd {
			if p.Parts != nil || !math.IsNaN(p.GradNorm) || !math.IsNaN(p.Spread) {
				t.Errorf("step %d reports %+v", p.Step, p)
			}
			return
		}
		ends++
		if len(p.Parts) != 2 || p.Parts[0].Name != "align" || p.Parts[1].Name != "uniform" {
			t.Fatalf("parts %v, want align and uniform", p.Parts)
		}
		if want := p.Parts[0].Value + .25*p.Parts[1].Value; math.Abs(p.Loss-want) > 1e-6 {
			t.Errorf("the loss is %v, but its parts make %v", p.Loss, want)
		}
		if !(p.GradNorm > 1e-2) {
			t.Errorf("norm of the gradients %v: it is that after clipping, or none", p.GradNorm)
		}
		if p.Width != 8 || !(p.Spread > 0 && p.Spread < 1.1*p.EvenSpread()) {
			t.Errorf("spread %v of rows of length %d", p.Spread, p.Width)
		}
	}
	run(t, l)
	if ends != 3 {
		t.Errorf("%d epochs were reported, want 3", ends)
	}
}

// A method that does not always report the same is told so.
func TestPartsChange(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	j := journal{device: torch.CPU}
	defer j.free()
	record(&j, 1, 1, 1)
	defer func() {
		if r := recover(); r == nil {
			t.Error("other parts were accepted")
		}
	}()
	j.record(s, torch.Scalar(s, float32(1)), nil, 1)
}

// explode trains with a weight decay that multiplies all weights by −growth in each
// step, until they overflow.
func explode(t *testing.T, growth float64) *Loop {
	l := tinyLoop(t)
	l.Recipe.Epochs = 30
	l.Recipe.Optimizer = Optimizer{Name: "sgd", LR: .01, WeightDecay: 100 * (growth + 1)}
	l.Checkpoints, l.Resume = t.TempDir(), true
	return l
}

// A training whose loss becomes NaN ends with an error that names step and cause, and
// with a dump that takes the step again: with the same losses before it, and the
// same end. That holds with a checkpoint before the step and without one, and for
// a run that was resumed.
func TestReplay(t *testing.T) {
	for name, c := range map[string]struct {
		growth float64
		every  int
		stop   int
	}{
		"after a checkpoint":   {growth: 20, every: 1},
		"without a checkpoint": {growth: 20, every: 30},
		"after a resume":       {growth: 20, every: 30, stop: 3},
		"in the second step":   {growth: 1e30, every: 1},
	} {
		t.Run(name, func(t *testing.T) {
			torchtest.NoLeak(t)
			l := explode(t, c.growth)
			l.CheckpointEvery = c.every
			if c.stop > 0 {
				trainTo(t, l, c.stop)
			}
			_, err := l.Run(context.Background())
			d := asDiverged(t, err)
			t.Log(err)
			if isFinite(d.Loss) || d.Dump == "" || d.Epoch != (d.Step+3)/4 {
				t.Fatalf("the error is %+v", d)
			}
			r, err := Replay(context.Background(), d.Dump, l.Data)
			if err != nil {
				t.Fatal(err)
			}
			if !r.Exact || r.Step != d.Step || fmt.Sprint(r.Loss) != fmt.Sprint(d.Loss) || len(r.Images) != 16 {
				t.Errorf("replayed as %+v, want step %d and loss %v", r, d.Step, d.Loss)
			}
			if len(r.Weights)+len(r.Gradients) == 0 {
				t.Error("neither weights nor gradients are named")
			}
			t.Logf("%d steps; weights %v, gradients %v", len(r.Losses), r.Weights, r.Gradients)
			p := newPlan(l.Index, 16, l.Seed, Alone{})
			if images, _ := p.step(d.Step - 1); !slices.Equal(images, r.Images) {
				t.Errorf("images %v, want %v", r.Images, images)
			}
		})
	}
}

func asDiverged(t *testing.T, err error) *Diverged {
	t.Helper()
	d, ok := err.(*Diverged)
	if !ok {
		t.Fatalf("error %v, want a *Diverged", err)
	}
	return d
}
