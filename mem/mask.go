package mem

import (
	"fmt"

	"sslmem/data/augment"
	"sslmem/data/rng"
	"sslmem/torch"
)

// A PatchEncoder is an [Encoder] that can look at some patches of an image alone,
// as those that masked autoencoders train. All ViTs of package models are one.
type PatchEncoder interface {
	Encoder
	// PatchSize returns the side of a patch in pixels. Patches count from 0, along
	// rows.
	PatchSize() int
	// ForwardPatches maps images [N, C, H, W] of which the network sees only the
	// patches at the indices keep, int64 [N, V], to features [N, D] in the scope of
	// the images. The length D may not depend on V, nor the features on the place in
	// the list of a patch.
	ForwardPatches(x, keep *torch.Tensor) *torch.Tensor
}

// masked reports whether patches are hidden.
func (c Scorer) masked() bool { return c.Mask != augment.Mask{} }

// checkMask checks that the views, whose size is known by now, and the encoders can
// be masked.
func (c Scorer) checkMask(f, g Encoder) error {
	if !c.masked() {
		return nil
	}
	if err := c.Mask.Check(c.Augment.Size); err != nil {
		return fmt.Errorf("mem: %w", err)
	}
	for i, e := range []Encoder{f, g} {
		name := "fg"[i : i+1]
		p, ok := e.(PatchEncoder)
		if !ok {
			return fmt.Errorf("mem: encoder %s cannot look at some patches alone, so it cannot be scored by masked views; take augmented ones", name)
		}
		if size := p.PatchSize(); size != c.Mask.Patch {
			return fmt.Errorf("mem: encoder %s has patches of %d pixels a side, the mask of %d; give the mask the encoder's", name, size, c.Mask.Patch)
		}
	}
	return nil
}

// visible returns the patches that each view of the points shows, [n·K, V] int64 in
// s on the device.
func (c Scorer) visible(s *torch.Scope, index []int) *torch.Tensor {
	patches, visible := c.Mask.Patches(c.Augment.Size), c.Mask.Visible(c.Augment.Size)
	order := make([]int, patches)
	var keep []int64
	for _, i := range index {
		for k := range c.Views {
			c.Mask.Draw(order, augment.Key{Seed: rng.Sub(c.Seed, scoreDomain), View: k}, i)
			for _, p := range order[:visible] {
				keep = append(keep, int64(p))
			}
		}
	}
	return torch.FromSlice(s, keep, len(index)*c.Views, visible).ToDevice(c.Device)
}
