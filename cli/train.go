package cli

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"sslmem/cli/rundir"
)

func trainCommand() *cli.Command {
	return &cli.Command{
		Name:  "train",
		Usage: "train f/g pairs of encoders",
		Description: `Draws the sets S_S, S_C, S_I and S_E from the images and trains, for each pair,
f on S_S and S_C and g on S_S and S_I. Ctrl-C saves; --resume goes on as if
the run had never been stopped.

   sslmem train --data ~/fashion --set splits.shared=5000 --set recipe.width=32
   sslmem train --config my.toml --out runs/mine`,
		Flags: settingsFlags("what is trained is not trained again"),
		Action: func(c *cli.Context) error {
			start := time.Now()
			r, err := startRun(c, "train")
			if err != nil {
				return err
			}
			r.console.begin(r.settings.Pairs * 2 * r.trainingUnits())
			err = r.trainAll(c.Context)
			r.console.end()
			if err != nil {
				return r.withResume(err, "train")
			}
			o := r.finish(outcome{}, start)
			o.Files = []string{r.dir.Join(rundir.EncodersDir), r.dir.Join(rundir.MetricsFile)}
			o.Next = fmt.Sprintf("%s score %s", program(), r.dir)
			return o.print(c.App.Writer, c.Bool("json"))
		},
	}
}
