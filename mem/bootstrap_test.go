package mem

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
)

// replay is the bootstrap of a mean with the given draws.
func replay(x []float64, draws [][]int) meanBootstrap {
	m := newMeanBootstrap(x, len(draws), 0, 0)
	for k, draw := range draws {
		m.replicates[k], _ = meanVariance(pick(x, draw))
	}
	return m
}

func TestBootstrapAgainstSciPy(t *testing.T) {
	for _, c := range readFixture[twoSampleFixture](t, "tests.json").Bootstrap {
		m := replay(c.Samples[0], c.Draws[0])
		if len(c.Samples) == 2 {
			m = m.minus(replay(c.Samples[1], c.Draws[1]))
		}
		got := m.result()
		checkClose(t, "standard error", float64(got.SE), c.SE, 1e-10)
		checkClose(t, "percentile low", float64(got.Percentile.Low), c.Percentile[0], 1e-10)
		checkClose(t, "percentile high", float64(got.Percentile.High), c.Percentile[1], 1e-10)
		checkClose(t, "BCa low", float64(got.BCa.Low), c.BCa[0], 1e-10)
		checkClose(t, "BCa high", float64(got.BCa.High), c.BCa[1], 1e-10)
		if got.Resamples != len(c.Draws[0]) || got.Percentile == got.BCa {
			t.Errorf("%d resamples, intervals %v and %v", got.Resamples, got.Percentile, got.BCa)
		}
	}
}

// Its standard error is that of a mean, √((n−1)/n)·s/√n, and its interval nearly the
// one of Student's t.
func TestBootstrapOfNormalSamples(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	x, y := make([]float64, 300), make([]float64, 200)
	for i := range x {
		x[i] = 5 + random.NormFloat64()
	}
	for i := range y {
		y[i] = 4 + 2*random.NormFloat64()
	}
	mean, variance := meanVariance(x)
	b := BootstrapMean(x, 4999, 8)
	checkClose(t, "standard error", float64(b.SE), math.Sqrt(variance*299/300/300), .05)
	want := meanInterval(mean, variance, len(x))
	for name, ci := range map[string]Interval{"percentile": b.Percentile, "BCa": b.BCa} {
		if d := float64(ci.Low - want.Low); math.Abs(d) > .02 {
			t.Errorf("%s: low is off by %v", name, d)
		}
		if d := float64(ci.High - want.High); math.Abs(d) > .02 {
			t.Errorf("%s: high is off by %v", name, d)
		}
	}
	d, welch := BootstrapDifference(x, y, 4999, 8), Welch(x, y, Greater)
	if math.Abs(float64(d.BCa.Low-welch.CI.Low)) > .03 || math.Abs(float64(d.BCa.High-welch.CI.High)) > .03 {
		t.Errorf("difference: %v, by Welch %v", d.BCa, welch.CI)
	}
	if BootstrapMean(x, 4999, 8) != b || BootstrapMean(x, 4999, 9) == b {
		t.Error("the seed does not fix the bootstrap")
	}
	procs := runtime.GOMAXPROCS(1)
	alone := BootstrapMean(x, 4999, 8)
	runtime.GOMAXPROCS(procs)
	if alone != b {
		t.Error("the number of threads changes the bootstrap")
	}
	if same := BootstrapDifference(x, x, 999, 8); same.SE == 0 {
		t.Error("both samples of a difference are drawn alike")
	}
}

func TestBootstrapUndefined(t *testing.T) {
	for name, b := range map[string]Bootstrap{
		"one value":    BootstrapMean([]float64{1}, 99, 1),
		"NaN":          BootstrapMean([]float64{1, math.NaN()}, 99, 1),
		"no resamples": BootstrapMean([]float64{1, 2}, 0, 1),
		"one side":     BootstrapDifference([]float64{1, 2}, nil, 99, 1),
	} {
		if b.SE.Defined() || b.Percentile.Low.Defined() || b.BCa.High.Defined() || b.Resamples != 0 {
			t.Errorf("%s: %+v", name, b)
		}
	}
	b := BootstrapMean([]float64{.1, .1, .1}, 99, 1)
	if b.SE != 0 || b.Percentile != (Interval{.1, .1}) || b.BCa.Low.Defined() {
		t.Errorf("equal values: %+v", b)
	}
}
