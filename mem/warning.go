package mem

import (
	"fmt"
	"slices"
)

// Warning is something that makes numbers of a summary mean less than they seem
// to.
type Warning struct {
	Name string `json:"name"` // one of the names below
	Text string `json:"text"` // a sentence
}

// The names of warnings.
const (
	// SameEncoders: f and g of a pair give every point the same loss.
	SameEncoders = "same_encoders"
	// SharedIndices: indices of S_E are in other sets too, which is right only if
	// S_E is of another data set.
	SharedIndices = "shared_indices"
	// TooFewPoints: a contrast has no test.
	TooFewPoints = "too_few_points"
	// NoExternal: without S_E there is no τ and no offset.
	NoExternal = "no_external"
)

// warnings looks at scores that are valid.
func (s *Scores) warnings(contrasts []Contrast) []Warning {
	var w []Warning
	add := func(name, format string, args ...any) {
		w = append(w, Warning{name, fmt.Sprintf(format, args...)})
	}
	for k, p := range s.Pairs {
		if slices.Equal(p.F, p.G) {
			add(SameEncoders, "Pair %d (seed %d): f and g give every point the same loss, so that m is 0 everywhere; they are probably the same encoder.", k, p.Seed)
		}
	}
	external := s.In(External)
	if len(external) == 0 {
		add(NoExternal, "There are no points of S_E, so that no threshold τ and no offset of f and g are known.")
	}
	trained := map[int]bool{}
	for i, set := range s.Set {
		if set != External {
			trained[s.Index[i]] = true
		}
	}
	shared := 0
	for _, i := range external {
		if trained[s.Index[i]] {
			shared++
		}
	}
	if shared > 0 {
		add(SharedIndices, "%d indices of S_E are also in S_S, S_C or S_I. That is right only if S_E is of another data set; else these images were trained on.", shared)
	}
	for _, c := range contrasts {
		if c.Note != "" && (c.NA < 2 || c.NB < 2) {
			add(TooFewPoints, "%v against %v is not tested: %s.", c.A, c.B, c.Note)
		}
	}
	return w
}

// CheckMembers returns an error that names the first image, of a data set of n, that
// is in two sets or twice in one, or lies outside of the data.
func CheckMembers(members [NumSets][]int, n int) error {
	in := map[int]Set{}
	for _, set := range Sets() {
		for _, i := range members[set] {
			if i < 0 || i >= n {
				return fmt.Errorf("mem: %v holds image %d, but the data set has the images 0 to %d", set, i, n-1)
			}
			if other, ok := in[i]; ok {
				return fmt.Errorf("mem: image %d is in %v and again in %v; the sets must have no image in common", i, other, set)
			}
			in[i] = set
		}
	}
	return nil
}
