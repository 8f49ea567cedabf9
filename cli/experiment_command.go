package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"sslmem/cli/grid"
	"sslmem/cli/rundir"
	"sslmem/internal/config"
	"sslmem/ssl/recipes"
)

// Files of an experiment beside its cells and runs.
const (
	experimentCSV  = "cells.csv"
	experimentJSON = "experiment.json"
)

func experimentCommand() *cli.Command {
	c := &cli.Command{
		Name:  "experiment",
		Usage: "train, score and compare many encoders, as tables and curves of papers need",
		Description: `Each experiment is a grid of trainings in a folder of its own. What is finished is
never done again: the same command, after Ctrl-C or anything worse, goes on where
it was, and with more --values does only what is new.

   sslmem experiment epochs --values 25,50,100 --seeds 3
   sslmem experiment removal --values 10%,20%,40%
   sslmem experiment frameworks --list`,
	}
	for _, a := range allArms() {
		c.Subcommands = append(c.Subcommands, armsCommand(a))
	}
	c.Subcommands = append(c.Subcommands, removalCommand())
	c.Action = func(ctx *cli.Context) error { return startOf(ctx, c) }
	return c
}

// experimentFlags are those of all experiments.
func experimentFlags(values, unit string) []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "values", Value: values, Usage: "`LIST` of " + unit + ", with commas between them"},
		&cli.BoolFlag{Name: "list", Usage: "print the cells and how far they are, and run none"},
	}
	for _, f := range settingsFlags("") {
		switch f.Names()[0] {
		case "pairs", "overwrite", "dry-run", "resume", "out":
			continue
		}
		flags = append(flags, f)
	}
	return append(flags, &cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "`FOLDER` of the experiment, where it goes on if it is there (default: experiments/NAME)"})
}

func armsCommand(a arms) *cli.Command {
	return &cli.Command{
		Name: a.name, Usage: a.usage,
		Description: fmt.Sprintf(`Trains --seeds f/g pairs with each of the values, scores them, and measures
UnitMem and the accuracy of f.

   sslmem experiment %s --values %s`, a.name, a.values),
		Flags: experimentFlags(a.values, a.unit),
		Action: func(c *cli.Context) error {
			e, err := newExperiment(c, a.name, a.recipe)
			if err != nil {
				return err
			}
			e.base.Pair = true
			if err := a.plan(e, valuesOf(c.String("values"))); err != nil {
				return usageError{err}
			}
			return e.run(c, func(cells []foundCell) (any, error) {
				if !a.agree {
					return nil, nil
				}
				return agreements(cells)
			})
		},
	}
}

func removalCommand() *cli.Command {
	return &cli.Command{
		Name: "removal", Usage: "what the most memorized images are good for: encoders trained without them",
		Description: `Ranks images by how much they are memorized, with --seeds f/g pairs on two halves
of them. Then trains encoders without the most memorized, without as many at
random, and without the least memorized, and measures how good each is.

   sslmem experiment removal --values 10%,20%,40% --seeds 3
   sslmem experiment removal --data cifar10 --transfer cifar100,svhn --finetune`,
		Flags: append(experimentFlags("10%,20%,40%", "numbers or parts of images to remove"),
			&cli.StringSliceFlag{Name: "transfer", Usage: "another `DATA` set to measure the encoders on; may be repeated"},
			&cli.BoolFlag{Name: "finetune", Usage: "also train each encoder further with a classifier"},
			&cli.BoolFlag{Name: "dense", Usage: "also segment images, by a linear classifier of the positions of a layer's maps"}),
		Action: func(c *cli.Context) error {
			e, err := newExperiment(c, "removal", "")
			if err != nil {
				return err
			}
			n := halves(e.base).Splits
			r := removal{base: e.base, extra: extraTasks{Transfer: c.StringSlice("transfer"), FineTune: c.Bool("finetune"), Dense: c.Bool("dense")}}
			if r.removed, err = parseRemoved(valuesOf(c.String("values")), n.Candidate+n.Independent); err != nil {
				return usageError{err}
			}
			if err := r.plan(e); err != nil {
				return err
			}
			return e.run(c, func(cells []foundCell) (any, error) { return r.rows(cells) })
		},
	}
}

// valuesOf are the parts of a list with commas.
func valuesOf(text string) []string {
	var all []string
	for _, v := range strings.Split(text, ",") {
		if v = strings.TrimSpace(v); v != "" {
			all = append(all, v)
		}
	}
	return all
}

