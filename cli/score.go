package cli

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"sslmem/cli/rundir"
)

func scoreCommand() *cli.Command {
	return &cli.Command{
		Name:      "score",
		Usage:     "measure how much each image of a trained run is memorized",
		ArgsUsage: takesRun,
		Description: `Measures the alignment losses of all images of the four sets under every pair
of the run and writes scores.csv and summary.json. Pairs that are scored
already are not scored again.

   sslmem score runs/001-train`,
		Flags: []cli.Flag{deviceFlag(), jsonFlag(), &cli.BoolFlag{
			Name: "full", Usage: "print all statistics, which summary.json has in any case",
		}},
		Action: func(c *cli.Context) error {
			start := time.Now()
			r, err := openArgument(c)
			if err != nil {
				return err
			}
			if err := r.useDevice(c.String("device")); err != nil {
				return err
			}
			if err := r.needsPairs("score"); err != nil {
				return err
			}
			if name := r.missing(); name != "" {
				return fmt.Errorf("encoder %s of %s is not trained yet; go on with: sslmem train --resume %s", name, r.dir, r.dir)
			}
			r.console.begin(r.settings.Seeds * (r.scoringUnits() + r.curveUnits()))
			err = r.scoreAll(c.Context)
			r.console.end()
			if err != nil {
				return err
			}
			scores, err := r.loadScores()
			if err != nil {
				return err
			}
			summary, err := r.summarize(scores)
			if err != nil {
				return err
			}
			o := r.finish(outcome{Summary: summary, full: c.Bool("full")}, start)
			o.Files = []string{r.dir.Join(rundir.ScoresFile), r.dir.Join(rundir.SummaryFile)}
			o.Next = fmt.Sprintf("%s plot %s", program(), r.dir)
			return o.print(c.App.Writer, c.Bool("json"))
		},
	}
}
