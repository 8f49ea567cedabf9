package mem

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestSubsetMemorization(t *testing.T) {
	losses := [][]float64{{.2, .5, .1}, {.6, .4, .1}, {.4, .9, .3}, {.8, .1, .5}}
	included := [][]bool{{true, false, true}, {false, true, true}, {true, false, true}, {false, false, true}}
	s, err := SubsetMemorization(losses, included)
	if err != nil {
		t.Fatal(err)
	}
	// Point 0: out .6 and .8, in .2 and .4; both have variance .02.
	checkClose(t, "m", float64(s.M[0]), .4, 1e-14)
	checkClose(t, "SE", float64(s.SE[0]), math.Sqrt(.02/2+.02/2), 1e-14)
	checkClose(t, "m", float64(s.M[1]), .5-.4, 1e-14)
	if s.SE[1].Defined() || s.M[2].Defined() || s.SE[2].Defined() {
		t.Errorf("one encoder saw point 1 and all saw point 2: %+v", s)
	}
	if !slices.Equal(s.In, []int{2, 1, 4}) || !slices.Equal(s.Out, []int{2, 3, 0}) {
		t.Errorf("in %v, out %v", s.In, s.Out)
	}
}

// Encoders align the points they saw better by what each point is memorized, and all
// points better or worse by an offset of their own. The scores find the former, as
// exactly as their standard errors say.
func TestSubsetMemorizationFindsWhatIsThere(t *testing.T) {
	const n, encoders = 400, 200
	subsets, err := DrawSubsets(n, encoders, .7, 3)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(4, 5))
	losses := make([][]float64, encoders)
	for e := range losses {
		losses[e] = make([]float64, n)
		offset := .05 * random.Float64()
		for i := range losses[e] {
			losses[e][i] = .5 + offset + .02*random.NormFloat64()
			if subsets[e][i] {
				losses[e][i] -= float64(i) / n * .1
			}
		}
	}
	s, err := SubsetMemorization(losses, subsets)
	if err != nil {
		t.Fatal(err)
	}
	var squares, outside float64
	for i := range n {
		z := (float64(s.M[i]) - float64(i)/n*.1) / float64(s.SE[i])
		squares += z * z
		if math.Abs(z) > 1.96 {
			outside++
		}
	}
	if chi := squares / n; chi < .8 || chi > 1.25 || outside/n > .09 {
		t.Errorf("the squared error is %.2f standard errors, %.0f of %d points lie outside of 95 %%", chi, outside, n)
	}
	more, _ := DrawSubsets(n, encoders+1, .7, 3)
	for e, subset := range subsets {
		in := 0
		for _, v := range subset {
			if v {
				in++
			}
		}
		if in != 280 || !slices.Equal(more[e], subset) || e > 0 && slices.Equal(subset, subsets[0]) {
			t.Fatalf("subset %d holds %d points", e, in)
		}
	}
}

func TestSubsetMemorizationRefuses(t *testing.T) {
	for want, call := range map[string]func() (SubsetScores, error){
		"0 encoders":      func() (SubsetScores, error) { return SubsetMemorization(nil, nil) },
		"subsets of 2":    func() (SubsetScores, error) { return SubsetMemorization([][]float64{{1}}, make([][]bool, 2)) },
		"encoder 0 has 1": func() (SubsetScores, error) { return SubsetMemorization([][]float64{{1}}, [][]bool{{true, false}}) },
		"under encoder 1 is NaN": func() (SubsetScores, error) {
			return SubsetMemorization([][]float64{{1}, {math.NaN()}}, [][]bool{{true}, {true}})
		},
	} {
		if _, err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	for _, fraction := range []float64{0, .001, 1, 2, math.NaN(), -1} {
		if _, err := DrawSubsets(10, 3, fraction, 1); err == nil {
			t.Errorf("subsets of %v of 10 points", fraction)
		}
	}
	if _, err := DrawSubsets(10, 0, .5, 1); err == nil {
		t.Error("no encoder")
	}
}
