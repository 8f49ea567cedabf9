package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"sslmem/cli/rundir"
	"sslmem/mem"
	"sslmem/torch"
)

func labelsCommand() *cli.Command {
	return &cli.Command{
		Name:      "labels",
		Usage:     "measure which labels a supervised run has memorized, and compare with SSLMem",
		ArgsUsage: takesRun,
		Description: `Measures, for a run of supervised f/g pairs, how much more often the class of an
image of S_C or S_I is named by the classifiers that saw it than by those that did
not (Feldman and Zhang 2020). --with compares this ranking with m of a scored run
on the same splits. Writes labels.csv and labels.json into the run.

   sslmem train --recipe supervised-demo --pairs 8 --out runs/supervised
   sslmem labels --with runs/001-demo runs/supervised`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "with", Usage: "a scored `RUN` on the same splits, by any method"},
			deviceFlag(), jsonFlag(),
		},
		Action: func(c *cli.Context) error {
			start := time.Now()
			r, err := openArgument(c)
			if err != nil {
				return err
			}
			if err := r.needsTrainedPairs("labels"); err != nil {
				return err
			}
			if method := r.settings.Recipe.Method; method != "supervised" {
				return fmt.Errorf("%s was trained by %s, which learns no labels; train a run with: %s train --pair --recipe supervised-demo", r.dir, method, program())
			}
			var m map[int]float64
			if with := c.String("with"); with != "" {
				if m, err = r.scoresOf(with); err != nil {
					return err
				}
			}
			if err := r.useDevice(c.String("device")); err != nil {
				return err
			}
			report, err := r.labels(c.Context)
			if err != nil {
				return err
			}
			if m != nil {
				report.With = c.String("with")
				if err := report.compare(m); err != nil {
					return err
				}
			}
			if err := report.saveCSV(r.dir.Join(rundir.LabelsFile), m); err != nil {
				return err
			}
			if err := rundir.WriteJSON(r.dir.Join(rundir.LabelsReport), report); err != nil {
				return err
			}
			o := r.finish(outcome{}, start)
			o.Files = []string{r.dir.Join(rundir.LabelsFile), r.dir.Join(rundir.LabelsReport)}
			return labelsOutcome{o, report}.print(c)
		},
	}
}

// labelsOutcome is what the command prints.
type labelsOutcome struct {
	outcome
	Report *labelReport `json:"labels"`
}

func (o labelsOutcome) print(c *cli.Context) error {
	w := c.App.Writer
	if c.Bool("json") {
		return printJSON(w, o)
	}
	if err := o.Report.writeText(w); err != nil {
		return err
	}
	fmt.Fprintln(w)
	return o.outcome.print(w, false)
}

// scoresOf returns m of the images of S_C and S_I of another run on the same splits, by
// index: by how much the encoder that saw an image aligns it better.
func (r *run) scoresOf(path string) (map[int]float64, error) {
	other, err := openRun(path, r.console)
	if err != nil {
		return nil, err
	}
	if err := other.needsPairs("labels"); err != nil {
		return nil, err
	}
	for _, set := range attacked {
		if r.name != other.name || !slices.Equal(r.members()[set], other.members()[set]) {
			return nil, fmt.Errorf("%s has other images in %v than %s; train it with the same data, splits and seed", other.dir, set, r.dir)
		}
	}
	scores, err := other.loadScores()
	if err != nil {
		return nil, err
	}
	if len(scores.Pairs) == 0 {
		return nil, fmt.Errorf("%s is not scored yet; score it with: %s score %s", other.dir, program(), other.dir)
	}
	m := map[int]float64{}
	all := scores.M(other.settings.Score.Normalisation)
	for _, i := range scores.In(mem.Candidate) {
		m[scores.Index[i]] = all[i]
	}
	for _, i := range scores.In(mem.Independent) {
		m[scores.Index[i]] = -all[i]
	}
	return m, nil
}

// labels measures the memorization of labels by all pairs.
func (r *run) labels(ctx context.Context) (*labelReport, error) {
	report := &labelReport{Encoders: 2 * r.settings.Seeds}
	for _, set := range attacked {
		for _, i := range labelled(r.data, r.members()[set]) {
			report.index, report.set = append(report.index, i), append(report.set, set)
			report.class = append(report.class, r.data.Label(i))
		}
	}
	if len(report.index) == 0 {
		return nil, fmt.Errorf("no image of S_C and S_I of %s has a class", r.dir)
	}
	r.console.begin(report.Encoders * len(report.index))
	defer r.console.end()
	var predicted [][]int
	var included [][]bool
	for pair := range r.settings.Seeds {
		for _, e := range r.roles() {
			classes, err := r.predict(ctx, e.name(pair), pair, report.index)
			if err != nil {
				return nil, fmt.Errorf("encoder %s: %w", e.name(pair), err)
			}
			saw := make([]bool, len(report.set))
			for i, set := range report.set {
				saw[i] = (set == mem.Candidate) == (e == roleF)
			}
			predicted, included = append(predicted, classes), append(included, saw)
		}
	}
	var err error
	if report.scores, err = mem.LabelMemorization(predicted, report.class, included); err != nil {
		return nil, err
	}
	report.summarize(r.settings.Seed)
	return report, nil
}

// predict names the classes of images by a supervised encoder with its classifier.
func (r *run) predict(ctx context.Context, name string, pair int, index []int) ([]int, error) {
	e, free, err := r.encoderNamed(name, true)
	if err != nil {
		return nil, err
	}
	defer free()
	s := torch.NewScope()
	defer s.Close()
	logits, err := r.features(ctx, s, e, r.data, index, r.console.scoring(pair, 1))
	if err != nil {
		return nil, err
	}
	best := torch.ToSlice[int64](logits.X.Argmax(1, false))
	classes := make([]int, len(best))
	for i, c := range best {
		classes[i] = int(c)
	}
	return classes, nil
}
