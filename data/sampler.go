package data

import (
	"fmt"

	"sslmem/data/rng"
)

// A Sampler says which images each step of a training sees, and in which order.
// It depends on its fields and the number of the step alone, so a training is taken
// up again by asking for the step that comes next, and any number of machines
// agree on who sees what without talking to each other.
//
// An epoch is a permutation of the N images, drawn for (Seed, epoch): the one of
// ssl.Loop for the same seed and data. The step takes the next World·Batch of
// them, of which rank r gets those at r, r+World, r+2·World, …: what all ranks
// see in one step is what one machine would see with the batch World·Batch, and
// each rank sees what PyTorch's DistributedSampler would give it of this order.
// What is left over at the end of an epoch, less than World·Batch images, is not
// seen in it; which images these are changes from epoch to epoch.
type Sampler struct {
	N           int // images
	Batch       int // images that one rank sees in a step
	Seed        uint64
	Rank, World int // this machine and the number of machines; World 0 counts as 1

	epoch int // of order
	order []int
}

// Check returns an error that says what is wrong with the fields.
func (s *Sampler) Check() error {
	switch world := max(s.World, 1); {
	case s.Batch < 1 || s.N < 1:
		return fmt.Errorf("data: batches of %d of %d images: both must be at least 1", s.Batch, s.N)
	case s.Rank < 0 || s.Rank >= world:
		return fmt.Errorf("data: rank %d of %d, but ranks are 0 to %d", s.Rank, world, world-1)
	case s.Batch > s.N/world:
		return fmt.Errorf("data: %d images do not fill one batch of %d on each of %d machines; lower the batch size", s.N, s.Batch, world)
	}
	return nil
}

// StepsPerEpoch returns the number of whole steps of an epoch.
func (s *Sampler) StepsPerEpoch() int { return s.N / (max(s.World, 1) * s.Batch) }

// Epoch returns the epoch of a step, counted from 0 as steps are.
func (s *Sampler) Epoch(step int) int { return step / s.StepsPerEpoch() }

// Images writes the images of a step to dst, which has the length Batch. Steps
// may be asked for in any order; within one epoch that costs no more than in
// turn. Images is for one goroutine.
func (s *Sampler) Images(step int, dst []int) {
	world := max(s.World, 1)
	if epoch := s.Epoch(step); s.order == nil || epoch != s.epoch {
		s.epoch, s.order = epoch, rng.New(s.Seed, rng.Word("order"), uint64(epoch)).Perm(s.N)
	}
	at := step%s.StepsPerEpoch()*world*s.Batch + s.Rank
	for i := range dst {
		dst[i] = s.order[at+i*world]
	}
}
