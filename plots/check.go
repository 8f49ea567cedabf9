package plots

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ErrInput is wrapped by every error about values that cannot be drawn: none at
// all, not finite, or in lists of unequal length.
var ErrInput = errors.New("plots: cannot draw this input")

// inputError returns an error that wraps ErrInput.
func inputError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInput, fmt.Sprintf(format, args...))
}

// checkFinite returns an error if values has no entry or one that is NaN or
// infinite. what names the values in the error.
func checkFinite(what string, values []float64) error {
	if len(values) == 0 {
		return inputError("%s has no values", what)
	}
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return inputError("%s holds %v at index %d; remove or repair it before plotting", what, v, i)
		}
	}
	return nil
}

// checkNames returns an error if there is no name, or an empty or repeated one.
func checkNames(what string, names []string) error {
	if len(names) == 0 {
		return inputError("there is no %s; give at least one", what)
	}
	seen := map[string]bool{}
	for _, name := range names {
		if name == "" || seen[name] {
			return inputError("each %s needs a name of its own, but %q is empty or used twice", what, name)
		}
		seen[name] = true
	}
	return nil
}

// span returns the least and the greatest of the values of all lists, which must
// not be empty.
func span(lists ...[]float64) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, values := range lists {
		for _, v := range values {
			lo, hi = math.Min(lo, v), math.Max(hi, v)
		}
	}
	return lo, hi
}

// extent is span with the given share of its width added on both sides. A range
// of one value gets a width of its own, so that it has a scale.
func extent(share float64, lists ...[]float64) (lo, hi float64) {
	lo, hi = span(lists...)
	pad := (hi - lo) * share
	if hi-lo <= 1e-9*math.Max(math.Abs(lo), math.Abs(hi)) {
		pad = math.Max(0.5*math.Abs(lo), 1e-3)
	}
	return lo - pad, hi + pad
}

// whole tells whether all values are whole numbers.
func whole(lists ...[]float64) bool {
	for _, values := range lists {
		for _, v := range values {
			if v != math.Trunc(v) {
				return false
			}
		}
	}
	return true
}

// seedText names the seeds: "seed 7", "seeds 1–5", "seeds 2, 4, 9", and where
// there are more than six that do not follow each other, their number and the
// first and last.
func seedText(seeds []uint64) string {
	first, last := seeds[0], seeds[len(seeds)-1]
	consecutive := true
	text := make([]string, len(seeds))
	for i, s := range seeds {
		text[i] = strconv.FormatUint(s, 10)
		consecutive = consecutive && s == first+uint64(i)
	}
	switch {
	case len(seeds) == 1:
		return "seed " + text[0]
	case consecutive && len(seeds) > 2:
		return fmt.Sprintf("seeds %d–%d", first, last)
	case len(seeds) <= 6:
		return "seeds " + strings.Join(text, ", ")
	}
	return fmt.Sprintf("%d seeds (%d, …, %d)", len(seeds), first, last)
}

// plural returns "1 image" or "5 images".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
