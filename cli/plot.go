package cli

import (
	"time"

	"github.com/urfave/cli/v2"
)

func plotCommand() *cli.Command {
	return &cli.Command{
		Name:      "plot",
		Usage:     "draw the figures and the report of a scored run",
		ArgsUsage: takesRun,
		Description: `Draws every figure as PNG and SVG into figures/ of the run and writes
report.html, from the files of the run alone.

   sslmem plot runs/001-demo`,
		Flags: []cli.Flag{jsonFlag()},
		Action: func(c *cli.Context) error {
			start := time.Now()
			r, err := openArgument(c)
			if err != nil {
				return err
			}
			if err := r.needsPairs("plot"); err != nil {
				return err
			}
			summary, files, err := r.draw()
			if err != nil {
				return err
			}
			o := r.finish(outcome{Files: files}, start)
			if c.Bool("json") {
				o.Summary = summary
			}
			return o.print(c.App.Writer, c.Bool("json"))
		},
	}
}
