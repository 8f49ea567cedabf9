package mem

import (
	"fmt"
	"slices"
)

// Offset names what is taken from every m(x) beside the losses.
type Offset string

const (
	// NoOffset takes nothing away; it is the default, for which "" stands too.
	NoOffset Offset = "none"
	// ExternalOffset takes away the mean of m on S_E, of each f/g pair by itself:
	// what f is better at than g on images that neither saw is no memorization. It
	// moves all sets alike, so that differences between sets and their tests stay
	// what they are, up to rounding.
	ExternalOffset Offset = "external"
)

// Offsets returns all offsets, the default first.
func Offsets() []Offset { return []Offset{NoOffset, ExternalOffset} }

// ParseOffset returns the offset of the given name; "" is the default.
func ParseOffset(name string) (Offset, error) {
	if name == "" {
		return NoOffset, nil
	}
	if i := slices.Index(Offsets(), Offset(name)); i >= 0 {
		return Offsets()[i], nil
	}
	return "", fmt.Errorf("mem: %q is not an offset; use one of %s", name, joinNames(Offsets()))
}

// SummaryOptions say what [SummarizeWith] computes. The zero value is on the scale
// [Raw], without offset, with 9,999 resamples of seed 0.
type SummaryOptions struct {
	Normalisation Normalisation
	Offset        Offset
	// Resamples is the number of bootstrap samples and of random permutations; 0
	// means 9,999. Seed fixes them.
	Resamples int
	Seed      uint64
}

// defaultResamples is SciPy's number too.
const defaultResamples = 9_999

func (o SummaryOptions) complete() (SummaryOptions, error) {
	if o.Normalisation == "" {
		o.Normalisation = Raw
	}
	if o.Resamples == 0 {
		o.Resamples = defaultResamples
	}
	if _, err := ParseNormalisation(string(o.Normalisation)); err != nil {
		return o, err
	}
	if o.Resamples < 100 {
		return o, fmt.Errorf("mem: %d resamples are too few for intervals of 95 %%; take at least 100", o.Resamples)
	}
	var err error
	o.Offset, err = ParseOffset(string(o.Offset))
	return o, err
}

// without takes the mean over the points at external from all of v.
func (v scoreValues) without(external []int) {
	shift := func(m []float64) {
		if m == nil {
			return
		}
		mean, _ := meanVariance(pick(m, external))
		for i := range m {
			m[i] -= mean
		}
	}
	shift(v.m)
	for _, m := range v.half {
		shift(m)
	}
	for _, m := range v.pairs {
		shift(m)
	}
}
