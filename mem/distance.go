package mem

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/floats"
)

// Distance names the d of the alignment loss.
type Distance string

// The distances. "Unit features" are features divided by their ℓ2 norm; a
// vector of zeros stays a vector of zeros, as in PyTorch's normalize.
const (
	// L2 is ‖a/‖a‖ − b/‖b‖‖₂, in [0, 2]. It is the default: the length of a
	// feature vector carries no meaning that is common to two encoders.
	L2 Distance = "l2"
	// L2Raw is ‖a − b‖₂ on the features as they come, in [0, ∞).
	L2Raw Distance = "l2raw"
	// Cosine is 1 − cos(a, b), in [0, 2].
	Cosine Distance = "cosine"
	// Angular is the angle between a and b divided by π, in [0, 1].
	Angular Distance = "angular"
	// L1 is ‖a/‖a‖₂ − b/‖b‖₂‖₁ on unit features, in [0, 2√n] for n features.
	L1 Distance = "l1"
)

// Distances returns all distances, the default first.
func Distances() []Distance {
	return []Distance{L2, L2Raw, Cosine, Angular, L1}
}

// ParseDistance returns the distance of the given name.
func ParseDistance(name string) (Distance, error) {
	for _, d := range Distances() {
		if string(d) == name {
			return d, nil
		}
	}
	return "", fmt.Errorf("mem: %q is not a distance; use one of %s", name, joinNames(Distances()))
}

// OnUnitFeatures reports whether the distance looks at directions only, so
// that scaling an encoder's features changes nothing.
func (d Distance) OnUnitFeatures() bool { return d != L2Raw }

// Between returns the distance between the feature vectors a and b, both [n].
// It panics if their lengths differ or if d is not one of [Distances].
func (d Distance) Between(a, b []float64) float64 {
	if len(a) != len(b) {
		panic(fmt.Sprintf("mem: distance between vectors of %d and %d features", len(a), len(b)))
	}
	if d.OnUnitFeatures() {
		a, b = unit(a), unit(b)
	}
	return d.between(a, b)
}

// between is Between for features that are already normalised where the
// distance wants that.
func (d Distance) between(a, b []float64) float64 {
	switch d {
	case L2, L2Raw:
		return floats.Distance(a, b, 2)
	case L1:
		return floats.Distance(a, b, 1)
	case Cosine:
		return cosineDistance(a, b)
	case Angular:
		return angle(a, b) / math.Pi
	}
	panic(fmt.Sprintf("mem: %q is not a distance; use one of %s", string(d), joinNames(Distances())))
}

// cosineDistance returns 1 − a·b of two unit vectors as ‖a−b‖²/2, which keeps
// its precision for nearly equal vectors and is never negative. A zero vector
// has cosine 0 with everything.
func cosineDistance(a, b []float64) float64 {
	if isZero(a) || isZero(b) {
		return 1
	}
	r := floats.Distance(a, b, 2)
	return r * r / 2
}

// angle returns the angle between two unit vectors, in [0, π], as
// 2·atan2(‖a−b‖, ‖a+b‖). Unlike acos(a·b) this is precise near 0 and π
// (W. Kahan, "How Futile are Mindless Assessments of Roundoff in
// Floating-Point Computation?", 2006, "Mangled Angles").
// A zero vector is taken as orthogonal to everything.
func angle(a, b []float64) float64 {
	if isZero(a) || isZero(b) {
		return math.Pi / 2
	}
	sum := floats.AddTo(make([]float64, len(a)), a, b)
	return 2 * math.Atan2(floats.Distance(a, b, 2), floats.Norm(sum, 2))
}

// unit returns a copy of v divided by its ℓ2 norm.
func unit(v []float64) []float64 {
	u := make([]float64, len(v))
	norm := floats.Norm(v, 2)
	if norm == 0 {
		return u
	}
	for i, x := range v {
		u[i] = x / norm
	}
	return u
}

func isZero(v []float64) bool {
	for _, x := range v {
		if x != 0 {
			return false
		}
	}
	return true
}

// joinNames lists names for an error message.
func joinNames[T ~string](names []T) string {
	s := make([]string, len(names))
	for i, n := range names {
		s[i] = string(n)
	}
	return strings.Join(s, ", ")
}
