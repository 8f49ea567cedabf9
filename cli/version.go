package cli

import (
	"cmp"
	"fmt"
	"runtime"

	"github.com/urfave/cli/v2"

	"sslmem/cli/rundir"
	"sslmem/torch"
)

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the versions of the program, Go and libtorch",
		Action: func(c *cli.Context) error {
			e := rundir.Inspect("", "")
			libtorch := torch.Version()
			if libtorch == "" {
				libtorch = "not available (see sslmem doctor)"
			}
			_, err := fmt.Fprintf(c.App.Writer, "sslmem   %s, revision %s\ngo       %s %s/%s\nlibtorch %s\n",
				e.Version, cmp.Or(e.Sources(), "unknown"), e.Go, runtime.GOOS, runtime.GOARCH, libtorch)
			return err
		},
	}
}
