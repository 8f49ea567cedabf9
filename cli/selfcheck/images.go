package selfcheck

import (
	"fmt"
	"slices"

	"sslmem/data"
	"sslmem/data/rng"
	"sslmem/mem"
)

// A subject is what encoders are trained and scored on: carried images, some of
// which were made atypical, with their four sets.
type subject struct {
	images   *data.Dataset
	test     *data.Dataset // untouched
	splits   data.Splits
	atypical map[int]bool
}

// newSubject draws the sets and makes the last images of S_C, S_I and S_E atypical,
// as many in each, so that f and g have the same share of them.
func newSubject(p Plan) (*subject, error) {
	train, test, err := data.FashionMNIST()
	if err != nil {
		return nil, err
	}
	all := make([]int, train.Len())
	for i := range all {
		all[i] = i
	}
	s := &subject{images: train.Subset(all), test: test, atypical: map[int]bool{}}
	if s.splits, err = data.Draw(train.Len(), p.Splits, rng.Sub(p.Seed, rng.Word("splits"))); err != nil {
		return nil, err
	}
	s.splits.Dataset = train.Name
	for _, set := range [][]int{s.splits.Candidate, s.splits.Independent, s.splits.External} {
		if len(set) < p.Atypical {
			return nil, fmt.Errorf("a set of %d images cannot have %d atypical ones", len(set), p.Atypical)
		}
		for k, i := range set[len(set)-p.Atypical:] {
			s.atypical[i] = true
			s.deform(train, i, k, p.Seed)
		}
	}
	return s, nil
}

// deform makes image i, the k-th of its set, atypical: inverted, turned by a quarter
// to the left, or put together of the quarters of four others.
func (s *subject) deform(from *data.Dataset, i, k int, seed uint64) {
	c, h, w := from.Shape()
	to, old := s.images.Image(i), from.Image(i)
	switch k % 3 {
	case 0:
		for p, v := range old {
			to[p] = 255 - v
		}
	case 1:
		for p := range to {
			ch, y, x := p/(h*w), p/w%h, p%w
			to[p] = old[ch*h*w+x%h*w+(w-1-y)%w]
		}
	case 2:
		r := rng.New(seed, rng.Word("collage"), uint64(i))
		var parts [4][]uint8
		for q := range parts {
			parts[q] = from.Image(r.IntN(from.Len()))
		}
		for p := range c * h * w {
			y, x := p/w%h, p%w
			to[p] = parts[2*min(1, 2*y/h)+min(1, 2*x/w)][p]
		}
	}
}

// members lists the images of the four sets.
func (s *subject) members() (m [mem.NumSets][]int) {
	m[mem.Shared], m[mem.Candidate] = s.splits.Shared, s.splits.Candidate
	m[mem.Independent], m[mem.External] = s.splits.Independent, s.splits.External
	return m
}

// natural are the images of a set that were left as they are.
func (s *subject) natural(set mem.Set) []int {
	return slices.DeleteFunc(slices.Clone(s.members()[set]), func(i int) bool { return s.atypical[i] })
}

// unseen are images that no encoder is trained on or scored by, in any order.
func (s *subject) unseen(p Plan) []int {
	used := map[int]bool{}
	for _, set := range s.members() {
		for _, i := range set {
			used[i] = true
		}
	}
	var rest []int
	for i := range s.images.Len() {
		if !used[i] {
			rest = append(rest, i)
		}
	}
	r := rng.New(p.Seed, rng.Word("unseen"))
	r.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	return rest[:min(len(rest), p.Public)]
}

// values picks the scores m of the points of a set, natural or atypical ones.
func (s *subject) values(points *mem.Scores, m []float64, set mem.Set, atypical bool) []float64 {
	var out []float64
	for k, i := range points.Index {
		if points.Set[k] == set && s.atypical[i] == atypical {
			out = append(out, m[k])
		}
	}
	return out
}
