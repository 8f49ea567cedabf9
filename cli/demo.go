package cli

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"sslmem/cli/rundir"
)

func demoCommand() *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "train pairs of encoders, score every image and draw the figures, on carried images",
		Description: `Trains pairs of encoders on real Fashion-MNIST images, with SimCLR if no other
recipe is named: f sees S_S and S_C, g sees S_S and S_I. Then measures how much
each image is memorized, m = L_g − L_f, and writes scores, figures and a report.
All settings can be changed; those that are used stand in config.toml of the run.

   sslmem demo
   sslmem demo --seed 1 --pairs 2
   sslmem demo --recipe byol-demo
   sslmem demo --resume runs/001-demo`,
		Flags: settingsFlags("what is done is not done again"),
		Action: func(c *cli.Context) error {
			if c.Bool("dry-run") && !c.IsSet("resume") {
				s, err := Defaults().apply(c, "demo")
				if err != nil {
					return err
				}
				return dryRun(c, "demo", s)
			}
			start := time.Now()
			r, err := startRun(c, "demo", Defaults())
			if err != nil {
				return err
			}
			s := r.settings
			if err := r.needsPairs("demo"); err != nil {
				return err
			}
			r.console.say("%s · %s · %s · %d+%d images a encoder, %d pairs, %d epochs · %s · seed %d · %s",
				s.Recipe.Method, encoderName(s.Recipe), r.name, s.Splits.Shared, s.Splits.Candidate, s.Seeds, s.Recipe.Epochs, r.device, s.Seed, r.dir)
			r.console.begin(s.Seeds * (2*r.trainingUnits() + r.scoringUnits() + r.curveUnits()))
			err = r.experiment(c.Context)
			r.console.end()
			if err != nil {
				return r.withResume(err, "demo")
			}
			summary, files, err := r.draw()
			if err != nil {
				return err
			}
			o := r.finish(outcome{Summary: summary}, start)
			o.Files = append([]string{r.dir.Join(rundir.ScoresFile)}, files...)
			o.Next = fmt.Sprintf("%s demo --seed %d", program(), s.Seed+1)
			return o.print(c.App.Writer, c.Bool("json"))
		},
	}
}
