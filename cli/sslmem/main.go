// Sslmem trains self-supervised image encoders and measures how much each
// training image is memorized. Run it without arguments to see what to try.
package main

import (
	"os"
	"runtime/debug"

	"sslmem/cli"
)

func main() {
	// What Go holds is mostly pixels, which cost nothing to collect, and the
	// tensors are not Go's: so collect early, and let memory settle at once
	// instead of growing for the first thousand steps.
	debug.SetGCPercent(25)
	os.Exit(cli.Main(os.Args, os.Stdout, os.Stderr))
}
