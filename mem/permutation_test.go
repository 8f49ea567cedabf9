package mem

import (
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

func TestPermutationAgainstSciPy(t *testing.T) {
	for _, c := range readFixture[twoSampleFixture](t, "tests.json").Permutation {
		t.Run(c.Name, func(t *testing.T) {
			up, down := Permutation(c.A, c.B, Greater, 10_000, 1), Permutation(c.A, c.B, Less, 10_000, 2)
			if !up.Exact || up.Partitions != binomialUpTo(len(c.A)+len(c.B), len(c.A), 10_000) {
				t.Errorf("exact %v with %d partitions", up.Exact, up.Partitions)
			}
			checkClose(t, "p greater", float64(up.POneSided), c.PGreater, 1e-14)
			checkClose(t, "p less", float64(down.POneSided), c.PLess, 1e-14)
			checkClose(t, "p two-sided", float64(up.PTwoSided), c.PTwoSided, 1e-14)

			// Random partitions come close: four standard errors.
			random := Permutation(c.A, c.B, Greater, min(up.Partitions-1, 5_000), 3)
			margin := 4*math.Sqrt(c.PGreater*(1-c.PGreater)/float64(random.Partitions)) + 1/float64(random.Partitions)
			if random.Exact || math.Abs(float64(random.POneSided)-c.PGreater) > margin {
				t.Errorf("random partitions give p %v, exactly it is %v", random.POneSided, c.PGreater)
			}
		})
	}
}

// With random partitions it agrees with Student's test on normal samples, and
// depends on the seed alone.
func TestRandomPermutations(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	a, b := make([]float64, 90), make([]float64, 130)
	for i := range a {
		a[i] = random.NormFloat64() + .25
	}
	for i := range b {
		b[i] = random.NormFloat64()
	}
	const n = 4999
	p, want := Permutation(a, b, Greater, n, 5), Student(a, b, Greater)
	q := float64(want.POneSided)
	if p.Exact || p.Partitions != n || math.Abs(float64(p.POneSided)-q) > 4*math.Sqrt(q*(1-q)/n)+.002 {
		t.Errorf("p %v of %d partitions, Student's is %v", p.POneSided, p.Partitions, q)
	}
	if x := float64(p.POneSided) * (n + 1); math.Abs(x-math.Round(x)) > 1e-9 {
		t.Errorf("p is %v of %d", x, n+1)
	}
	if turned := Permutation(b, a, Less, n, 5); turned != p {
		t.Errorf("exchanged samples give %+v, want %+v", turned, p)
	}
	if other := Permutation(a, b, Greater, n, 6); other == p {
		t.Error("another seed gave the same p")
	}
	procs := runtime.GOMAXPROCS(1)
	alone := Permutation(a, b, Greater, n, 5)
	runtime.GOMAXPROCS(procs)
	if alone != p {
		t.Errorf("one thread gives %+v, want %+v", alone, p)
	}
	for i := range a {
		a[i] += 20
	}
	if p := Permutation(a, b, Greater, 99, 5); p.POneSided != .01 || p.PTwoSided != .02 {
		t.Errorf("samples far apart: %+v, want p of 1/100", p)
	}
}

func TestPermutationUndefined(t *testing.T) {
	for want, a := range map[string][]float64{"at least one point": nil, "not finite": {1, math.NaN()}} {
		p := Permutation(a, []float64{1, 2}, Greater, 100, 1)
		if p.POneSided.Defined() || p.PTwoSided.Defined() || !strings.Contains(p.Note, want) {
			t.Errorf("%v: %+v, want a note with %q", a, p, want)
		}
	}
	// No variance is no obstacle: all partitions are equal.
	if p := Permutation([]float64{3, 3}, []float64{3}, Greater, 100, 1); p.POneSided != 1 || p.PTwoSided != 1 || !p.Exact {
		t.Errorf("equal values: %+v", p)
	}
}
