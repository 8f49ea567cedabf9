package mem

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// By hand: four classifiers, of which two saw each of the first three points, and all
// the last.
func TestLabelMemorization(t *testing.T) {
	predicted := [][]int{{1, 0, 2, 3}, {1, 0, 2, 3}, {0, 0, 2, 3}, {0, 0, 1, 0}}
	included := [][]bool{{true, true, false, true}, {true, true, false, true}, {false, false, true, true}, {false, false, true, true}}
	s, err := LabelMemorization(predicted, []int{1, 0, 2, 3}, included)
	if err != nil {
		t.Fatal(err)
	}
	// The label of the first is memorized; that of the second follows without it; the
	// third is harmed; and the last was never left out.
	for i, want := range []struct{ m, in, out, se float64 }{{1, 1, 0, 0}, {0, 1, 1, 0}, {-.5, .5, 1, .5}, {math.NaN(), .75, math.NaN(), math.NaN()}} {
		for name, c := range map[string][2]float64{
			"M": {float64(s.M[i]), want.m}, "in": {float64(s.CorrectIn[i]), want.in}, "out": {float64(s.CorrectOut[i]), want.out}, "SE": {float64(s.SE[i]), want.se},
		} {
			if c[0] != c[1] && !(math.IsNaN(c[0]) && math.IsNaN(c[1])) {
				t.Errorf("point %d: %s is %v, want %v", i, name, c[0], c[1])
			}
		}
	}
	if s.In[3] != 4 || s.Out[3] != 0 {
		t.Errorf("the last is in %d and out of %d", s.In[3], s.Out[3])
	}
}

// Classifiers that remember a share of what they saw and guess the rest are found to,
// without in and out exchanged the other way around.
func TestPlantedLabels(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	const n, classifiers, classes = 400, 60, 4
	included, err := DrawSubsets(n, classifiers, .5, 3)
	if err != nil {
		t.Fatal(err)
	}
	labels, predicted, outside := make([]int, n), make([][]int, classifiers), make([][]bool, classifiers)
	for i := range labels {
		labels[i] = r.IntN(classes)
	}
	for k := range predicted {
		predicted[k], outside[k] = make([]int, n), make([]bool, n)
		for i := range labels {
			outside[k][i] = !included[k][i]
			predicted[k][i] = r.IntN(classes)
			if included[k][i] && i%2 == 0 { // every other point is remembered
				predicted[k][i] = labels[i]
			}
		}
	}
	s, err := LabelMemorization(predicted, labels, included)
	if err != nil {
		t.Fatal(err)
	}
	swapped, err := LabelMemorization(predicted, labels, outside)
	if err != nil {
		t.Fatal(err)
	}
	var mean [2]float64
	for i, m := range s.M {
		mean[i%2] += float64(m) / (n / 2)
		if swapped.M[i] != -m {
			t.Errorf("point %d: %v, and with in and out exchanged %v", i, m, swapped.M[i])
		}
	}
	if math.Abs(mean[0]-.75) > .02 || math.Abs(mean[1]) > .02 {
		t.Errorf("means %v, want .75 of what is remembered and 0 of the others", mean)
	}
}

func TestLabelMemorizationRefuses(t *testing.T) {
	yes := [][]bool{{true, false}}
	for want, call := range map[string]func() (LabelScores, error){
		"3 points, but there are 2 labels": func() (LabelScores, error) { return LabelMemorization([][]int{{0, 1, 2}}, []int{0, 1}, yes) },
		"point 1 has no label":             func() (LabelScores, error) { return LabelMemorization([][]int{{0, 1}}, []int{0, -1}, yes) },
		"0 encoders":                       func() (LabelScores, error) { return LabelMemorization(nil, []int{0, 1}, nil) },
		"subset of 1 points":               func() (LabelScores, error) { return LabelMemorization([][]int{{0, 1}}, []int{0, 1}, [][]bool{{true}}) },
	} {
		if _, err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// Two classifiers saw a mislabelled point and repeat its label; two did not and name what it
// shows.
func ExampleLabelMemorization() {
	predicted := [][]int{{7, 3}, {7, 3}, {1, 3}, {1, 3}}
	included := [][]bool{{true, true}, {true, false}, {false, true}, {false, false}}
	s, err := LabelMemorization(predicted, []int{7, 3}, included)
	fmt.Println(s.M, err)
	// Output:
	// [1 0] <nil>
}
