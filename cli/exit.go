package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"sslmem/ssl"
)

// The exit codes of the program.
const (
	ExitOK          = 0   // done
	ExitFailure     = 1   // something failed; the last line on standard error says what and what to do
	ExitUsage       = 2   // the command line is wrong
	ExitInterrupted = 130 // stopped by Ctrl-C or a signal, after saving
)

// usageError marks a mistake in the command line.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// exit reports err in one line and returns the exit code for it.
func exit(err error, stderr io.Writer) int {
	if err == nil {
		return ExitOK
	}
	fmt.Fprintf(stderr, "sslmem: %v\n", err)
	var usage usageError
	switch {
	case errors.Is(err, ssl.ErrStopped), errors.Is(err, context.Canceled):
		return ExitInterrupted
	case errors.As(err, &usage):
		return ExitUsage
	}
	return ExitFailure
}
