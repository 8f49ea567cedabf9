package ssl

import (
	"context"
	"math"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/cuda"
	"sslmem/torch/torchtest"
)

// halfLoop trains in a precision for five epochs.
func halfLoop(t *testing.T, p Precision) *Loop {
	l := tinyLoop(t)
	l.Recipe.Precision, l.Recipe.Epochs = p, 5
	return l
}

// losses trains and returns those of the epochs.
func losses(t *testing.T, l *Loop) []float64 {
	t.Helper()
	var all []float64
	l.Report = func(p Progress) {
		if p.EpochEnd {
			all = append(all, p.Loss)
		}
	}
	run(t, l)
	return all
}

// A training in half precision learns as one in float32 does, near whose losses it stays.
func TestHalfPrecisionLearns(t *testing.T) {
	torchtest.NoLeak(t)
	want := losses(t, halfLoop(t, FP32))
	for p, far := range map[Precision]float64{BF16: .15, FP16: .4} {
		got := losses(t, halfLoop(t, p))
		t.Log(p, got)
		for i := range want {
			if math.Abs(got[i]-want[i]) > far {
				t.Errorf("%s: loss %v in epoch %d, %v in float32", p, got[i], i+1, want[i])
			}
		}
		if !(got[4] < got[0]-.5) {
			t.Errorf("%s: losses %v do not fall", p, got)
		}
	}
}

// Only what a step computes is in half precision: weights, statistics and what the
// optimizer keeps are not.
func TestStateStaysFloat32(t *testing.T) {
	torchtest.NoLeak(t)
	for _, p := range []Precision{BF16, FP16} {
		l := halfLoop(t, p)
		st, err := l.start()
		if err != nil {
			t.Fatal(err)
		}
		defer st.Free()
		step(t, l, st)
		kept := 0
		for name, x := range st.State() {
			if d := x.DType(); d == torch.BFloat16 || d == torch.Float16 || d == torch.Float64 {
				t.Errorf("%s: %s is %v", p, name, d)
			}
			kept++
		}
		if kept < 20 {
			t.Errorf("the state has %d tensors", kept)
		}
	}
}

// step takes one step of a training.
func step(t *testing.T, l *Loop, st *state) {
	t.Helper()
	loader := startLoader(l.Data, newPlan(l.Index, l.Recipe.BatchSize, l.Seed, l.ranks()), st.recipe, st.step, st.step+1)
	defer loader.Stop()
	b, err := loader.Next()
	if err != nil {
		t.Fatal(err)
	}
	st.Step(l.hostBatch(b))
}

// Resumed trainings in half precision are those never stopped, with the scale of the
// losses in float16, which the first steps of such a training lower.
func TestHalfPrecisionResumes(t *testing.T) {
	torchtest.NoLeak(t)
	for _, p := range []Precision{BF16, FP16} {
		whole := halfLoop(t, p)
		whole.Recipe.Epochs = 2
		want := run(t, whole)
		l := halfLoop(t, p)
		l.Recipe.Epochs = 2
		l.Checkpoints, l.Resume = t.TempDir(), true
		for _, stop := range []int{1, 6} {
			trainTo(t, l, stop)
		}
		if p == FP16 {
			saved := torchtest.Fixture(t, l.checkpointPath(6))
			if scale := saved["scaler.scale"].Item(); !(scale > 0 && scale < 65536) {
				t.Errorf("the checkpoint has the scale %v, want less than the 65536 of the start", scale)
			}
		}
		sameWeights(t, run(t, l), want)
	}
}

// Images and weights lie in memory with their channels last, before and after steps,
// and also where a batch comes in parts.
func TestChannelsLast(t *testing.T) {
	torchtest.NoLeak(t)
	l := tinyLoop(t)
	l.Recipe.Method, l.Recipe.Options = "byol", map[string]any{"projector": []int{8}, "predictor": []int{8}}
	const side = 28
	st, err := l.start()
	if err != nil {
		t.Fatal(err)
	}
	defer st.Free()
	s := torch.NewScope()
	defer s.Close()
	c := 3
	st.o.Channels = c
	h := HostBatch{Pixels: make([]float32, 2*16*side*side*c), Index: make([]int, 16)}
	for i := range h.Pixels {
		h.Pixels[i] = float32(i)
	}
	for _, parts := range []int{1, 4} {
		b := st.batch(s, h, parts-1, parts)
		n := 16 / parts
		if !b.Views.IsContiguous(torch.ChannelsLast) || b.Views.Size(1) != c || b.Views.Size(0) != 2*n {
			t.Errorf("views in %d parts: %v, not with the channels last", parts, b.Views.Shape())
		}
		// The second view of the part's first image, its second channel at the origin.
		at := (16+(parts-1)*n)*side*side*c + 1
		if got := b.Views.Select(0, n).Select(0, 1).Select(0, 0).Select(0, 0).Item(); got != float64(at) {
			t.Errorf("in %d parts a pixel is %v, want %d", parts, got, at)
		}
	}
	st.o.Channels = 1
	for range 2 {
		for name, x := range st.State() {
			if x.Dim() == 4 && !x.IsContiguous(torch.ChannelsLast) {
				t.Errorf("%s does not lie with its channels last", name)
			}
		}
		step(t, l, st)
	}
}

func TestSlowPrecisionIsNamed(t *testing.T) {
	for _, p := range []Precision{"", FP32} {
		if s := SlowPrecision(p, torch.CPU); s != "" {
			t.Errorf("precision %q: %s", p, s)
		}
	}
	l := halfLoop(t, FP16)
	l.Recipe.Epochs = 1
	l.Recipe.Optimizer.WarmupEpochs = 0
	var said []string
	l.Warn = func(s string) { said = append(said, s) }
	run(t, l)
	if len(said) != 1 || !strings.Contains(said[0], "float16") {
		t.Errorf("warnings %q, want one of float16 on a CPU", said)
	}
	l.Recipe.Precision = "fp8"
	if _, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), `"bf16"`) {
		t.Errorf("error %v does not say which precisions there are", err)
	}
}

// On a GPU the half precisions learn too.
func TestHalfPrecisionOnGPU(t *testing.T) {
	if !cuda.IsAvailable() {
		t.Skip("no GPU")
	}
	torchtest.NoLeak(t)
	for _, p := range []Precision{FP32, BF16, FP16} {
		l := halfLoop(t, p)
		l.Device = torch.Device{Type: torch.CUDAType}
		if got := losses(t, l); !(got[4] < got[0]-.5) {
			t.Errorf("%s: losses %v do not fall", p, got)
		}
	}
}
