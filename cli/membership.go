package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"sslmem/cli/rundir"
	"sslmem/mem"
)

// memberViews is the number of views of an image that membership was published with.
const memberViews = 10

func membershipCommand() *cli.Command {
	return &cli.Command{
		Name:      "membership",
		Usage:     "infer from the encoders of a run which images they were trained on",
		ArgsUsage: takesRun,
		Description: `Tells, for f and g of each pair of a run, the images that it saw from others by how
alike it finds views of them (EncoderMI, Liu et al. 2021). What a member looks like
is learned on the other encoder of the pair, from other images. Compared are the
mean and all similarities of the views, the loss L and, with both encoders, m.
Writes membership.csv and membership.json into the run.

   sslmem membership runs/001-train
   sslmem membership --against S_E runs/001-train`,
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "views", Value: memberViews, Usage: "`N` views of each image are compared"},
			&cli.StringFlag{Name: "against", Value: mem.Independent.String(), Usage: "tell members from `SET`: S_I, which the other encoder saw, or S_E, which neither saw"},
			deviceFlag(), jsonFlag(),
		},
		Action: func(c *cli.Context) error {
			start := time.Now()
			against, err := mem.ParseSet(c.String("against"))
			if err == nil && against != mem.Independent && against != mem.External {
				err = fmt.Errorf("--against is %v but must be S_I or S_E", against)
			}
			if err == nil && c.Int("views") < 2 {
				err = fmt.Errorf("--views is %d but must be at least 2", c.Int("views"))
			}
			if err != nil {
				return usageError{err}
			}
			r, err := openArgument(c)
			if err != nil {
				return err
			}
			if err := r.needsTrainedPairs("membership"); err != nil {
				return err
			}
			if err := r.useDevice(c.String("device")); err != nil {
				return err
			}
			report, err := r.membership(c.Context, c.Int("views"), against)
			if err != nil {
				return err
			}
			if err := report.SaveCSV(r.dir.Join(rundir.MembershipFile)); err != nil {
				return err
			}
			if err := rundir.WriteJSON(r.dir.Join(rundir.MembersReport), report); err != nil {
				return err
			}
			o := r.finish(outcome{}, start)
			o.Files = []string{r.dir.Join(rundir.MembershipFile), r.dir.Join(rundir.MembersReport)}
			return membershipOutcome{o, report}.print(c)
		},
	}
}

// membershipOutcome is what the command prints.
type membershipOutcome struct {
	outcome
	Report *mem.MembershipReport `json:"membership"`
}

func (o membershipOutcome) print(c *cli.Context) error {
	w := c.App.Writer
	if c.Bool("json") {
		return printJSON(w, o)
	}
	if err := o.Report.WriteText(w); err != nil {
		return err
	}
	fmt.Fprintln(w)
	return o.outcome.print(w, false)
}

// membership attacks all pairs.
func (r *run) membership(ctx context.Context, views int, against mem.Set) (*mem.MembershipReport, error) {
	sets := []mem.Set{mem.Candidate, mem.Independent}
	if against == mem.External {
		sets = append(sets, against)
	}
	points := 0
	for _, set := range sets {
		if len(r.members()[set]) == 0 {
			return nil, fmt.Errorf("%v of %s has no images; take another set with --against", set, r.dir)
		}
		points += len(r.members()[set])
	}
	r.console.begin(r.settings.Seeds * 2 * views * points)
	defer r.console.end()
	var pairs []mem.MembershipPair
	for pair := range r.settings.Seeds {
		p := mem.MembershipPair{Pair: pair}
		for _, e := range r.roles() {
			of := &p.F
			if e == roleG {
				of = &p.G
			}
			if err := r.similarities(ctx, e, pair, views, sets, of); err != nil {
				return nil, fmt.Errorf("encoder %s: %w", e.name(pair), err)
			}
		}
		for _, set := range sets {
			p.Index[set] = r.members()[set]
		}
		pairs = append(pairs, p)
	}
	return mem.InferMembership(pairs, mem.MembershipOptions{Against: against, Seed: r.settings.Seed})
}

// similarities measures how alike an encoder finds views of the images of sets.
func (r *run) similarities(ctx context.Context, e role, pair, views int, sets []mem.Set, into *[mem.NumSets]mem.ViewSimilarities) error {
	encoder, free, err := r.encoderNamed(e.name(pair), false)
	if err != nil {
		return err
	}
	defer free()
	c := r.settings.Score.scorer(r.settings.Recipe, r.scoreSeed(pair))
	if c.Augment, c.Mask, err = r.scoringViews(encoder); err != nil {
		return err
	}
	// Every pair of views counts, whatever the rule of the run's scores.
	c.Views, c.Rule, c.Device = views, mem.AllViewPairs, r.device
	for _, set := range sets {
		c.Report = r.console.scoring(pair, views)
		if into[set], err = c.Similarities(ctx, encoder, r.data, r.members()[set]); err != nil {
			return err
		}
	}
	return nil
}
