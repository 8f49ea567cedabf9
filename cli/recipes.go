package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/BurntSushi/toml"
	"github.com/urfave/cli/v2"

	"sslmem/data/atomicfile"
	"sslmem/internal/config"
	"sslmem/internal/nearest"
	"sslmem/ssl"
	"sslmem/ssl/recipes"
)

// What the commands below recipes take as their arguments.
const (
	takesRecipe     = "RECIPE"
	takesRecipeFile = "RECIPE FILE"
	takesFiles      = "FILE…"
)

func recipesCommand() *cli.Command {
	c := &cli.Command{
		Name:  "recipes",
		Usage: "list, show, copy and check the settings of trainings that have a name",
		Description: `A recipe is named after its method and what it is made for: simclr-demo,
byol-cifar. docs/recipes.md says where its numbers are from.

   sslmem recipes list
   sslmem train --recipe simclr-cifar
   sslmem recipes copy simclr-cifar mine.toml
   sslmem train --config mine.toml`,
		Subcommands: []*cli.Command{recipesListCommand(), recipesShowCommand(), recipesCopyCommand(), recipesValidateCommand()},
	}
	c.Action = func(ctx *cli.Context) error { return startOf(ctx, c) }
	return c
}

func recipesListCommand() *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list the recipes",
		Flags: []cli.Flag{jsonFlag()},
		Action: func(c *cli.Context) error {
			var list []recipes.Entry
			for _, name := range recipes.Names() {
				e, err := recipes.Lookup(name)
				if err != nil {
					return err
				}
				list = append(list, e)
			}
			if c.Bool("json") {
				return printJSON(c.App.Writer, list)
			}
			w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "NAME\tDATA\tENCODER\tEPOCHS\tBATCH\tOPTIMIZER\tTITLE")
			for _, e := range list {
				r := e.Recipe
				fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%s\t%s\n", e.Name, e.Data, encoderName(r), r.Epochs, r.BatchSize, r.Optimizer.Name, e.Title)
			}
			return w.Flush()
		},
	}
}

// encoderName is the encoder of a recipe with its width, as resnet9/8.
func encoderName(r ssl.Recipe) string {
	if r.Width == 0 {
		return r.Model
	}
	return fmt.Sprintf("%s/%d", r.Model, r.Width)
}

func recipesShowCommand() *cli.Command {
	return &cli.Command{
		Name:      "show",
		Usage:     "print a recipe with all its settings",
		ArgsUsage: takesRecipe,
		Flags:     []cli.Flag{jsonFlag()},
		Action: func(c *cli.Context) error {
			e, err := lookupRecipe(c.Args().First())
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return printJSON(c.App.Writer, e)
			}
			enc := toml.NewEncoder(c.App.Writer)
			enc.Indent = ""
			return enc.Encode(e)
		},
	}
}

func lookupRecipe(name string) (recipes.Entry, error) {
	e, err := recipes.Lookup(name)
	if err != nil {
		return e, usageError{err}
	}
	return e, nil
}

func recipesCopyCommand() *cli.Command {
	return &cli.Command{
		Name:      "copy",
		Usage:     "write the settings of a run by a recipe to a file, each with a word on it, to be changed",
		ArgsUsage: takesRecipeFile,
		Flags:     []cli.Flag{jsonFlag()},
		Action: func(c *cli.Context) error {
			e, err := lookupRecipe(c.Args().First())
			if err != nil {
				return err
			}
			s := TrainDefaults()
			s.use(e)
			text, err := explain(s)
			if err != nil {
				return err
			}
			path := c.Args().Get(1)
			if exists(path) {
				return fmt.Errorf("%s is there already and is left alone; choose another name", path)
			}
			intro := fmt.Sprintf("# %s: %s.\n# %s.\n#\n#     sslmem train --config %s\n\n", e.Name, e.Title, strings.ToUpper(e.Source[:1])+e.Source[1:], path)
			if err := atomicfile.Write(path, func(w io.Writer) error {
				_, err := io.WriteString(w, intro+text)
				return err
			}); err != nil {
				return err
			}
			if c.Bool("json") {
				return printJSON(c.App.Writer, map[string]string{"recipe": e.Name, "file": path})
			}
			fmt.Fprintf(c.App.Writer, "wrote %s\nnext:  %s train --config %s\n", path, program(), path)
			return nil
		},
	}
}

// A verdict is what is wrong with one file.
type verdict struct {
	File  string `json:"file"`
	Error string `json:"error,omitempty"` // empty if nothing is
}

func recipesValidateCommand() *cli.Command {
	return &cli.Command{
		Name:      "validate",
		Usage:     "say what is wrong with files of settings, without their data",
		ArgsUsage: takesFiles,
		Description: `Takes what train and demo take by --config, and files such as those of
ssl/recipes, which begin with a title. The exit code is 1 if anything is wrong.`,
		Flags: []cli.Flag{jsonFlag()},
		Action: func(c *cli.Context) error {
			var verdicts []verdict
			bad := 0
			for _, path := range c.Args().Slice() {
				v := verdict{File: path}
				if err := validate(path); err != nil {
					v.Error = err.Error()
					bad++
				}
				verdicts = append(verdicts, v)
			}
			if c.Bool("json") {
				if err := printJSON(c.App.Writer, verdicts); err != nil {
					return err
				}
			} else {
				for _, v := range verdicts {
					if v.Error != "" {
						fmt.Fprintf(c.App.Writer, "FAIL  %s\n", v.Error)
						continue
					}
					fmt.Fprintf(c.App.Writer, "ok    %s\n", v.File)
				}
			}
			if bad > 0 {
				return fmt.Errorf("%d of %d files cannot be used", bad, len(verdicts))
			}
			return nil
		},
	}
}

// validate checks a file of settings or a recipe.
func validate(path string) error {
	text, err := config.Read(path)
	if err != nil {
		return err
	}
	var keys struct {
		Title string `toml:"title"`
	}
	if _, err := toml.Decode(text, &keys); err == nil && keys.Title != "" {
		_, err := recipes.Parse(strings.TrimSuffix(path, ".toml"), text)
		return err
	}
	s := TrainDefaults()
	if err := s.decode(path, text); err != nil {
		return err
	}
	if err := s.Check(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// startOf answers a call of a command that has others below it without one of
// them, or with one that does not exist.
func startOf(ctx *cli.Context, c *cli.Command) error {
	name := ctx.Args().First()
	if name == "" {
		return cli.ShowSubcommandHelp(ctx)
	}
	var known []string
	for _, sub := range c.Subcommands {
		known = append(known, sub.Name)
	}
	hint := fmt.Sprintf("say one of %s after sslmem %s", strings.Join(known, ", "), c.Name)
	if near, ok := nearest.Word(name, known); ok {
		hint = fmt.Sprintf("did you mean sslmem %s %s?", c.Name, near)
	}
	return usageError{fmt.Errorf("there is no command %q of sslmem %s; %s", name, c.Name, hint)}
}
