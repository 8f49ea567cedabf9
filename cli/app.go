package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"sslmem/internal/nearest"
	"sslmem/ssl"
	"sslmem/ssl/recipes"
)

// Main runs the program with the given arguments, the name of the program
// first, and returns its exit code. Results go to stdout, progress and errors
// to stderr. Ctrl-C and SIGTERM end training after the step at hand, saved.
func Main(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return exit(newApp(stdout, stderr).RunContext(ctx, args), stderr)
}

func newApp(stdout, stderr io.Writer) *cli.App {
	app := &cli.App{
		Name:      "sslmem",
		Usage:     "train self-supervised encoders and measure what they memorize of each image",
		Writer:    stdout,
		ErrWriter: stderr,
		Commands: []*cli.Command{
			demoCommand(), trainCommand(), evalCommand(), scoreCommand(), embedCommand(), layersCommand(), dejaVuCommand(), membershipCommand(), labelsCommand(), experimentCommand(), selfcheckCommand(), plotCommand(), recipesCommand(), dataCommand(), doctorCommand(), versionCommand(),
		},
		HideVersion:               true,
		DisableSliceFlagSeparator: true,
		Action:                    start,
		ExitErrHandler:            func(*cli.Context, error) {}, // Main reports
	}
	app.OnUsageError = func(c *cli.Context, err error, _ bool) error { return usage(c, err, app.Flags) }
	prepare(app.Commands)
	return app
}

// prepare gives commands, and those below them, what all of them have: errors
// with a way out, and arguments that are checked.
func prepare(commands []*cli.Command) {
	for _, command := range commands {
		command.OnUsageError = func(c *cli.Context, err error, _ bool) error { return usage(c, err, command.Flags) }
		command.HideHelpCommand = true
		action := command.Action
		command.Action = func(c *cli.Context) error {
			if len(command.Subcommands) == 0 {
				if err := checkArgs(c); err != nil {
					return err
				}
			}
			return action(c)
		}
		prepare(command.Subcommands)
	}
}

// start answers a call without a command, or with one that does not exist.
func start(c *cli.Context) error {
	if name := c.Args().First(); name != "" {
		var known []string
		for _, command := range c.App.Commands {
			known = append(known, command.Name)
		}
		hint := "commands are " + strings.Join(known, ", ")
		if near, ok := nearest.Word(name, known); ok {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return usageError{fmt.Errorf("there is no command %q; %s", name, hint)}
	}
	fmt.Fprint(c.App.Writer, `sslmem trains self-supervised encoders and measures what they memorize of each image.

Three things to try:
  sslmem doctor          check this machine
  sslmem demo            train, score and draw a small experiment, a few minutes
  sslmem train --help    train on your own images

sslmem --help lists all commands.
`)
	return nil
}

// usage turns the flag package's messages into a sentence with a way out.
func usage(c *cli.Context, err error, flags []cli.Flag) error {
	help := "see " + c.App.Name + " --help"
	if c.Command != nil && c.Command.Name != "" && c.Command.Name != c.App.Name {
		help = fmt.Sprintf("see %s --help", c.Command.HelpName)
	}
	const unknown = "flag provided but not defined: -"
	name, ok := strings.CutPrefix(err.Error(), unknown)
	if !ok {
		return usageError{fmt.Errorf("%w; %s", err, help)}
	}
	var known []string
	for _, f := range flags {
		known = append(known, f.Names()...)
	}
	name = strings.TrimLeft(name, "-")
	if near, ok := nearest.Word(name, known); ok {
		help = fmt.Sprintf("did you mean --%s?", near)
	}
	return usageError{fmt.Errorf("there is no flag --%s; %s", name, help)}
}

// takesRun marks commands whose argument is the folder of a run.
const takesRun = "RUN"

// arguments are what commands may take, with an example.
var arguments = map[string]string{
	takesRun:         "the folder of a run, such as runs/001-demo",
	takesRunOrPair:   "the folder of a run, such as runs/001-demo, or two encoders: --f FILE --g FILE",
	takesEncoder:     "the folder of a run or the file of an encoder, such as runs/001-train/encoders/e0.safetensors",
	takesEncoderFile: "the file of an encoder, such as runs/001-train/encoders/e0.safetensors or model.pth",
	takesData:        "a data set: a name of sslmem data list, or a path",
	takesName:        "the name of a data set, such as cifar10",
	takesRecipe:      "the name of a recipe, such as simclr-cifar",
	takesRecipeFile:  "the name of a recipe and that of a new file, such as simclr-cifar mine.toml",
	takesFiles:       "one or more files of settings, such as mine.toml",
}

// argumentName is how errors call the argument of a command.
func argumentName(takes string) string {
	return strings.ToLower(strings.ReplaceAll(strings.Fields(takes)[0], "|", " or "))
}

// checkArgs refuses arguments that a command does not take.
func checkArgs(c *cli.Context) error {
	n := c.Args().Len()
	takes, name := c.Command.ArgsUsage, c.Command.HelpName
	least, most := 0, 0
	if takes != "" {
		least = len(strings.Fields(takes))
		most = least
	}
	if takes == takesFiles {
		most = n
	}
	if takes == takesRunOrPair {
		least, most = 1, 1
		if scoresPair(c) {
			least, most = 0, 0
		}
	}
	for _, extra := range c.Args().Slice() {
		if strings.HasPrefix(extra, "-") && takes != "" {
			return usageError{fmt.Errorf("the flag %s must stand before the %s: %s %s …", extra, argumentName(takes), name, extra)}
		}
	}
	switch {
	case n < least:
		return usageError{fmt.Errorf("%s needs %s", name, arguments[takes])}
	case n > most:
		return usageError{fmt.Errorf("%s does not take the argument %q; see %s --help", name, c.Args().Get(n-1), name)}
	}
	return nil
}

// settingsFlags are the flags of the commands that start a run.
func settingsFlags(start string) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "recipe", Usage: "start from the recipe `NAME` of sslmem recipes list"},
		&cli.StringFlag{Name: "config", Usage: "TOML `FILE` with settings, such as the config.toml of another run"},
		&cli.StringSliceFlag{Name: "set", Usage: "change one setting, `KEY=VALUE` with the keys of config.toml, such as recipe.epochs=20"},
		&cli.StringFlag{Name: "data", Usage: "fashion-mnist (carried), a name of sslmem data list, or the `PATH` of a folder, archive or file of images"},
		&cli.Uint64Flag{Name: "seed", Usage: "seed `N` of the splits and of everything random, the first of --seeds"},
		&cli.IntFlag{Name: "seeds", Usage: "do it `N` times, each time with another seed"},
		&cli.IntFlag{Name: "pairs", Usage: "number `N` of f/g pairs, whose scores are averaged: --seeds of pairs"},
		deviceFlag(),
		&cli.StringFlag{Name: "out", Usage: "`FOLDER` of the new run (default: the next number in runs/)"},
		&cli.BoolFlag{Name: "overwrite", Usage: "replace the run that --out holds"},
		&cli.BoolFlag{Name: "dry-run", Usage: "print the settings and what the training would take, from a few steps, and write nothing"},
		&cli.StringFlag{Name: "resume", Usage: "go on with the run in `FOLDER`; " + start},
		jsonFlag(),
	}
}

