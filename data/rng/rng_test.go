package rng_test

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"

	"sslmem/data/rng"
)

// TestGolden pins the streams: a run that was recorded with one version must
// repeat with every later one. If this test fails, the code is wrong, never
// the numbers.
func TestGolden(t *testing.T) {
	for _, c := range []struct {
		seed uint64
		path []uint64
		sub  uint64
		want [3]uint64
	}{
		{0, nil, 0x3dedf6496f2178c8, [3]uint64{0x3d52ee45d64ed09b, 0x6eabeaf3da620d1, 0x20c431d16a4adadc}},
		{1, nil, 0x23bb8419676f31af, [3]uint64{0xdf7d8df0647c92ae, 0x4182ed9f05e5f4c0, 0x10f5796c2ba0d907}},
		{0, []uint64{0}, 0xdbbc982c7eac07e5, [3]uint64{0x738be0e03eb3676c, 0x433c567d8f4889c3, 0x99803a236be40369}},
		{42, []uint64{1, 2, 3}, 0x727206416949581b, [3]uint64{0x778c13ceb918a73a, 0x55228434566b7b95, 0xa05f0ca6a92aa2e9}},
		{math.MaxUint64, []uint64{math.MaxUint64}, 0x477fa5a0b58fa909, [3]uint64{0xa01efd00ba6572f3, 0x1005057f02200228, 0xebe460e50ba9dfca}},
	} {
		if got := rng.Sub(c.seed, c.path...); got != c.sub {
			t.Errorf("Sub(%d, %v) = %#x, want %#x", c.seed, c.path, got, c.sub)
		}
		r := rng.New(c.seed, c.path...)
		if got := [3]uint64{r.Uint64(), r.Uint64(), r.Uint64()}; got != c.want {
			t.Errorf("New(%d, %v) starts %#x, want %#x", c.seed, c.path, got, c.want)
		}
	}
	// What is made of the bits must not change either.
	r := rng.New(7, rng.Word("golden"))
	got := fmt.Sprintf("%v %.15g %.15g %d", r.Perm(8), r.Float64(), r.NormFloat64(), r.IntN(1000))
	if want := "[2 7 3 1 0 5 4 6] 0.347290503426443 -0.468259757586702 957"; got != want {
		t.Errorf("derived values %s, want %s", got, want)
	}
}

// TestWord compares with the published FNV-1a test vectors.
func TestWord(t *testing.T) {
	for s, want := range map[string]uint64{
		"":       0xcbf29ce484222325,
		"a":      0xaf63dc4c8601ec8c,
		"foobar": 0x85944171f73967e8,
	} {
		if got := rng.Word(s); got != want {
			t.Errorf("Word(%q) = %#x, want %#x", s, got, want)
		}
	}
}

func TestSeedEqualsNew(t *testing.T) {
	var p rand.PCG
	r := rand.New(&p)
	r.Uint64()
	rng.Seed(&p, 5, 6, 7)
	want := rng.New(5, 6, 7)
	for range 10 {
		if a, b := r.Uint64(), want.Uint64(); a != b {
			t.Fatalf("Seed gives %#x, New %#x", a, b)
		}
	}
	if n := testing.AllocsPerRun(100, func() { rng.Seed(&p, 5, 6, 7) }); n != 0 {
		t.Errorf("Seed allocates %v times", n)
	}
}

// TestDistinct opens many streams whose paths are close to each other and
// looks for two that start alike.
func TestDistinct(t *testing.T) {
	seen := map[uint64]string{}
	add := func(seed uint64, path ...uint64) {
		name := fmt.Sprint(seed, path)
		for _, v := range []uint64{rng.Sub(seed, path...), rng.New(seed, path...).Uint64()} {
			if other, ok := seen[v]; ok {
				t.Fatalf("%s and %s share the value %#x", name, other, v)
			}
			seen[v] = name
		}
	}
	for i := range uint64(40) {
		add(i)
		for j := range uint64(40) {
			add(i, j)
			add(1<<i, 1<<j, 1000)
			for k := range uint64(10) {
				add(i, 100+j, k)
			}
		}
	}
}

// TestAvalanche flips each bit of the seed and of a path word and expects half
// of the derived bits to flip: 64 draws of 64 bits, standard error .8 bits.
func TestAvalanche(t *testing.T) {
	flips := func(f func(bit uint64) uint64) float64 {
		sum := 0
		for i := range 64 {
			sum += bits.OnesCount64(f(0) ^ f(1<<i))
		}
		return float64(sum) / 64
	}
	for name, f := range map[string]func(uint64) uint64{
		"seed":        func(b uint64) uint64 { return rng.Sub(3^b, 4, 5) },
		"first word":  func(b uint64) uint64 { return rng.Sub(3, 4^b, 5) },
		"last word":   func(b uint64) uint64 { return rng.Sub(3, 4, 5^b) },
		"first draw":  func(b uint64) uint64 { return rng.New(3, 4, 5^b).Uint64() },
		"first float": func(b uint64) uint64 { return math.Float64bits(1+rng.New(3, 4^b).Float64()) << 12 },
	} {
		want := 32.0
		if name == "first float" {
			want = 26
		}
		if got := flips(f); math.Abs(got-want) > 2 {
			t.Errorf("%s: %.1f bits flip on average, want about %v", name, got, want)
		}
	}
}

// TestNeighbours: the first numbers of streams 0, 1, 2, … must look uniform
// and uncorrelated, as each image takes only a few numbers from its stream.
func TestNeighbours(t *testing.T) {
	const n = 20000
	var sum, lag, prev float64
	var bins [16]float64
	for i := range uint64(n) {
		x := rng.New(1, i).Float64()
		bins[int(x*16)]++
		sum += x
		lag += (x - .5) * (prev - .5)
		prev = x
	}
	if d := sum/n - .5; math.Abs(d) > 4*math.Sqrt(1./12/n) {
		t.Errorf("mean is off by %g", d)
	}
	if c := lag / n * 12; math.Abs(c) > 4/math.Sqrt(n) {
		t.Errorf("correlation of neighbours is %g", c)
	}
	chi := 0.
	for _, b := range bins {
		chi += (b - n/16.) * (b - n/16.) / (n / 16.)
	}
	if chi > 37.7 { // .999 quantile for 15 degrees of freedom
		t.Errorf("chi-squared of 16 bins is %g", chi)
	}
}

func BenchmarkSeed(b *testing.B) {
	b.ReportAllocs()
	var p rand.PCG
	for b.Loop() {
		rng.Seed(&p, 1, 2, 3, 4)
	}
}

func ExampleNew() {
	shuffle := func(epoch uint64) []int { return rng.New(1, rng.Word("order"), epoch).Perm(5) }
	third := shuffle(3)
	shuffle(1) // what was drawn in between does not matter
	fmt.Println(fmt.Sprint(third) == fmt.Sprint(shuffle(3)))
	// Output: true
}
