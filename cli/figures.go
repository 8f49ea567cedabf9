package cli

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"sslmem/cli/rundir"
	"sslmem/data"
	"sslmem/data/picture"
	"sslmem/mem"
	"sslmem/plots"
	"sslmem/ssl"
)

// A drawn figure with the name of its files and what it shows in words.
type figure struct {
	name    string // of the files, without ending
	alt     string // what it shows
	caption string // what to look for
	*plots.Figure
}

// figureFormats are the endings of the files of a figure.
var figureFormats = []string{"png", "svg"}

// results are what the figures of a run are drawn from.
type results struct {
	scores  *mem.Scores
	summary *mem.Summary
	metrics []rundir.Row
	curve   *curveTable
}

// drawOrder puts S_C on top of the others.
var drawOrder = []mem.Set{mem.External, mem.Independent, mem.Shared, mem.Candidate}

// figures draws everything that the results allow.
func (r *run) figures(res results) ([]figure, error) {
	var out []figure
	for _, f := range []struct {
		name, alt, caption string
		possible           bool
		draw               func(results) (*plots.Figure, error)
	}{
		{"histogram", "Histogram of the memorization scores of the four sets", "Where f memorizes, S_C lies to the right of the other sets, and S_I to the left.", true, r.histogram},
		{"means", "Mean memorization score of each set with its confidence interval", "Intervals are over the images of a set, with the encoders as given.", true, r.means},
		{"curve", "Mean memorization score of each set, less that of S_E, against the epoch", "The offset between f and g, which all sets share, is taken away by S_E.", len(res.curve.rows) > 0 && r.splits.Sizes().External > 0, r.scoreCurve},
		{"loss", "Training loss of every encoder against the epoch", "f and g should be trained equally well: then what differs between them is what they saw.", len(res.metrics) > 0, r.losses},
		{"scatter", "Alignment loss of every image under g against that under f", "Above the diagonal lie the images that f aligns better than g.", true, r.scatter},
		{"images", "The most and the least memorized images of S_C", "The score of a single image is noisy; see the reliability in the table.", true, r.images},
	} {
		if !f.possible {
			continue
		}
		drawn, err := f.draw(res)
		if err != nil {
			return nil, fmt.Errorf("figure %s: %w", f.name, err)
		}
		out = append(out, figure{f.name, f.alt, f.caption, drawn})
	}
	return out, nil
}

// saveFigures writes every figure as PNG and SVG and returns the paths.
func (r *run) saveFigures(figures []figure) ([]string, error) {
	if err := os.MkdirAll(r.dir.Join(rundir.FiguresDir), 0o777); err != nil {
		return nil, fmt.Errorf("cannot make the folder for figures: %w", err)
	}
	var paths []string
	for _, f := range figures {
		for _, format := range figureFormats {
			path := r.dir.Join(rundir.FiguresDir, f.name+"."+format)
			if err := f.Save(path); err != nil {
				return nil, err
			}
			paths = append(paths, path)
		}
	}
	return paths, nil
}

func (r *run) frame(title string, column plots.Column) plots.Frame {
	s := r.settings
	model := s.Recipe.Model
	if s.Recipe.Width > 0 {
		model += fmt.Sprintf(" of width %d", s.Recipe.Width)
	}
	return plots.Frame{
		Title: title, Seeds: []uint64{s.Seed}, Column: column,
		Settings: fmt.Sprintf("%s, %s, %s, %d epochs, %d f/g pairs, %d views an image",
			methodName(s.Recipe.Method), model, r.name, s.Recipe.Epochs, s.Seeds, s.Score.Views),
	}
}

func methodName(method string) string {
	if m, err := ssl.LookupMethod(method); err == nil {
		return m.Title
	}
	return method
}

// scoreLabel is the label of an axis of scores on the run's scale.
func (r *run) scoreLabel() string {
	switch r.settings.Score.Normalisation {
	case mem.Range:
		return "memorization m = L_g − L_f (share of its range)"
	case mem.Ratio:
		return "memorization m = (L_g − L_f) / (L_g + L_f)"
	}
	return plots.ScoreLabel
}

func pick(values []float64, at []int) []float64 {
	out := make([]float64, len(at))
	for i, j := range at {
		out[i] = values[j]
	}
	return out
}

func (r *run) histogram(res results) (*plots.Figure, error) {
	h := plots.Histogram{Frame: r.frame("Memorization scores by set", plots.Single), XLabel: r.scoreLabel()}
	m := res.scores.M(r.settings.Score.Normalisation)
	for _, set := range drawOrder {
		if at := res.scores.In(set); len(at) > 0 {
			h.Sets = append(h.Sets, plots.Sample{Set: set.String(), Values: pick(m, at)})
		}
	}
	return h.Figure()
}