func deviceFlag() cli.Flag {
	return &cli.StringFlag{Name: "device", Usage: "`DEVICE` to compute on: auto, cpu, cuda or cuda:N"}
}

func jsonFlag() cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: "print the result as JSON, for machines"}
}

// startRun makes the run that the flags ask for, with the settings of s in the
// place of those that they do not, or opens the one to resume.
func startRun(c *cli.Context, kind string, s Settings) (*run, error) {
	console := newConsole(c.App.ErrWriter, c.Bool("json"))
	if path := c.String("resume"); path != "" {
		for _, name := range []string{"recipe", "config", "set", "data", "seed", "seeds", "pair", "pairs", "out", "overwrite", "dry-run"} {
			if c.IsSet(name) {
				return nil, usageError{fmt.Errorf("--%s cannot be changed when a run is resumed; start a new run", name)}
			}
		}
		r, err := openRun(path, console)
		if err != nil {
			return nil, err
		}
		return r, r.useDevice(c.String("device"))
	}
	s, err := s.apply(c, kind)
	if err != nil {
		return nil, err
	}
	return newRun(s, console, kind, c.String("out"), c.Bool("overwrite"))
}

// apply puts what the flags say over the settings: the recipe first, then the
// file, then --set, then the flags that stand for one setting.
func (s Settings) apply(c *cli.Context, kind string) (Settings, error) {
	err := s.put(c)
	if kind == "demo" {
		s.Pair = true
	}
	if err != nil {
		return s, usageError{err}
	}
	return s, nil
}

// put does the work of apply in place.
func (s *Settings) put(c *cli.Context) error {
	if name := c.String("recipe"); name != "" {
		e, err := recipes.Lookup(name)
		if err != nil {
			return err
		}
		s.use(e)
	}
	if path := c.String("config"); path != "" {
		if err := s.load(path); err != nil {
			return err
		}
	}
	for _, assignment := range c.StringSlice("set") {
		if err := s.set(assignment); err != nil {
			return err
		}
	}
	if c.IsSet("data") {
		s.Data = c.String("data")
	}
	if c.IsSet("seed") {
		s.Seed = c.Uint64("seed")
	}
	if c.IsSet("pair") {
		s.Pair = c.Bool("pair")
	}
	if c.IsSet("seeds") {
		s.Seeds = c.Int("seeds")
	}
	if c.IsSet("pairs") {
		s.Pair, s.Seeds = true, c.Int("pairs")
	}
	if c.IsSet("device") {
		s.Device = c.String("device")
	}
	return nil
}

// openArgument opens the run that the command names.
func openArgument(c *cli.Context) (*run, error) {
	return openRun(c.Args().First(), newConsole(c.App.ErrWriter, c.Bool("json")))
}

// withResume adds to the error of a stopped run how to go on.
func (r *run) withResume(err error, command string) error {
	if !isStopped(err) {
		return err
	}
	return fmt.Errorf("%w; all is saved, go on with: %s %s --resume %s", err, program(), command, r.dir)
}

// isStopped reports whether an error says that a person has stopped the program.
func isStopped(err error) bool {
	return errors.Is(err, ssl.ErrStopped) || errors.Is(err, context.Canceled)
}
