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
		Usage:     "measure how much each image of a trained run is memorized, or by two encoders that were trained elsewhere",
		ArgsUsage: takesRunOrPair,
		Description: `Measures the alignment losses of all images of the four sets under every pair
of the run and writes scores.csv and summary.json. Pairs that are scored
already are not scored again.

   sslmem score runs/001-train

Two encoders that were trained elsewhere are scored by their files, --f and --g:
safetensors or a state_dict of PyTorch with the names of torchvision or timm,
TorchScript, or files of a run. The sets of images are places in the data, one
file a set: a number a line, a CSV with the column index, JSON or .npy. The
result is a folder with scores.csv, summary.json and all settings.

   sslmem score --f f.pth --g g.pth --data cifar10 --augment simclr-cifar \
      --candidate only_f.txt --independent only_g.txt --shared both.txt --external none.txt`,
		Flags: append([]cli.Flag{deviceFlag(), jsonFlag(), &cli.BoolFlag{
			Name: "full", Usage: "print all statistics, which summary.json has in any case",
		}}, pairFlags()...),
		Action: func(c *cli.Context) error {
			start := time.Now()
			if scoresPair(c) {
				return scoreAnyPair(c)
			}
			for _, f := range pairFlags() {
				if name := f.Names()[0]; c.IsSet(name) {
					return usageError{fmt.Errorf("--%s is for two encoders that were trained elsewhere: give --f and --g; a run has its own settings", name)}
				}
			}
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
