package torchtest_test

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// forgotten is what a careless package would leave behind.
var forgotten *torch.Tensor

func TestMain(m *testing.M) {
	if os.Getenv("SSLMEM_TEST_CHILD") == "forget" {
		forgotten = torch.Scalar(torch.Root, 1.0)
	}
	torchtest.Main(m)
}

// recorder is a test that keeps what it would report.
type recorder struct {
	testing.TB
	errors   []string
	cleanups []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, a ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, a...))
}

// expect runs fn as a test and checks that its report has want, or that it has
// none.
func expect(t *testing.T, want string, fn func(r *recorder)) {
	t.Helper()
	r := &recorder{TB: t}
	fn(r)
	for _, f := range r.cleanups {
		f()
	}
	got := strings.Join(r.errors, "; ")
	if want == "" && got != "" || !strings.Contains(got, want) {
		t.Errorf("reported %q, want %q", got, want)
	}
}

func TestNoLeak(t *testing.T) {
	expect(t, "", func(r *recorder) {
		torchtest.NoLeak(r)
		s := torch.NewScope()
		torch.Scalar(s, 1.0)
		s.Close()
		torch.Scalar(torch.Root, 2.0) // for the collector
	})
	s := torch.NewScope()
	defer s.Close()
	expect(t, "2 more than before the test", func(r *recorder) {
		torch.Scalar(torch.Root, 3.0) // garbage from before must not hide the leak
		torchtest.NoLeak(r)
		torch.Scalar(s, 1.0).Neg()
	})
}

// TestNoLeakReport leaks from a function that the report must name.
func TestNoLeakReport(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	expect(t, "SSLMEM_DEBUG_TENSORS=1", func(r *recorder) {
		torchtest.NoLeak(r)
		leak(s)
	})
	torch.TrackTensors(true)
	defer torch.TrackTensors(false)
	expect(t, "torchtest_test.leak\n", func(r *recorder) {
		torchtest.NoLeak(r)
		leak(s)
	})
}

func leak(s *torch.Scope) { torch.Scalar(s, 1.0) }

func TestDrain(t *testing.T) {
	torchtest.NoLeak(t)
	before := torchtest.Drain(0)
	s := torch.NewScope()
	defer s.Close()
	torch.Scalar(s, 1.0)
	for range 10 {
		torch.Scalar(torch.Root, 1.0)
	}
	if n := torchtest.Drain(before + 1); n != before+1 {
		t.Errorf("%d tensors live, want %d", n, before+1)
	}
}

// TestMainFails runs this program with a tensor that a variable of the package
// holds to the end.
func TestMainFails(t *testing.T) {
	run := func(variable string) (string, error) {
		cmd := exec.Command(os.Args[0], "-test.run=TestAllClose")
		cmd.Env = append(os.Environ(), variable)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if os.Getenv("SSLMEM_TEST_CHILD") != "" {
		return
	}
	if out, err := run("SSLMEM_TEST_CHILD=none"); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	out, err := run("SSLMEM_TEST_CHILD=forget")
	if err == nil || !strings.Contains(out, "1 tensors live after the last test") {
		t.Errorf("error %v, output %s", err, out)
	}
}

func TestAllClose(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float32{1, 2, 3, 4, 5, 6}, 2, 3)
	y := torch.FromSlice(s, []float64{1, 2, 3.5, 4, 5, 9}, 2, 3)
	for want, fn := range map[string]func(r *recorder){
		"": func(r *recorder) { torchtest.AllClose(r, x, y, 0.5, 0) },
		"2 of 6 elements differ; the worst, [1 2], is 6, want 9": func(r *recorder) { torchtest.AllClose(r, x, y, 0, 0.1) },
		"shape [2 3], want [3 2]":                                func(r *recorder) { torchtest.AllClose(r, x, y.T(), 1, 1) },
	} {
		expect(t, want, fn)
	}
}

func TestClose(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		got, want  float64
		rtol, atol float64
		report     string
	}{
		{1, 1, 0, 0, ""},
		{1.5, 1, 0, 0.5, ""},
		{1.5, 1, 0.5, 0, ""},
		{-3, -2, 0.25, 0.5, ""},
		{1.51, 1, 0, 0.5, "1 of 1 elements differ; the worst, [0], is 1.51, want 1 ± 0.5"},
		{nan, nan, 0, 0, ""},
		{nan, 1, 1, 1, "is NaN"},
		{1, nan, 1, 1, "want NaN"},
		{inf, inf, 0, 0, ""},
		{-inf, inf, 1, 1, "is -Inf"},
		{1, inf, 1, 1, "want +Inf"},
		{inf, 1, 1, 1, "is +Inf"},
	} {
		expect(t, c.report, func(r *recorder) {
			torchtest.Close(r, []float64{c.got}, []float64{c.want}, nil, c.rtol, c.atol)
		})
	}
	expect(t, "2 elements, want 1", func(r *recorder) {
		torchtest.Close(r, []float64{1, 2}, []float64{1}, nil, 0, 0)
	})
}