func (r *run) means(res results) (*plots.Figure, error) {
	f := plots.Means{Frame: r.frame("Mean memorization by set", plots.Single), XLabel: "mean " + r.scoreLabel()}
	for _, set := range slices.Backward(drawOrder) {
		if s, ok := res.summary.Set(set); ok && s.CI.Low.Defined() {
			f.Sets = append(f.Sets, plots.Mean{Set: set.String(), N: s.N, Mean: float64(s.Mean), Low: float64(s.CI.Low), High: float64(s.CI.High)})
		}
	}
	return f.Figure()
}

func (r *run) scatter(res results) (*plots.Figure, error) {
	f := plots.Scatter{Frame: r.frame("Alignment loss under f and g", plots.Single)}
	lf, lg := res.scores.LossF(), res.scores.LossG()
	for _, set := range drawOrder {
		if at := res.scores.In(set); len(at) > 0 {
			f.Sets = append(f.Sets, plots.Points{Set: set.String(), F: pick(lf, at), G: pick(lg, at)})
		}
	}
	return f.Figure()
}

// losses reads the curves of all encoders from the metrics.
func (r *run) losses(res results) (*plots.Figure, error) {
	f := plots.Losses{Frame: r.frame("Training loss of f and g", plots.Single)}
	for pair := range r.settings.Seeds {
		for _, e := range r.roles() {
			l := plots.Run{Encoder: string(e), Pair: pair}
			for _, row := range res.metrics {
				if row.Model == e.name(pair) {
					l.Loss = append(l.Loss, row.Values["loss"])
				}
			}
			if len(l.Loss) > 0 {
				f.Runs = append(f.Runs, l)
			}
		}
	}
	return f.Figure()
}

// scoreCurve shows how far the mean score of each set lies above that of S_E,
// which neither encoder saw: the offset between f and g, which all sets share,
// cancels. The curve is the mean over the pairs, the band the confidence
// interval of that mean.
func (r *run) scoreCurve(res results) (*plots.Figure, error) {
	c := plots.Curves{
		Frame:  r.frame("Memorization against the epoch", plots.Single),
		XLabel: "epoch", YLabel: "mean m − mean m of S_E (distance)",
		Count: fmt.Sprintf("%d images, %d pairs; band: 95 %% CI over the pairs", res.scores.Len(), r.settings.Seeds),
	}
	c.Settings = strings.Replace(c.Settings, fmt.Sprintf("%d views", r.settings.Score.Views), fmt.Sprintf("%d views", r.settings.Score.CurveViews), 1)
	for _, set := range drawOrder {
		if set == mem.External {
			continue
		}
		s := plots.Series{Name: set.String()}
		for _, epoch := range r.curveEpochs() {
			above := res.curve.above(set, mem.External, epoch)
			if len(above) == 0 {
				continue
			}
			mean, ci := mem.MeanInterval(above)
			s.X, s.Y = append(s.X, float64(epoch)), append(s.Y, mean)
			if ci.Low.Defined() {
				s.Low, s.High = append(s.Low, float64(ci.Low)), append(s.High, float64(ci.High))
			}
		}
		if len(s.X) > 0 {
			c.Series = append(c.Series, s)
		}
	}
	return c.Figure()
}

// tilesPerRow is how many images the grid shows of each kind.
const tilesPerRow = 10

func (r *run) images(res results) (*plots.Figure, error) {
	g := plots.Grid{Frame: r.frame("Most and least memorized images of S_C", plots.Double), N: len(res.scores.In(mem.Candidate))}
	m := res.scores.M(r.settings.Score.Normalisation)
	ranked := res.scores.Rank(mem.Candidate, r.settings.Score.Normalisation)
	n := min(tilesPerRow, len(ranked)/2)
	add := func(to *[]plots.Tile, at int) error {
		i := res.scores.Index[at]
		var im picture.Image
		if err := r.data.Decode(i, &im); err != nil {
			return err
		}
		*to = append(*to, plots.Tile{Pixels: im.Pixels, C: im.C, H: im.H, W: im.W, Label: data.ClassName(r.data, i), Score: m[at]})
		return nil
	}
	for i := range n {
		if err := cmp.Or(add(&g.Most, ranked[i]), add(&g.Least, ranked[len(ranked)-1-i])); err != nil {
			return nil, err
		}
	}
	return g.Figure()
}
