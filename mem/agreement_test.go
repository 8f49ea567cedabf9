package mem

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

type rankFixture struct {
	Agreement []struct {
		Name string    `json:"name"`
		A    []float64 `json:"a"`
		B    []float64 `json:"b"`
		Rho  float64   `json:"rho"`
		PRho float64   `json:"p_rho"`
		Tau  float64   `json:"tau"`
		PTau float64   `json:"p_tau"`
	} `json:"agreement"`
	Overlap []struct {
		N     int     `json:"n"`
		K     int     `json:"k"`
		Count int     `json:"count"`
		P     float64 `json:"p"`
	} `json:"overlap"`
}

func TestRankFixtureIsWhatSciPyGives(t *testing.T) {
	remakeJSON(t, "make_ranks.py", "ranks.json", "scipy, numpy")
}

func TestAgreementAgainstSciPy(t *testing.T) {
	for _, c := range readFixture[rankFixture](t, "ranks.json").Agreement {
		t.Run(c.Name, func(t *testing.T) {
			a, b := slices.Clone(c.A), slices.Clone(c.B)
			g, err := Agree(a, b)
			if err != nil {
				t.Fatal(err)
			}
			checkClose(t, "ρ", float64(g.Spearman.R), c.Rho, 1e-12)
			checkClose(t, "p of ρ", float64(g.Spearman.P), c.PRho, 1e-10)
			checkClose(t, "τ", float64(g.Kendall.R), c.Tau, 1e-12)
			checkClose(t, "p of τ", float64(g.Kendall.P), c.PTau, 1e-10)
			if !slices.Equal(a, c.A) || !slices.Equal(b, c.B) {
				t.Error("the scores have changed")
			}
			turned, _ := Agree(b, a)
			checkClose(t, "τ of the other way round", float64(turned.Kendall.R), float64(g.Kendall.R), 1e-15)
		})
	}
}

// Kendall's τ_b by its definition, over all pairs.
func TestKendallByCounting(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 9))
	for _, n := range []int{2, 3, 7, 50, 120} {
		for _, levels := range []int{2, 5, 1000} {
			a, b := make([]float64, n), make([]float64, n)
			for i := range a {
				a[i], b[i] = float64(random.IntN(levels)), float64(random.IntN(levels))
			}
			var difference, inA, inB float64
			for i := range a {
				for j := range i {
					x, y := a[i]-a[j], b[i]-b[j]
					switch {
					case x*y > 0:
						difference++
					case x*y < 0:
						difference--
					}
					if x != 0 {
						inA++
					}
					if y != 0 {
						inB++
					}
				}
			}
			got, want := float64(Kendall(a, b).R), difference/math.Sqrt(inA*inB)
			if math.IsNaN(want) != math.IsNaN(got) || !(math.IsNaN(want) || math.Abs(got-want) < 1e-13) {
				t.Errorf("n = %d, %d levels: τ = %v, counted %v", n, levels, got, want)
			}
		}
	}
}

func TestOverlapAgainstSciPy(t *testing.T) {
	for _, c := range readFixture[rankFixture](t, "ranks.json").Overlap {
		// The first Count of the top k are the same, the rest are the lowest.
		a, b := make([]float64, c.N), make([]float64, c.N)
		for i := range c.K {
			a[i] = float64(1 + i)
			if i < c.Count {
				b[i] = float64(1 + i)
			} else {
				b[c.N-1-(i-c.Count)] = 1
			}
		}
		o := Overlap(a, b, c.K)
		if o.Count != c.Count || o.N != c.N || o.K != c.K || float64(o.Fraction) != float64(c.Count)/float64(c.K) || float64(o.Chance) != float64(c.K)/float64(c.N) {
			t.Errorf("%+v, want %+v", o, c)
		}
		checkClose(t, "p", float64(o.P), c.P, 1e-10)
	}
}

// Of two points that share a score the first is the higher one, so that a score
// overlaps with itself.
func TestOverlapOfTies(t *testing.T) {
	x := []float64{1, 3, 3, 3, 2, math.NaN()}
	for k := 1; k <= len(x); k++ {
		if o := Overlap(x, x, k); o.Count != k || o.Fraction != 1 {
			t.Errorf("top %d: %+v", k, o)
		}
	}
	if top := highest(x, 6); !slices.Equal(top, []int{1, 2, 3, 4, 0, 5}) {
		t.Errorf("order %v", top)
	}
}

func TestAgreementRefuses(t *testing.T) {
	x := []float64{1, 2, 3}
	for want, call := range map[string]func() (Agreement, error){
		"3 scores with 2": func() (Agreement, error) { return Agree(x, x[:2]) },
		"position 1":      func() (Agreement, error) { return Agree(x, []float64{1, math.NaN(), 2}) },
		"top 4 of 3":      func() (Agreement, error) { return Agree(x, x, 1, 4) },
		"top 0 of 3":      func() (Agreement, error) { return Agree(x, x, 0) },
	} {
		if _, err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	for _, b := range [][]float64{{5, 5, 5}, {1, 2, math.NaN()}} {
		if s, k := Spearman(x, b), Kendall(x, b); s.R.Defined() || s.P.Defined() || k.R.Defined() || k.P.Defined() {
			t.Errorf("%v: %v, %v", b, s, k)
		}
	}
	if s := Spearman(x[:2], x[:2]); s.R != 1 || s.P.Defined() {
		t.Errorf("two points: %v", s)
	}
}