// newExperiment makes an experiment without cells by the flags.
func newExperiment(c *cli.Context, name, recipe string) (*experiment, error) {
	if len(valuesOf(c.String("values"))) == 0 {
		return nil, usageError{errors.New("--values is empty; leave it out to take the usual ones")}
	}
	s := Defaults()
	if recipe != "" && !c.IsSet("recipe") && !c.IsSet("config") {
		entry, err := recipes.Lookup(recipe)
		if err != nil {
			return nil, err
		}
		s.use(entry)
	}
	s, err := s.apply(c, "experiment")
	if err != nil {
		return nil, err
	}
	s.Live.Every, s.Score.CurvePoints = 0, 0 // cells are measured at their end
	out := c.String("out")
	if out == "" {
		out = filepath.Join("experiments", name)
	}
	if exists(filepath.Join(out, rundir.ConfigFile)) && !exists(filepath.Join(out, experimentSettings)) {
		return nil, fmt.Errorf("%s is the folder of a run; choose another with --out", out)
	}
	return &experiment{name: name, base: s, console: newConsole(c.App.ErrWriter, c.Bool("json")), grid: grid.Grid{Dir: out}}, nil
}

// experimentSettings is the file with the settings that all cells start from.
const experimentSettings = "base.toml"

// runPath is the folder of the run of a cell.
func (e *experiment) runPath(name string) string { return filepath.Join(e.grid.Dir, "runs", name) }

// An experimentReport is what an experiment has found.
type experimentReport struct {
	Experiment string      `json:"experiment"`
	Settings   Settings    `json:"settings"`
	Cells      []foundCell `json:"cells"`
	Compared   any         `json:"compared,omitempty"`
	Files      []string    `json:"files"`
}

// run runs the cells that are not finished, compares all, and reports.
func (e *experiment) run(c *cli.Context, compare func([]foundCell) (any, error)) error {
	if c.Bool("list") {
		return e.list(c)
	}
	e.grid.Report = func(p grid.Progress) { e.writeProgress(c.App.ErrWriter, p) }
	if e.console.quiet {
		e.grid.Report = nil
	}
	if err := e.grid.Check(); err != nil {
		return err
	}
	if err := os.MkdirAll(e.grid.Dir, 0o777); err != nil {
		return fmt.Errorf("cannot make the folder of the experiment: %w", err)
	}
	if err := config.Save(filepath.Join(e.grid.Dir, experimentSettings), e.base); err != nil {
		return err
	}
	if err := e.grid.Run(c.Context); err != nil {
		if isStopped(err) {
			return fmt.Errorf("%w; all is saved, and the same command goes on", err)
		}
		return err
	}
	cells, err := e.results()
	if err != nil {
		return err
	}
	report := experimentReport{Experiment: e.name, Settings: e.base, Cells: cells}
	if report.Compared, err = compare(cells); err != nil {
		return err
	}
	report.Files = []string{filepath.Join(e.grid.Dir, experimentCSV), filepath.Join(e.grid.Dir, experimentJSON)}
	if err := saveCSV(report.Files[0], cells); err != nil {
		return err
	}
	if err := rundir.WriteJSON(report.Files[1], report); err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, report)
	}
	return report.print(c)
}

func (r experimentReport) print(c *cli.Context) (err error) {
	w := c.App.Writer
	switch compared := r.Compared.(type) {
	case []removalRow:
		err = writeRemoval(w, compared)
	case []cellAgreement:
		if err = writeFound(w, r.Cells); err == nil {
			fmt.Fprintln(w)
			err = writeAgreements(w, compared)
		}
	default:
		err = writeFound(w, r.Cells)
	}
	fmt.Fprintf(w, "\nMeans over %d seeds, with 95 %% confidence intervals of the mean over seeds.\nfiles: %s\n", r.Settings.Seeds, strings.Join(r.Files, "\n       "))
	return err
}

// list prints the cells.
func (e *experiment) list(c *cli.Context) error {
	p, err := e.grid.Progress()
	if err != nil {
		return err
	}
	if c.Bool("json") {
		type row struct {
			Name    string     `json:"name"`
			Setting string     `json:"setting"`
			State   grid.State `json:"state"`
		}
		var rows []row
		for i, cell := range e.grid.Cells {
			rows = append(rows, row{cell.Name, e.settings[i], p.States[i]})
		}
		return printJSON(c.App.Writer, rows)
	}
	for i := range e.grid.Cells {
		fmt.Fprintf(c.App.Writer, "%-8s %s\n", p.States[i], e.settings[i])
	}
	return nil
}
