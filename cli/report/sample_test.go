package report_test

import (
	"math/rand/v2"
	"testing"

	"sslmem/cli/report"
	"sslmem/data"
	"sslmem/mem"
)

// sampleScores are simulated scores: under f, the images of S_C are aligned
// better by effect, and under g those of S_I. No encoder was trained.
func sampleScores(t testing.TB, perSet, pairs int, effect float64) *mem.Scores {
	t.Helper()
	var members [mem.NumSets][]int
	for i := range mem.NumSets * perSet {
		members[i%mem.NumSets] = append(members[i%mem.NumSets], i)
	}
	s := mem.NewScores(members, nil)
	for k := range pairs {
		r := rand.New(rand.NewPCG(uint64(k), 7))
		p := mem.PairLoss{Seed: uint64(k)}
		for _, set := range s.Set {
			f := 0.55 + 0.05*r.NormFloat64()
			g := f + 0.03*r.NormFloat64()
			switch set {
			case mem.Candidate:
				g += effect
			case mem.Independent:
				g -= effect
			}
			f, g = max(f, 0), max(g, 0)
			p.F, p.G = append(p.F, f), append(p.G, g)
			for h := range 2 {
				p.FHalf[h] = append(p.FHalf[h], max(0, f+0.008*r.NormFloat64()))
				p.GHalf[h] = append(p.GHalf[h], max(0, g+0.008*r.NormFloat64()))
			}
		}
		if err := s.AddPair(p); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// sampleDataset is n images of noise of two classes, [n, c, side, side].
func sampleDataset(n, c, side int) *data.Dataset {
	r := rand.New(rand.NewPCG(3, 3))
	d := &data.Dataset{Name: "noise", C: c, H: side, W: side, Classes: []string{"cat", "dog & <b>puppy</b>"}}
	for i := range n {
		d.Labels = append(d.Labels, i%3%2)
		for range c * side * side {
			d.Pixels = append(d.Pixels, uint8(r.IntN(256)))
		}
	}
	return d
}

// samplePage is a page with every part.
func samplePage(t testing.TB) report.Data {
	t.Helper()
	s := sampleScores(t, 40, 2, 0.04)
	sum, err := mem.Summarize(s, mem.Raw)
	if err != nil {
		t.Fatal(err)
	}
	images, err := report.Images(s, mem.Raw, sampleDataset(s.Len(), 1, 4), 2)
	if err != nil {
		t.Fatal(err)
	}
	return report.Data{
		Title:   "001-sample",
		Lead:    "Simulated scores, 2 f/g pairs",
		Verdict: sum.Sentences(),
		Tables:  report.Tables(sum),
		Figures: []report.Figure{
			{SVG: `<svg viewBox="0 0 20 10"><rect width="20" height="10" /></svg>`, Caption: "A box for m(S_C).", Alt: "a box", Wide: true},
			{PNG: images[0].PNG, Alt: "an image"},
		},
		Images:      images,
		ImagesNote:  report.ImagesNote(sum),
		Settings:    []report.Entry{{"model", "resnet9"}, {"train.epochs", "100"}},
		Environment: []report.Entry{{"device", "cpu"}},
		Reproduce:   []string{"# on the same data", `sslmem train --config "my run/config.toml"`},
		Files:       []report.File{{"scores.csv", "one row an image"}, {"figures/a b?.png", "a figure"}},
	}
}
