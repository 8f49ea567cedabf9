package mem

import (
	"encoding/json"
	"math"
)

// Number is a statistic that can be undefined, as the standard deviation of a
// single value is. NaN stands for undefined. JSON has no NaN, so an undefined
// (or infinite) Number is written as null, and null is read as NaN.
type Number float64

// undefined is the value of a statistic that the data do not determine.
var undefined = Number(math.NaN())

// Defined reports whether x is a finite number.
func (x Number) Defined() bool {
	return !math.IsNaN(float64(x)) && !math.IsInf(float64(x), 0)
}

// MarshalJSON implements [json.Marshaler].
func (x Number) MarshalJSON() ([]byte, error) {
	if !x.Defined() {
		return []byte("null"), nil
	}
	return json.Marshal(float64(x))
}

// UnmarshalJSON implements [json.Unmarshaler].
func (x *Number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*x = undefined
		return nil
	}
	return json.Unmarshal(text, (*float64)(x))
}

// Interval is a confidence interval. Both ends are undefined where there are
// too few points for one.
type Interval struct {
	Low  Number `json:"low"`
	High Number `json:"high"`
}

// Contains reports whether x lies in the interval, ends included; an
// undefined interval contains nothing.
func (i Interval) Contains(x float64) bool {
	return float64(i.Low) <= x && x <= float64(i.High)
}
