package mem

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslmem/data/rng"
)

// handLayers are two layers of four points under one pair of encoders.
func handLayers(t *testing.T) *LayerScores {
	t.Helper()
	s := NewLayerScores([]string{"a", "b"}, [NumSets][]int{Candidate: {7, 3, 5}, External: {1}}, nil)
	err := s.AddPair(LayerLosses{Layers: []string{"a", "b"}, Losses: []PairLoss{
		{Seed: 9, F: []float64{.2, 1, 0, 3}, G: []float64{.6, 1, 0, 1}},
		{Seed: 9, F: []float64{.25, .25, 1, 1}, G: []float64{.75, .75, 3, 1}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLayerTable(t *testing.T) {
	table, err := handLayers(t).Table(Candidate, 2)
	if err != nil {
		t.Fatal(err)
	}
	if table.N != 3 || table.Set != Candidate || !slices.Equal(table.Seeds, []uint64{9}) || len(table.Rows) != 2 {
		t.Fatalf("table %+v", table)
	}
	a, b := table.Rows[0], table.Rows[1]
	// (.6 − .2)/(.6 + .2) = .5 for the first point, 0 and 0/0 = 0 for the others.
	checkClose(t, "LayerMem(a)", float64(a.LayerMem), .5/3, 1e-15)
	checkClose(t, "LayerMem(b)", float64(b.LayerMem), .5, 1e-15)
	checkClose(t, "Delta(b)", float64(b.Delta), 1./3, 1e-15)
	checkClose(t, "LayerMem(a) less S_E", float64(a.OffsetMean), .5/3+.5, 1e-15)
	checkClose(t, "most(a)", float64(a.Most), .25, 1e-15)
	checkClose(t, "L_g(b)", float64(b.LossG), 1.5, 1e-15)
	if a.Delta.Defined() || a.Baseline != "" || b.Baseline != "a" || a.Least != 0 || b.SD != 0 {
		t.Errorf("rows %+v", table.Rows)
	}
	if d := table.ByDelta(); len(d) != 1 || d[0].Layer != "b" {
		t.Errorf("by delta: %+v", d)
	}
	if few, err := handLayers(t).Table(Candidate, 4); err != nil || few.Rows[0].Most.Defined() || few.Rows[0].Least.Defined() {
		t.Errorf("means of 4 among 3 points: %+v, %v", few, err)
	}
}

// Swapping f and g turns the sign of every layer, the order of the points does
// not matter, and all lies within [−1, 1].
func TestLayerTableInvariants(t *testing.T) {
	names := []string{"conv1", "conv2", "blocks.0.attn", FeaturesLayer}
	drawn := drawScores(t, 12, 4, memorized)
	s := &LayerScores{Layers: names, Scores: make([]*Scores, len(names))}
	for i := range names {
		s.Scores[i] = &Scores{Index: drawn.Index, Set: drawn.Set, Pairs: drawn.Pairs[i : i+1]}
	}
	want, err := s.Table(Candidate, 5)
	if err != nil {
		t.Fatal(err)
	}
	swapped, mixed := &LayerScores{Layers: names}, &LayerScores{Layers: names}
	order := rng.New(2).Perm(drawn.Len())
	for _, scores := range s.Scores {
		swapped.Scores = append(swapped.Scores, scores.Swapped())
		mixed.Scores = append(mixed.Scores, scores.Select(order))
	}
	turned, err := swapped.Table(Independent, 5)
	if err != nil {
		t.Fatal(err)
	}
	again, err := mixed.Table(Candidate, 5)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range want.Rows {
		if got := turned.Rows[i]; got.LayerMem != -w.LayerMem || math.Abs(float64(got.Most+w.Least)) > 1e-15 || got.Delta != -w.Delta && w.Delta.Defined() {
			t.Errorf("swapped: %+v, want the opposite of %+v", got, w)
		}
		if got := again.Rows[i]; got.LayerMem != w.LayerMem || got.Most != w.Most || got.SD != w.SD || got.CI != w.CI {
			t.Errorf("in another order: %+v, want %+v", got, w)
		}
		if !(-1 <= w.Least && w.Least <= w.LayerMem && w.LayerMem <= w.Most && w.Most <= 1) {
			t.Errorf("%+v: not −1 ≤ least ≤ mean ≤ most ≤ 1", w)
		}
	}
}

func TestLayerScoresRefuse(t *testing.T) {
	s := handLayers(t)
	bad := LayerLosses{Layers: s.Layers, Losses: []PairLoss{
		{F: []float64{1, 1, 1, 1}, G: []float64{1, 1, 1, 1}},
		{F: []float64{1, 1, 1, 1}, G: []float64{1, 1, math.NaN(), 1}},
	}}
	if err := s.AddPair(bad); err == nil || !strings.Contains(err.Error(), "layer b") || !strings.Contains(err.Error(), "dataset index 5") {
		t.Errorf("a NaN gave %v", err)
	}
	if err := s.AddPair(LayerLosses{Layers: []string{"a"}, Losses: bad.Losses[:1]}); err == nil {
		t.Error("one of two layers was taken")
	}
	if n := len(s.Scores[0].Pairs); n != 1 {
		t.Errorf("%d pairs after errors, want 1", n)
	}
	for want, table := range map[string]func() (*LayerTable, error){
		"no points of S_S": func() (*LayerTable, error) { return s.Table(Shared, 1) },
		"means of 0":       func() (*LayerTable, error) { return s.Table(Candidate, 0) },
		"no f/g pair": func() (*LayerTable, error) {
			return NewLayerScores([]string{"a"}, [NumSets][]int{{1}}, nil).Table(Shared, 1)
		},
	} {
		if _, err := table(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if a, ok := s.Layer("a"); !ok || a.Len() != 4 {
		t.Error("layer a is not there")
	}
	if _, ok := s.Layer("c"); ok {
		t.Error("layer c is there")
	}
}

// Files hold what the table holds, and nothing in JSON is NaN.
func TestLayerTableFiles(t *testing.T) {
	table, err := handLayers(t).Table(External, 2)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := table.SaveJSON(filepath.Join(dir, "layers.json")); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "layers.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got LayerTable
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Rows) != 2 || got.Rows[0].LayerMem != -.5 || got.Rows[0].SD.Defined() || got.Set != External || got.Rows[1].Baseline != "a" {
		t.Errorf("JSON gives back %+v", got)
	}
	if err := SaveLayersCSV(filepath.Join(dir, "layers.csv"), table, table); err != nil {
		t.Fatal(err)
	}
	if text, err = os.ReadFile(filepath.Join(dir, "layers.csv")); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 5 || lines[1] != "S_E,a,,1,-0.5,,,,0,,,2,,,3,1" {
		t.Errorf("CSV:\n%s", text)
	}
}
