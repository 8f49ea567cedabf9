package data

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"sslmem/data/atomicfile"
	"sslmem/data/rng"
)

// SplitSizes says how many images each of the four sets of a memorization
// experiment gets.
type SplitSizes struct {
	Shared      int `json:"shared" toml:"shared"`           // S_S, seen by both encoders
	Candidate   int `json:"candidate" toml:"candidate"`     // S_C, seen by f only
	Independent int `json:"independent" toml:"independent"` // S_I, seen by g only
	External    int `json:"external" toml:"external"`       // S_E, seen by neither
}

// Total returns the number of images in all four sets.
func (s SplitSizes) Total() int { return s.Shared + s.Candidate + s.Independent + s.External }

// Splits are the four disjoint sets of indices into one data set on which
// SSLMem rests (Wang et al., "Memorization in self-supervised learning
// improves downstream generalization", arXiv 2401.12233): encoder f is trained
// on S_S ∪ S_C and encoder g on S_S ∪ S_I, and S_E is shown to neither.
//
// The indices of each set are in the order in which they were drawn, so that
// the first k of them are a random sample of the set.
type Splits struct {
	Dataset     string `json:"dataset"`     // name of the data set
	N           int    `json:"n"`           // number of its images
	Seed        uint64 `json:"seed"`        // seed of the draw
	Shared      []int  `json:"shared"`      // S_S
	Candidate   []int  `json:"candidate"`   // S_C
	Independent []int  `json:"independent"` // S_I
	External    []int  `json:"external"`    // S_E
}

// Draw draws the four sets without replacement from n images. Equal arguments
// give equal splits, in every version and on every machine; the field Dataset
// is left to the caller. Draw returns an error if a size is negative, if f or
// g would see no image, or if n images are not enough, in which case the error
// says what to lower.
func Draw(n int, sizes SplitSizes, seed uint64) (Splits, error) {
	for _, c := range []struct {
		name string
		size int
	}{{"shared", sizes.Shared}, {"candidate", sizes.Candidate}, {"independent", sizes.Independent}, {"external", sizes.External}} {
		switch {
		case c.size < 0:
			return Splits{}, fmt.Errorf("data: the size of the %s set is %d, it must be 0 or more", c.name, c.size)
		case c.size > n:
			return Splits{}, fmt.Errorf("data: the %s set shall have %d images, but the data set has only %d: lower it", c.name, c.size, n)
		}
	}
	if sizes.Shared+sizes.Candidate == 0 || sizes.Shared+sizes.Independent == 0 {
		return Splits{}, errors.New("data: one of the encoders would see no image: give the shared set, or both the candidate and the independent set, at least 1")
	}
	if t := sizes.Total(); t > n {
		return Splits{}, fmt.Errorf("data: the splits need %d images (shared %d, candidate %d, independent %d, external %d), but the data set has only %d: lower these sizes by %d in all",
			t, sizes.Shared, sizes.Candidate, sizes.Independent, sizes.External, n, t-n)
	}
	perm := rng.New(seed, rng.Word("data.splits")).Perm(n)
	take := func(k int) []int {
		part := perm[:k:k]
		perm = perm[k:]
		return part
	}
	return Splits{
		N: n, Seed: seed,
		Shared:      take(sizes.Shared),
		Candidate:   take(sizes.Candidate),
		Independent: take(sizes.Independent),
		External:    take(sizes.External),
	}, nil
}

// F returns what encoder f is trained on, S_S followed by S_C, in a new slice.
func (s Splits) F() []int { return append(append([]int{}, s.Shared...), s.Candidate...) }

// G returns what encoder g is trained on, S_S followed by S_I, in a new slice.
func (s Splits) G() []int { return append(append([]int{}, s.Shared...), s.Independent...) }

// Sizes returns the number of images in each set.
func (s Splits) Sizes() SplitSizes {
	return SplitSizes{len(s.Shared), len(s.Candidate), len(s.Independent), len(s.External)}
}

// Check returns an error if an index lies outside 0 … N−1 or occurs twice. The
// sets need not be of equal size.
func (s Splits) Check() error {
	if s.N < 1 || s.N > maxBytes {
		return fmt.Errorf("data: splits of a data set of %d images", s.N)
	}
	seen := make(map[int]string, s.Sizes().Total())
	for _, set := range []struct {
		name string
		idx  []int
	}{{"shared", s.Shared}, {"candidate", s.Candidate}, {"independent", s.Independent}, {"external", s.External}} {
		for _, i := range set.idx {
			if i < 0 || i >= s.N {
				return fmt.Errorf("data: index %d of the %s set lies outside 0 to %d", i, set.name, s.N-1)
			}
			if other, ok := seen[i]; ok {
				return fmt.Errorf("data: image %d is in the %s set and again in the %s set, but the sets must be disjoint", i, other, set.name)
			}
			seen[i] = set.name
		}
	}
	return nil
}

// Matches returns an error if s was not drawn from a data set with the name
// and the number of images of d.
func (s Splits) Matches(d Images) error {
	name, _ := d.Title()
	if s.N != d.Len() || s.Dataset != name {
		return fmt.Errorf("data: the splits were drawn from %q with %d images, but this is %q with %d: use that data set, or a new run folder",
			s.Dataset, s.N, name, d.Len())
	}
	return s.Check()
}

// Save writes s as JSON, one set a line. The file is complete or, if an error
// is returned, as it was before.
func (s Splits) Save(path string) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		b, err := json.Marshal(s)
		if err != nil {
			return err
		}
		for _, key := range []string{"shared", "candidate", "independent", "external"} {
			b = bytes.Replace(b, []byte(`,"`+key+`":`), []byte(",\n\""+key+`":`), 1)
		}
		_, err = w.Write(append(b, '\n'))
		return err
	})
}

// LoadSplits reads what [Splits.Save] wrote and returns an error that names
// the file if it is not valid JSON, has unknown fields or more than one value,
// or fails [Splits.Check].
func LoadSplits(path string) (Splits, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Splits{}, fmt.Errorf("data: cannot load splits: %w", err)
	}
	s, err := parseSplits(b)
	if err != nil {
		return Splits{}, fmt.Errorf("data: %s is no file of splits: %w", path, err)
	}
	return s, nil
}

func parseSplits(b []byte) (Splits, error) {
	s, err := decodeSplits(b)
	if err != nil {
		return s, err
	}
	return s, s.Check()
}

// decodeSplits reads JSON without a look at the sets.
func decodeSplits(b []byte) (s Splits, err error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return Splits{}, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Splits{}, errors.New("it goes on after the first value")
	}
	return s, nil
}
