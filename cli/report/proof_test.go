package report_test

import (
	"flag"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sslmem/cli/report"
	"sslmem/data"
	"sslmem/mem"
	"sslmem/plots"
)

var proof = flag.String("proof", "", "write a full report of simulated scores into this folder, to look at")

// TestProof writes a report such as a demo run gives, to be looked at.
func TestProof(t *testing.T) {
	if *proof == "" {
		t.Skip("it is asked for with -proof FOLDER")
	}
	if err := report.Write(filepath.Join(*proof, "report.html"), fullPage(t)); err != nil {
		t.Fatal(err)
	}
}

// fullPage is a page of simulated scores of images that the project carries,
// with figures, as large as that of a real run.
func fullPage(t *testing.T) report.Data {
	train, _, err := data.FashionMNIST()
	if err != nil {
		t.Fatal(err)
	}
	s := sampleScores(t, 300, 4, 0.012)
	sum, err := mem.Summarize(s, mem.Raw)
	if err != nil {
		t.Fatal(err)
	}
	images, err := report.Images(s, mem.Raw, train, 10)
	if err != nil {
		t.Fatal(err)
	}
	d := samplePage(t)
	d.Title, d.Lead = "001-demo", "SimCLR on Fashion-MNIST, 4 f/g pairs: simulated scores, no encoder was trained"
	d.Verdict, d.Tables, d.Images, d.ImagesNote = sum.Sentences(), report.Tables(sum), images, report.ImagesNote(sum)
	d.Figures = fullFigures(t, s, sum, train)
	d.Settings = nil
	for i, name := range strings.Fields("data.name data.shared data.candidate model.name model.width train.epochs train.batch_size train.temperature score.views score.distance out") {
		d.Settings = append(d.Settings, report.Entry{Name: name, Value: strconv.Itoa(i * 100)})
	}
	d.Environment = []report.Entry{{Name: "command", Value: "sslmem demo --out runs/001-demo"}, {Name: "libtorch", Value: "2.14.1"}, {Name: "processor", Value: "AMD EPYC 7B13 64-Core Processor"}}
	d.Reproduce = []string{"# the whole run again, bit for bit on this kind of machine", "sslmem train --config runs/001-demo/config.toml --out runs/again", "sslmem score runs/again"}
	return d
}

func fullFigures(t *testing.T, s *mem.Scores, sum *mem.Summary, d *data.Dataset) []report.Figure {
	frame := func(title string) plots.Frame {
		return plots.Frame{Title: title, Seeds: sum.Seeds, Settings: "simulated numbers"}
	}
	m := s.M(mem.Raw)
	var samples []plots.Sample
	var means []plots.Mean
	var points []plots.Points
	for _, v := range sum.Sets {
		sample, pair := plots.Sample{Set: v.Set.String()}, plots.Points{Set: v.Set.String()}
		for _, i := range s.In(v.Set) {
			sample.Values = append(sample.Values, m[i])
			pair.F, pair.G = append(pair.F, s.Pairs[0].F[i]), append(pair.G, s.Pairs[0].G[i])
		}
		samples, points = append(samples, sample), append(points, pair)
		means = append(means, plots.Mean{Set: v.Set.String(), N: v.N, Mean: float64(v.Mean), Low: float64(v.CI.Low), High: float64(v.CI.High)})
	}
	var runs []plots.Run
	for k := range 4 {
		for _, encoder := range []string{"f", "g"} {
			r := rand.New(rand.NewPCG(uint64(k), uint64(encoder[0])))
			run := plots.Run{Encoder: encoder, Pair: k}
			for epoch := range 60 {
				run.Loss = append(run.Loss, 2+3/float64(epoch+2)+0.03*r.NormFloat64())
			}
			runs = append(runs, run)
		}
	}
	ranking := s.Rank(mem.Candidate, mem.Raw)
	tile := func(at int) plots.Tile {
		return plots.Tile{Pixels: d.Image(s.Index[at]), C: d.C, H: d.H, W: d.W, Label: d.Classes[d.Labels[s.Index[at]]], Score: m[at]}
	}
	grid := plots.Grid{Frame: frame("Most and least memorized images of S_C"), N: len(ranking)}
	grid.Column = plots.Double
	for k := range 10 {
		grid.Most = append(grid.Most, tile(ranking[k]))
		grid.Least = append(grid.Least, tile(ranking[len(ranking)-1-k]))
	}
	var out []report.Figure
	for _, drawn := range []struct {
		figure       interface{ Figure() (*plots.Figure, error) }
		caption, alt string
	}{
		{plots.Histogram{Frame: frame("Memorization scores"), Sets: samples}, "Where f memorizes, S_C lies to the right of S_S and S_E.", "Histograms of the score m of the four sets."},
		{plots.Means{Frame: frame("Mean scores"), Sets: means}, "Mean m of each set with its 95 % confidence interval.", "Mean scores of the four sets with their intervals."},
		{plots.Losses{Frame: frame("Training"), Runs: runs}, "f and g must learn equally well.", "Training losses of f and g against the epoch."},
		{plots.Scatter{Frame: frame("Losses of single images"), Sets: points}, "Images above the diagonal are aligned better by f.", "Alignment loss under g against that under f."},
		{grid, "Scores of single images, seen by f only.", "Ten most and ten least memorized images."},
	} {
		figure, err := drawn.figure.Figure()
		if err != nil {
			t.Fatal(err)
		}
		f, err := report.NewFigure(figure, drawn.caption, drawn.alt)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}
