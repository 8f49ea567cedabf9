package cli

import (
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
			revision := e.Revision
			if e.Modified {
				revision += " with changes"
			}
			if revision == "" {
				revision = "unknown"
			}
			_, err := fmt.Fprintf(c.App.Writer, "sslmem   %s, revision %s\ngo       %s %s/%s\nlibtorch %s\n",
				e.Version, revision, e.Go, runtime.GOOS, runtime.GOARCH, libtorch)
			return err
		},
	}
}
