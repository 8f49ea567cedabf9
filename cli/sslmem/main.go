// Sslmem trains self-supervised image encoders and measures how much each
// training image is memorized. Run it without arguments to see what to try.
package main

import (
	"os"

	"sslmem/cli"
)

func main() { os.Exit(cli.Main(os.Args, os.Stdout, os.Stderr)) }
