package mem

import "fmt"

// Set says which of the two encoders was trained on a point.
type Set int

// The four sets of the definition. Encoder f is trained on S_S ∪ S_C and
// encoder g on S_S ∪ S_I, which have the same size.
const (
	Shared      Set = iota // S_S: f and g were trained on it
	Candidate              // S_C: only f was
	Independent            // S_I: only g was
	External               // S_E: neither was
)

// NumSets is how many sets there are; the sets are 0 … NumSets−1.
const NumSets = 4

var setNames = [NumSets]string{"S_S", "S_C", "S_I", "S_E"}

var setDescriptions = [NumSets]string{
	"seen by f and g",
	"seen by f only",
	"seen by g only",
	"seen by neither",
}

// Sets returns the four sets in the order of tables and legends.
func Sets() [NumSets]Set {
	return [NumSets]Set{Shared, Candidate, Independent, External}
}

// Valid reports whether s is one of the four sets.
func (s Set) Valid() bool { return s >= 0 && s < NumSets }

// String returns the set's name, such as "S_C", or "Set(7)" for a value that
// is no set.
func (s Set) String() string {
	if !s.Valid() {
		return fmt.Sprintf("Set(%d)", int(s))
	}
	return setNames[s]
}

// Describe says in words which encoder saw the set, for example
// "seen by f only".
func (s Set) Describe() string {
	if !s.Valid() {
		return s.String()
	}
	return setDescriptions[s]
}

// Swapped returns the set that s becomes when f and g change places: S_C and
// S_I are exchanged, S_S and S_E stay.
func (s Set) Swapped() Set {
	switch s {
	case Candidate:
		return Independent
	case Independent:
		return Candidate
	}
	return s
}

// ParseSet returns the set of the given name, which must be one of "S_S",
// "S_C", "S_I" and "S_E".
func ParseSet(name string) (Set, error) {
	for i, n := range setNames {
		if n == name {
			return Set(i), nil
		}
	}
	return 0, fmt.Errorf("mem: %q is not a set; use one of S_S, S_C, S_I, S_E", name)
}

// MarshalText implements [encoding.TextMarshaler], so that JSON and TOML show
// "S_C" and not 1.
func (s Set) MarshalText() ([]byte, error) {
	if !s.Valid() {
		return nil, fmt.Errorf("mem: %v is not one of the four sets", s)
	}
	return []byte(setNames[s]), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler]; it accepts what
// [ParseSet] accepts.
func (s *Set) UnmarshalText(text []byte) error {
	v, err := ParseSet(string(text))
	if err != nil {
		return err
	}
	*s = v
	return nil
}
