package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"sslmem/cli"
	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/mem"
	"sslmem/models"
)

// Part score measures SSLMem with scoreViews views of each point, scorePoints points
// at a time.
const (
	scoreViews  = 10
	scorePoints = 25
)

// scoreWhole is the number of points that the table says the time of.
const scoreWhole = 5000

// A scoreCase is a pair of encoders and the images that they are scored on.
type scoreCase struct {
	name, title string
	encoder     models.Config
	views       augment.Recipe
	images      func() (*data.Dataset, error)
}

func scoreCases() []scoreCase {
	demo := cli.Defaults().Recipe
	color := sized("simclr-cifar", 32)
	color.Mean, color.Std = viewMean, viewStd
	return []scoreCase{
		{
			"resnet18", "SSLMem, ResNet-18, images of 3×32×32", models.Config{Model: "resnet18", InChannels: 3},
			color, func() (*data.Dataset, error) { return viewImages(4*scorePoints, 32, 32), nil },
		},
		{
			"demo", fmt.Sprintf("SSLMem, ResNet-9 of width %d, images of 1×28×28", demo.Width), demo.ModelConfig(1), demo.Augment,
			func() (*data.Dataset, error) { d, _, err := data.FashionMNIST(); return d, err },
		},
	}
}

func lookupScore(name string) (scoreCase, error) {
	for _, c := range scoreCases() {
		if c.name == name {
			return c, nil
		}
	}
	return scoreCase{}, fmt.Errorf("there is no case %q", name)
}

// The sides of part score beside sslmem.
const (
	singleName  = "image by image"
	batchedName = "PyTorch in batches"
	fastestName = "compiled, frozen"
)

// scored is what part score finds about one pair of encoders.
type scored struct {
	comparison
	// Rank is, for each side, Spearman's correlation of m with that of sslmem from the
	// same views.
	Rank []float64 `json:"rank_correlation"`
}

// score measures the scoring of points, views included, with each case.
func (b *bench) score() ([]scored, error) {
	var all []scored
	for _, c := range scoreCases() {
		measuring(c.title)
		result, err := b.scoreCase(c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.title, err)
		}
		all = append(all, result)
	}
	return all, nil
}

func (b *bench) scoreCase(c scoreCase) (s scored, err error) {
	path := filepath.Join(b.dir, "score-"+c.name+".safetensors")
	text, err := json.Marshal(c.views)
	if err != nil {
		return s, fmt.Errorf("cannot write the recipe of the views: %w", err)
	}
	script := func(name, kind string) starter {
		return named(python(b.threads, "score.py", kind, c.encoder.Model, strconv.Itoa(c.encoder.Width), string(text), path, strconv.FormatBool(b.bf16)), name)
	}
	var rivals []starter
	if b.absent[pythonName] == nil {
		rivals = []starter{script(singleName, "single"), script(batchedName, "batched"), script(fastestName, "compiled")}
	}
	m, err := b.match(ours(b.threads, "score", c.name, path), rivals...)
	if err != nil {
		return s, err
	}
	defer m.stop()
	// Of the same views, all must find the same scores; in bf16, as nearly as it can.
	within := 1e-5
	if b.bf16 {
		within = 1e-2
	}
	if err := m.check("same", 1, within); err != nil {
		return s, err
	}
	for _, p := range m {
		rank, err := rankWith(path, m[0].name, p.name)
		if err != nil {
			return s, err
		}
		s.Rank = append(s.Rank, rank)
	}
	s.comparison, err = m.run("score", b.rounds, time.Second)
	s.What, s.Unit, s.Threads = c.title, "points/s", b.threads
	s.PerTurn *= scorePoints
	return s, err
}

// rankWith returns the rank correlation of the scores that two sides have left beside
// the file at path.
func rankWith(path, a, b string) (float64, error) {
	var m [2][]float64
	for i, name := range []string{a, b} {
		f, err := os.Open(scoresOf(path, name))
		if err != nil {
			return 0, fmt.Errorf("the scores of %s: %w", name, err)
		}
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			v, err := strconv.ParseFloat(lines.Text(), 64)
			if err != nil {
				return 0, fmt.Errorf("the scores of %s: %w", name, err)
			}
			m[i] = append(m[i], v)
		}
	}
	if len(m[0]) != len(m[1]) {
		return 0, fmt.Errorf("%s has scored %d points, %s %d", a, len(m[0]), b, len(m[1]))
	}
	return float64(mem.Spearman(m[0], m[1]).R), nil
}

// scoresOf is the file in which a side leaves its scores, one a line.
func scoresOf(path, name string) string {
	kinds := map[string]string{oursName: "sslmem", singleName: "single", batchedName: "batched", fastestName: "compiled"}
	return path + "." + kinds[name]
}

// printScored writes the comparisons, and what they mean for a whole set of points.
func printScored(out io.Writer, all []scored) {
	var comparisons []comparison
	for _, s := range all {
		comparisons = append(comparisons, s.comparison)
	}
	printComparisons(out, comparisons)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\n%d points, %d views each, take\t\trank correlation of m with sslmem's, same views\t\n", scoreWhole, scoreViews)
	for _, s := range all {
		for i, side := range s.Sides {
			perPoint := spreadOf(side.Seconds).median / float64(s.PerTurn)
			whole := time.Duration(perPoint * scoreWhole * float64(time.Second))
			fmt.Fprintf(w, "%s, %s\t%s\t%.6f\t\n", s.What, side.Name, whole.Round(100*time.Millisecond), s.Rank[i])
		}
	}
	w.Flush()
}

// An estimator is a rule for pairs of views with the noise that it leaves in m.
type estimator struct {
	Rule mem.ViewRule `json:"rule"`
	// SE is the standard error of a point's m from the draw of scoreViews views, the
	// root of the mean over points of its variance.
	SE float64 `json:"standard_error"`
	// Views are those that a point needs for the standard error that disjoint pairs
	// have of scoreViews.
	Views float64 `json:"views_for_the_same"`
}

// viewsFor returns the views for a standard error, as its square falls in proportion.
func (e estimator) viewsFor(se float64) float64 { return scoreViews * math.Pow(e.SE/se, 2) }

func estimatorWords(all []estimator) string {
	var lines []string
	for _, e := range all {
		lines = append(lines, fmt.Sprintf("rule %s: standard error %.4f of m with %d views; %.1f views for that of disjoint pairs", e.Rule, e.SE, scoreViews, e.Views))
	}
	return strings.Join(lines, "\n")
}
