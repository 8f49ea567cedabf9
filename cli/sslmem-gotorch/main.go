// Sslmem-gotorch turns checkpoints of gotorch, the older binding of libtorch,
// into files that PyTorch and sslmem read. It is pure Go: it loads neither
// gotorch nor libtorch, and runs nothing that a checkpoint contains.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"

	"sslmem/cli/rundir"
	"sslmem/torch/gotorchx/statedict"
)

// The exit codes of the program.
const (
	exitOK      = 0
	exitFailure = 1 // the last line on standard error says what and what to do
	exitUsage   = 2 // the command line is wrong
)

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

// usageError marks a mistake in the command line.
type usageError struct{ error }

// run runs the program with the given arguments, its name first, and returns
// its exit code.
func run(args []string, stdout, stderr io.Writer) int {
	usage := func(_ *cli.Context, err error, _ bool) error {
		return usageError{fmt.Errorf("%w; see sslmem-gotorch --help", err)}
	}
	convert := &cli.Command{
		Name:      "convert",
		Usage:     "write a gotorch checkpoint, a gob of StateDict(), as .safetensors or .pt",
		ArgsUsage: "IN.gob OUT.safetensors|OUT.pt",
		Description: "Names are written as PyTorch has them: Net.FC1.Weight becomes fc1.weight, and\n" +
			"Net.Body.Modules[0].RunningMean becomes body.0.running_mean. OUT appears complete or not at all.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "resnet", Usage: "name the tensors of gotorch's ResNets as torchvision does: layer1.0.conv1.weight"},
			&cli.BoolFlag{Name: "overwrite", Usage: "replace OUT if it is there"},
		},
		HideHelpCommand: true,
		OnUsageError:    usage,
		Action:          convertAction,
	}
	app := &cli.App{
		Name:      "sslmem-gotorch",
		Usage:     "turn gotorch checkpoints into files that PyTorch and sslmem read",
		Writer:    stdout,
		ErrWriter: stderr,
		Commands: []*cli.Command{convert, {
			Name:            "version",
			Usage:           "print the versions of the program and Go",
			HideHelpCommand: true,
			OnUsageError:    usage,
			Action:          versionAction,
		}},
		HideVersion:    true,
		OnUsageError:   usage,
		ExitErrHandler: func(*cli.Context, error) {}, // reported below
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usageError{fmt.Errorf("there is no command %q; commands are convert and version", c.Args().First())}
			}
			return cli.ShowAppHelp(c)
		},
	}
	err := app.Run(args)
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(stderr, "sslmem-gotorch: %v\n", err)
	if wrong := (usageError{}); errors.As(err, &wrong) {
		return exitUsage
	}
	return exitFailure
}

func versionAction(c *cli.Context) error {
	e := rundir.Inspect("", "")
	_, err := fmt.Fprintf(c.App.Writer, "sslmem-gotorch %s, revision %s\ngo             %s %s/%s\n",
		e.Version, cmp.Or(e.Sources(), "unknown"), e.Go, runtime.GOOS, runtime.GOARCH)
	return err
}

func convertAction(c *cli.Context) error {
	if c.NArg() != 2 {
		return usageError{errors.New("convert takes two files, with flags before them: sslmem-gotorch convert IN.gob OUT.safetensors")}
	}
	in, out := c.Args().Get(0), c.Args().Get(1)
	save := statedict.StateDict.SaveSafetensors
	switch extension := strings.ToLower(filepath.Ext(out)); extension {
	case ".safetensors":
	case ".pt", ".pth":
		save = statedict.StateDict.SavePT
	default:
		return usageError{fmt.Errorf("the name of the output tells its format: %s must end in .safetensors, .pt or .pth", out)}
	}
	if _, err := os.Stat(out); err == nil && !c.Bool("overwrite") {
		return fmt.Errorf("%s is there already; give another name, or --overwrite before the files", out)
	}
	d, err := statedict.Open(in)
	if err != nil {
		return err
	}
	if c.Bool("resnet") {
		if err := d.Rename(statedict.ResNetName); err != nil {
			return err
		}
	}
	if err := save(d, out); err != nil {
		return err
	}
	var elements int64
	for _, t := range d {
		elements += int64(len(t.Data) / t.DType.Size())
	}
	_, err = fmt.Fprintf(c.App.Writer, "%s: %d tensors, %d elements, from %s to %s\n", out, len(d), elements, d[0].Name, d[len(d)-1].Name)
	return err
}
