package cli

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sslmem/cli/rundir"
	"sslmem/ssl"
	"sslmem/ssl/recipes"
)

func trainCommand() *cli.Command {
	pair := &cli.BoolFlag{Name: "pair", Usage: "train f/g pairs on sets of the images, for scores of memorization"}
	return &cli.Command{
		Name:  "train",
		Usage: "train encoders, or f/g pairs of them, by any method",
		Description: fmt.Sprintf(`Trains an encoder on all training images. With --pair it draws the sets S_S, S_C,
S_I and S_E from them and trains f on S_S and S_C and g on S_S and S_I. Ctrl-C
saves; --resume goes on as if the run had never been stopped.

   sslmem train --recipe simclr-cifar
   sslmem train --recipe byol-demo --set recipe.epochs=50 --seeds 3
   sslmem train --pair --data ~/fashion --set splits.shared=5000
   sslmem train --config my.toml --out runs/mine

Recipes are named METHOD-SIZE, see sslmem recipes list:
   methods: %s
   sizes:   %s`, strings.Join(ssl.MethodNames(), ", "), strings.Join(recipes.Sizes(), ", ")),
		Flags: append(settingsFlags("what is trained is not trained again"), pair),
		Action: func(c *cli.Context) error {
			if c.Bool("dry-run") && !c.IsSet("resume") {
				s, err := TrainDefaults().apply(c, "train")
				if err != nil {
					return err
				}
				return dryRun(c, "train", s)
			}
			start := time.Now()
			r, err := startRun(c, "train", TrainDefaults())
			if err != nil {
				return err
			}
			r.announce()
			r.console.begin(r.settings.Seeds * len(r.roles()) * r.trainingUnits())
			err = r.trainAll(c.Context)
			r.console.end()
			if err != nil {
				return r.withResume(err, "train")
			}
			last, err := r.liveResults()
			if err != nil {
				return err
			}
			o := r.finish(outcome{Live: last}, start)
			o.Files = []string{r.dir.Join(rundir.EncodersDir), r.dir.Join(rundir.MetricsFile), r.dir.Join(rundir.TensorBoardDir)}
			o.Next = fmt.Sprintf("%s eval %s", program(), r.dir)
			if r.settings.Pair {
				o.Next = fmt.Sprintf("%s score %s", program(), r.dir)
			}
			return o.print(c.App.Writer, c.Bool("json"))
		},
	}
}

// announce says what will be trained.
func (r *run) announce() {
	s := r.settings
	what := fmt.Sprintf("%d images", len(r.trainingImages(roleOnly)))
	if s.Pair {
		what = fmt.Sprintf("f/g pairs of %d images", len(r.trainingImages(roleF)))
	}
	if s.Seeds > 1 {
		what += fmt.Sprintf(", %d seeds", s.Seeds)
	}
	r.console.say("%s · %s · %s · %s, %d epochs · %s %s · seed %d · %s",
		s.Recipe.Method, encoderName(s.Recipe), r.name, what, s.Recipe.Epochs, r.device, cmp.Or(s.Recipe.Precision, ssl.FP32), s.Seed, r.dir)
}
