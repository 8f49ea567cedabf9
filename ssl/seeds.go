package ssl

import "sslmem/data/rng"

// Seeds tell trainings of one seed apart. What is random in a training comes from
// three streams, each keyed by the seed and a number here; trainings with the same
// seed and number have the stream in common. All are 0 unless something is meant
// to differ.
type Seeds struct {
	Init  uint64 `json:"init"`  // weights at the start
	Order uint64 `json:"order"` // order of the images in each epoch
	Views uint64 `json:"views"` // augmentations, masks and what networks drop
}

// apart returns the seed of a stream.
func apart(seed, number uint64) uint64 {
	if number == 0 {
		return seed
	}
	return rng.Sub(seed, rng.Word("apart"), number)
}

func (s Seeds) init(seed uint64) uint64  { return apart(seed, s.Init) }
func (s Seeds) order(seed uint64) uint64 { return apart(seed, s.Order) }
func (s Seeds) views(seed uint64) uint64 { return apart(seed, s.Views) }
