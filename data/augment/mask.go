package augment

import (
	"fmt"

	"sslmem/data/rng"
)

// A Mask hides random patches of a view, as masked autoencoders do: He et al.,
// arXiv 2111.06377. Every view has a shuffle of its patches of its own, of
// which the first stay visible.
type Mask struct {
	// Patch is the side of a patch in pixels; 0 means that nothing is hidden.
	Patch int `json:"patch" toml:"patch"`
	// Ratio is the part of the patches that is hidden, in [0, 1).
	Ratio float64 `json:"ratio" toml:"ratio"`
}

// Check returns an error if m does not fit views of size×size pixels.
func (m Mask) Check(size int) error {
	switch {
	case m.Patch == 0 && m.Ratio == 0:
		return nil
	case m.Patch < 1 || size%m.Patch != 0:
		return fmt.Errorf("augment: views of %d×%[1]d pixels cannot be divided into patches of %d×%[2]d", size, m.Patch)
	case !(m.Ratio >= 0 && m.Ratio < 1) || m.Visible(size) < 1:
		return fmt.Errorf("augment: a mask hides %v of %d patches, want a part in [0, 1) that leaves one", m.Ratio, m.Patches(size))
	}
	return nil
}

// Patches returns the number of patches of a view of size×size pixels.
func (m Mask) Patches(size int) int {
	side := size / m.Patch
	return side * side
}

// Visible returns how many of them are not hidden, rounded down.
func (m Mask) Visible(size int) int {
	return int(float64(m.Patches(size)) * (1 - m.Ratio))
}

var maskDomain = rng.Word("augment: mask")

// Draw writes a random order of the patches to dst, whose length is their
// number: the first Visible ones are visible, the others hidden. Patches count
// from 0, along rows. The order depends on k and the index of the image only.
func (m Mask) Draw(dst []int, k Key, index int) {
	s := sources.Get().(*source)
	defer sources.Put(s)
	rng.Seed(&s.pcg, k.Seed, maskDomain, uint64(k.Epoch), uint64(k.View), uint64(index))
	for i := range dst {
		j := s.IntN(i + 1)
		dst[i] = dst[j]
		dst[j] = i
	}
}

// Batch writes the orders for the images idx to dst, [len(idx), patches].
func (m Mask) Batch(dst []int, k Key, idx []int) {
	if len(idx) == 0 {
		return
	}
	n := len(dst) / len(idx)
	for i, image := range idx {
		m.Draw(dst[i*n:(i+1)*n], k, image)
	}
}
