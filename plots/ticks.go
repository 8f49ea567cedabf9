package plots

import (
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
)

// niceTicks places ticks at multiples of 1, 2, 2.5 or 5 times a power of ten,
// and labels all of them with the same number of decimals.
type niceTicks struct {
	most  int  // no more ticks than this, at least 2
	whole bool // whole numbers only, for epochs and counts
}

// Ticks implements plot.Ticker.
func (n niceTicks) Ticks(lo, hi float64) []plot.Tick {
	step, decimals := n.step(lo, hi)
	var ticks []plot.Tick
	const slack = 1e-6 // in steps, for limits that are multiples but for rounding
	for k := math.Ceil(lo/step - slack); k <= hi/step+slack; k++ {
		ticks = append(ticks, plot.Tick{Value: k * step, Label: number(k*step, decimals)})
	}
	return ticks
}

// step returns the distance of the ticks and the decimals that it needs.
func (n niceTicks) step(lo, hi float64) (step float64, decimals int) {
	least := (hi - lo) / float64(n.most-1)
	if n.whole {
		least = math.Max(least, 1)
	}
	power := int(math.Floor(math.Log10(least)))
	for ; ; power++ {
		for _, digit := range []float64{1, 2, 2.5, 5} {
			step = digit * math.Pow10(power)
			if step < least*(1-1e-9) || n.whole && step != math.Trunc(step) {
				continue
			}
			decimals = max(0, -power)
			if digit == 2.5 {
				decimals = max(0, 1-power)
			}
			return step, decimals
		}
	}
}

// number formats v to the given number of decimals with a real minus sign, and
// very large and very small values as a product with a power of ten.
func number(v float64, decimals int) string {
	if v == 0 {
		v = 0 // no negative zero
		if decimals > 6 {
			decimals = 0
		}
	}
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if a := math.Abs(v); a >= 1e7 || v != 0 && a < 1e-4 && decimals > 6 {
		digits := int(math.Floor(math.Log10(a))) + decimals
		text = strconv.FormatFloat(v, 'e', max(0, min(digits, 14)), 64)
		mantissa, exponent, _ := strings.Cut(text, "e")
		if strings.Contains(mantissa, ".") {
			mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
		}
		text = mantissa + "e" + strings.TrimPrefix(exponent, "+")
	}
	return strings.ReplaceAll(text, "-", "−")
}

// signed formats values that are compared with each other: all with their sign
// and with the same number of decimals, so many that the greatest has three
// significant digits.
func signed(values []float64) []string {
	lo, hi := span(values)
	decimals := 3
	if greatest := math.Max(-lo, hi); greatest > 0 {
		decimals = max(0, 2-int(math.Floor(math.Log10(greatest))))
	}
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = number(v, decimals)
		if v > 0 {
			out[i] = "+" + out[i]
		}
	}
	return out
}
