// Package worker is what the sides of the benchmark that are written in Go have
// in common: how they talk, and the operands of single operations.
package worker

import (
	"bufio"
	"fmt"
	"io"
	"math"

	"sslmem/torch"
)

// An Action does something n times and returns a loss or a checksum.
type Action func(n int) float64

// Serve announces the version of libtorch and then answers lines "what n" with
// what the action of that name gives, until in ends. It returns an error for
// any other line, and for an action that panics with [*torch.Error].
func Serve(in io.Reader, out io.Writer, actions map[string]Action) error {
	fmt.Fprintln(out, "ready", torch.Version())
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var what string
		var n int
		if _, err := fmt.Sscan(lines.Text(), &what, &n); err != nil {
			return fmt.Errorf("line %q: %w", lines.Text(), err)
		}
		do, ok := actions[what]
		if !ok {
			return fmt.Errorf("line %q: there is no such action", lines.Text())
		}
		var answer float64
		if err := torch.Try(func() { answer = do(n) }); err != nil {
			return err
		}
		fmt.Fprintln(out, answer)
	}
	return nil
}

// Wave returns the elements of an operand of the given shape that all sides can
// make for themselves: sin(1), sin(2), …
func Wave[N int | int64](shape ...N) []float32 {
	n := N(1)
	for _, size := range shape {
		n *= size
	}
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(math.Sin(float64(i + 1)))
	}
	return values
}
