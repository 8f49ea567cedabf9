package mem

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

// fixture is what testdata/make_stats.py writes: values from SciPy, NumPy and
// PyTorch.
type fixture struct {
	Welch []struct {
		Name       string    `json:"name"`
		A          []float64 `json:"a"`
		B          []float64 `json:"b"`
		T          float64   `json:"t"`
		DF         float64   `json:"df"`
		PGreater   float64   `json:"p_greater"`
		PLess      float64   `json:"p_less"`
		PTwoSided  float64   `json:"p_two_sided"`
		Low        float64   `json:"low"`
		High       float64   `json:"high"`
		Difference float64   `json:"difference"`
		CohensD    float64   `json:"cohens_d"`
	} `json:"welch"`
	Means []struct {
		X    []float64 `json:"x"`
		Mean float64   `json:"mean"`
		SD   float64   `json:"sd"`
		Low  float64   `json:"low"`
		High float64   `json:"high"`
	} `json:"means"`
	Pearson []struct {
		A []float64 `json:"a"`
		B []float64 `json:"b"`
		R float64   `json:"r"`
	} `json:"pearson"`
	Quantiles []struct {
		X []float64 `json:"x"`
		P []float64 `json:"p"`
		Q []float64 `json:"q"`
	} `json:"quantiles"`
	Tail []struct {
		DF float64 `json:"df"`
		T  float64 `json:"t"`
		P  float64 `json:"p"`
	} `json:"tail"`
	Critical []struct {
		DF float64 `json:"df"`
		T  float64 `json:"t"`
	} `json:"critical"`
	Alignment []struct {
		Views [][]float64          `json:"views"`
		Loss  map[Distance]float64 `json:"loss"`
	} `json:"alignment"`
}

func loadFixture(t *testing.T) fixture {
	t.Helper()
	text, err := os.ReadFile("testdata/stats.json")
	if err != nil {
		t.Fatal(err)
	}
	var f fixture
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// checkClose fails unless got is want up to a relative error of tol.
func checkClose(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if got == want {
		return
	}
	if !(math.Abs(got-want) <= tol*math.Abs(want)) {
		t.Errorf("%s = %.17g, want %.17g (relative error %.2g)", what, got, want, math.Abs(got-want)/math.Abs(want))
	}
}

// shifts are the expected differences L_g − L_f of the sets of drawScores.
type shifts [NumSets]float64

// drawScores draws scores with n points a set and the given number of pairs,
// all with halves; the expectation of m is that of the point's set.
func drawScores(t *testing.T, n, pairs int, shift shifts) *Scores {
	t.Helper()
	random := rand.New(rand.NewPCG(7, uint64(n)))
	var members [NumSets][]int
	for i := range NumSets * n {
		members[i%NumSets] = append(members[i%NumSets], i)
	}
	labels := make([]int, NumSets*n)
	for i := range labels {
		labels[i] = i % 10
	}
	s := NewScores(members, labels)
	for k := range pairs {
		p := PairLoss{Seed: uint64(100 + k)}
		for _, set := range s.Set {
			base, own := 0.5+0.1*random.Float64(), shift[set]+0.03*random.NormFloat64()
			var f, g [2]float64
			for h := range 2 {
				f[h] = base + 0.01*random.NormFloat64()
				g[h] = base + own + 0.01*random.NormFloat64()
				p.FHalf[h] = append(p.FHalf[h], f[h])
				p.GHalf[h] = append(p.GHalf[h], g[h])
			}
			p.F = append(p.F, (f[0]+f[1])/2)
			p.G = append(p.G, (g[0]+g[1])/2)
		}
		if err := s.AddPair(p); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// memorized are the shifts of a pair that memorizes: f aligns S_C better and
// g aligns S_I better.
var memorized = shifts{Shared: 0, Candidate: 0.03, Independent: -0.03, External: 0}
