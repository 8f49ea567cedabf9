package plots

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestBins checks for many random samples that the bins cover all values, that
// the counts sum to n and that the densities have an area of one.
func TestBins(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for trial := range 300 {
		samples := make([][]float64, 1+r.IntN(4))
		for i := range samples {
			samples[i] = normals(r.Uint64(), 1+r.IntN(300), r.NormFloat64(), math.Exp(4*r.NormFloat64()))
			if trial%3 == 0 { // many ties, also at the edges of bins
				for k := range samples[i] {
					samples[i][k] = math.Round(samples[i][k])
				}
			}
		}
		edges := binEdges(samples)
		if !slices.IsSorted(edges) || len(edges) < 17 || len(edges) > 101 {
			t.Fatalf("trial %d: %d edges, sorted %v", trial, len(edges), slices.IsSorted(edges))
		}
		if lo, hi := span(samples...); edges[0] > lo || edges[len(edges)-1] < hi {
			t.Fatalf("trial %d: bins %v to %v do not cover %v to %v", trial, edges[0], edges[len(edges)-1], lo, hi)
		}
		for _, sample := range samples {
			sum := 0.0
			for _, n := range counts(sample, edges) {
				sum += n
			}
			if sum != float64(len(sample)) {
				t.Fatalf("trial %d: counts sum to %v, n = %d", trial, sum, len(sample))
			}
			area := 0.0
			for i, d := range densities(sample, edges) {
				area += d * (edges[i+1] - edges[i])
			}
			if math.Abs(area-1) > 1e-9 {
				t.Fatalf("trial %d: area %v", trial, area)
			}
		}
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	edges := []float64{0, 1, 2, 3}
	// A bin holds its lower edge, the last one its upper edge too.
	if got, want := counts([]float64{0, 0.5, 1, 2, 2.9, 3}, edges), []float64{2, 1, 3}; !slices.Equal(got, want) {
		t.Errorf("counts are %v, want %v", got, want)
	}
}

// TestBinWidth compares with the rule of Freedman and Diaconis worked by hand: 1000
// values 1…1000 have quartiles 250 and 750, so the width is 2·500/10 = 100, and
// 999/100 asks for 10 bins, of which there are never fewer than 16; with an outlier
// at 4001 there are 40.
func TestBinWidth(t *testing.T) {
	t.Parallel()
	values := make([]float64, 1000)
	for i := range values {
		values[i] = float64(i + 1)
	}
	if got := len(binEdges([][]float64{values})) - 1; got != 16 {
		t.Errorf("%d bins, want 16", got)
	}
	values[999] = 4001
	if got := len(binEdges([][]float64{values})) - 1; got != 40 {
		t.Errorf("%d bins with an outlier, want 40", got)
	}
}
