package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sslmem/cli/rundir"
	"sslmem/cli/selfcheck"
	"sslmem/data/atomicfile"
	"sslmem/torch"
)

func selfcheckCommand() *cli.Command {
	return &cli.Command{
		Name:  "selfcheck",
		Usage: "ask of published findings whether they hold here, at the scale of a laptop",
		Description: `Trains f/g pairs on the carried images and asks of ten findings on memorization
whether they hold with these: each is shown, not shown at this scale,
contradicted, or not run. docs/selfcheck.md has the rule, and what came out.
All is kept in the folder of --out, by which a run that was stopped goes on.
The exit code is 1 only if something that holds exactly does not.

   sslmem selfcheck --fast
   sslmem selfcheck
   sslmem selfcheck --checks 1,2,8 --out runs/001-selfcheck`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "fast", Usage: "run what takes seconds: exact values and what follows from the definition"},
			&cli.StringFlag{Name: "checks", Usage: "run these `CHECKS` only, numbers with commas between them; 0 are the exact values"},
			&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "`FOLDER` of encoders and scores, new or of a run that was stopped (default: the next number in runs/)"},
			&cli.Uint64Flag{Name: "seed", Usage: "seed `N` of everything random"},
			&cli.StringFlag{Name: "markdown", Usage: "write the table to `FILE` too, as Markdown"},
			jsonFlag(),
		},
		Action: func(c *cli.Context) error {
			start := time.Now()
			checks, err := chosenChecks(c)
			if err != nil {
				return usageError{err}
			}
			if err := torch.Init(); err != nil {
				return err
			}
			lab, err := openLab(c)
			if err != nil {
				return err
			}
			report := selfcheck.Report{Command: selfcheckCall(c), Plan: lab.Plan}
			if report.Findings, err = selfcheck.RunAll(c.Context, checks, lab); err != nil {
				if lab.Dir != "" {
					err = fmt.Errorf("%w; go on with: %s selfcheck --out %s", err, program(), lab.Dir)
				}
				return err
			}
			report.Seconds = time.Since(start).Seconds()
			if path := c.String("markdown"); path != "" {
				if err := atomicfile.Write(path, report.WriteMarkdown); err != nil {
					return err
				}
			}
			write := report.WriteText
			if c.Bool("json") {
				write = report.WriteJSON
			}
			if err := write(c.App.Writer); err != nil {
				return err
			}
			if report.Failed() {
				return errors.New("something that holds exactly does not; the build or this machine computes wrongly")
			}
			return nil
		},
	}
}

// chosenChecks are those that the flags ask for.
func chosenChecks(c *cli.Context) ([]selfcheck.Check, error) {
	list := c.String("checks")
	switch {
	case c.Bool("fast") && list != "":
		return nil, errors.New("--fast and --checks exclude each other")
	case c.Bool("fast") && c.String("out") != "":
		return nil, errors.New("--fast keeps nothing; leave --out away")
	case c.Bool("fast"):
		return selfcheck.FastChecks(), nil
	case list == "":
		return selfcheck.Checks(), nil
	}
	var numbers []int
	for _, word := range strings.Split(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil {
			return nil, fmt.Errorf("--checks %q is not a list of numbers such as 1,2,8", list)
		}
		numbers = append(numbers, n)
	}
	return selfcheck.Select(numbers)
}

func openLab(c *cli.Context) (*selfcheck.Lab, error) {
	plan := selfcheck.Whole()
	plan.Seed = c.Uint64("seed")
	if c.Bool("fast") {
		return selfcheck.FastLab(plan)
	}
	dir := c.String("out")
	if dir == "" {
		made, err := rundir.CreateNumbered("runs", "selfcheck")
		if err != nil {
			return nil, err
		}
		dir = string(made)
	}
	console := newConsole(c.App.ErrWriter, c.Bool("json"))
	start := time.Now()
	return selfcheck.OpenLab(dir, plan, func(format string, args ...any) {
		console.say("%s  %s", clock(time.Since(start)), fmt.Sprintf(format, args...))
	})
}

// selfcheckCall is the command that gives the same table anew.
func selfcheckCall(c *cli.Context) string {
	words := []string{"bin/sslmem selfcheck"}
	for _, name := range []string{"checks", "seed"} {
		if c.IsSet(name) {
			words = append(words, fmt.Sprintf("--%s %v", name, c.Value(name)))
		}
	}
	if c.Bool("fast") {
		words = append(words, "--fast")
	}
	return strings.Join(words, " ")
}
