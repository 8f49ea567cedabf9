package mem

import (
	"math"
	"testing"
)

func TestDistanceClosedForms(t *testing.T) {
	tests := []struct {
		name string
		a, b []float64
		want map[Distance]float64
	}{
		{"equal", []float64{3, 4}, []float64{3, 4},
			map[Distance]float64{L2: 0, L2Raw: 0, Cosine: 0, Angular: 0, L1: 0}},
		{"same direction", []float64{3, 4}, []float64{30, 40},
			map[Distance]float64{L2: 0, L2Raw: 45, Cosine: 0, Angular: 0, L1: 0}},
		{"orthogonal", []float64{5, 0}, []float64{0, 2},
			map[Distance]float64{L2: math.Sqrt2, L2Raw: math.Sqrt(29), Cosine: 1, Angular: 0.5, L1: 2}},
		{"opposite", []float64{2, 0}, []float64{-1, 0},
			map[Distance]float64{L2: 2, L2Raw: 3, Cosine: 2, Angular: 1, L1: 2}},
		{"60 degrees", []float64{1, 0}, []float64{0.5, math.Sqrt(3) / 2},
			map[Distance]float64{L2: 1, L2Raw: 1, Cosine: 0.5, Angular: 1. / 3, L1: 0.5 + math.Sqrt(3)/2}},
		{"zero vector", []float64{0, 0}, []float64{0, 4},
			map[Distance]float64{L2: 1, L2Raw: 4, Cosine: 1, Angular: 0.5, L1: 1}},
	}
	for _, test := range tests {
		for _, d := range Distances() {
			for _, got := range []float64{d.Between(test.a, test.b), d.Between(test.b, test.a)} {
				if math.Abs(got-test.want[d]) > 1e-15 {
					t.Errorf("%s: %s is %v, want %v", test.name, d, got, test.want[d])
				}
			}
		}
	}
}

// An angle of 1e-9 is far below the precision of acos(a·b), about 1e-8.
func TestSmallAngles(t *testing.T) {
	const angle = 1e-9
	a, b := []float64{1, 0}, []float64{math.Cos(angle), math.Sin(angle)}
	checkClose(t, "angular", Angular.Between(a, b), angle/math.Pi, 1e-12)
	checkClose(t, "cosine", Cosine.Between(a, b), angle*angle/2, 1e-12)
	c := []float64{-math.Cos(angle), math.Sin(angle)}
	if got := Angular.Between(a, c); got >= 1 || 1-got > 4e-10 {
		t.Errorf("nearly opposite: angular is %.17g", got)
	}
}

func TestDistanceScale(t *testing.T) {
	a, b := []float64{0.3, -2, 5}, []float64{1, 1, 0.25}
	scaled := []float64{0.3 * 8, -2 * 8, 5 * 8} // a power of two: exact
	for _, d := range Distances() {
		same := d.Between(a, b) == d.Between(scaled, b)
		if same != d.OnUnitFeatures() {
			t.Errorf("%s: scaling changes nothing: %v", d, same)
		}
	}
}

func TestParseDistance(t *testing.T) {
	for _, d := range Distances() {
		if got, err := ParseDistance(string(d)); err != nil || got != d {
			t.Errorf("ParseDistance(%q) = %v, %v", d, got, err)
		}
	}
	if _, err := ParseDistance("euclid"); err == nil {
		t.Error("an unknown distance gives no error")
	}
}

func TestAlignmentAgainstPyTorch(t *testing.T) {
	for i, c := range loadFixture(t).Alignment {
		for _, d := range Distances() {
			want, ok := c.Loss[d]
			if !ok {
				t.Fatalf("no value for %s", d)
			}
			got := AllPairs(c.Views, d)
			if math.Abs(got-want) > 1e-12*want {
				t.Errorf("case %d, %s: %.17g, want %.17g", i, d, got, want)
			}
		}
	}
}

// The corners of a regular K-gon on the unit circle are at the mean distance
// 2·cot(π/2K)/(K−1), and an orthonormal basis at √2 each.
func TestAllPairsClosedForms(t *testing.T) {
	for _, k := range []int{2, 3, 7, 20} {
		polygon, basis := make([][]float64, k), make([][]float64, k)
		for i := range k {
			sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(k))
			polygon[i] = []float64{3 * cos, 3 * sin}
			basis[i] = make([]float64, k)
			basis[i][i] = 1 + float64(i)
		}
		chord := 2 / math.Tan(math.Pi/float64(2*k)) / float64(k-1)
		checkClose(t, "polygon", AllPairs(polygon, L2), chord, 1e-14)
		checkClose(t, "polygon, raw", AllPairs(polygon, L2Raw), 3*chord, 1e-14)
		checkClose(t, "basis", AllPairs(basis, L2), math.Sqrt2, 1e-14)
		checkClose(t, "basis, angular", AllPairs(basis, Angular), 0.5, 1e-14)
	}
}

func TestDisjointPairs(t *testing.T) {
	views := [][]float64{{0}, {1}, {10}, {13}} // |0−1| = 1, |10−13| = 3
	checkClose(t, "disjoint", DisjointPairs(views, L2Raw), 2, 1e-15)
	// 1 + 10 + 13 + 9 + 12 + 3 = 48 over 6 pairs
	checkClose(t, "all", AllPairs(views, L2Raw), 8, 1e-15)
	if a, b := DisjointPairs(views[:2], L2Raw), AllPairs(views[:2], L2Raw); a != b {
		t.Errorf("two views: %v and %v", a, b)
	}
	// All pairs are the average of the disjoint ones over all matchings.
	mean := 0.0
	for _, order := range [][4]int{{0, 1, 2, 3}, {0, 2, 1, 3}, {0, 3, 1, 2}} {
		mean += DisjointPairs(pick(views, order[:]), L2Raw) / 3
	}
	checkClose(t, "mean over matchings", mean, 8, 1e-15)
}

func TestAlignmentLeavesViewsAlone(t *testing.T) {
	views := [][]float64{{3, 4}, {0, 2}}
	AllPairs(views, L2)
	DisjointPairs(views, Angular)
	L1.Between(views[0], views[1])
	if views[0][0] != 3 || views[0][1] != 4 || views[1][1] != 2 {
		t.Errorf("the views became %v", views)
	}
}

func TestAlignmentPanics(t *testing.T) {
	for name, f := range map[string]func(){
		"no view":            func() { AllPairs(nil, L2) },
		"one view":           func() { AllPairs([][]float64{{1}}, L2) },
		"odd":                func() { DisjointPairs(append([][]float64{{1}}, []float64{2}, []float64{3}), L2) },
		"no disjoint view":   func() { DisjointPairs(nil, L2) },
		"ragged":             func() { AllPairs([][]float64{{1}, {2, 3}}, L2) },
		"different lengths":  func() { L2.Between([]float64{1}, []float64{1, 2}) },
		"unknown distance":   func() { Distance("x").Between([]float64{1}, []float64{1}) },
		"unknown in a mean":  func() { AllPairs([][]float64{{1}, {2}}, "x") },
		"unknown in M":       func() { (&Scores{}).M("x") },
		"no such pair":       func() { (&Scores{}).PairM(0, Raw) },
		"halves differ":      func() { SplitHalf([]float64{1}, nil) },
		"quantile below 0":   func() { Quantile([]float64{1}, -0.1) },
		"quantile NaN":       func() { Quantile([]float64{1}, math.NaN()) },
		"label out of range": func() { NewScores([NumSets][]int{{3}}, []int{0}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
