package ssl

import (
	"sslmem/data/augment"
	"sslmem/torch"
)

// batch brings one of several parts of a batch to the device.
func (e *Engine) batch(s *torch.Scope, h HostBatch, part, parts int) Batch {
	all, c := len(h.Index), e.o.Channels
	b := Batch{Size: all / parts}
	first := part * b.Size
	views := e.recipe.Views()
	local := len(views)
	if e.recipe.Local != nil {
		local -= e.recipe.LocalViews
	}
	pixels := h.Pixels
	stage := func(views []augment.Recipe) *torch.Tensor {
		if len(views) == 0 {
			return nil
		}
		size := views[0].Size
		one := size * size * c
		own := make([]float32, 0, len(views)*b.Size*one)
		if parts == 1 {
			own = pixels[:len(views)*all*one]
		} else {
			for v := range views {
				from := (v*all + first) * one
				own = append(own, pixels[from:from+b.Size*one]...)
			}
		}
		pixels = pixels[len(views)*all*one:]
		return e.stage(s, own, len(views)*b.Size, size)
	}
	b.Views = stage(views[:local])
	b.Local = stage(views[local:])
	index := h.Index[first : first+b.Size]
	if e.mask.Patch != 0 {
		b.Order = e.order(s, index, h.Epoch, local)
	}
	if h.Labels != nil {
		b.Labels = torch.FromSlice(s, h.Labels[first:first+b.Size]).ToDevice(e.o.Device)
	}
	return b
}

// stage brings views [N, H, W, C] to the device, as [N, C, H, W] with the
// channels last. The way to a GPU leads through pinned memory, so that the copy runs
// beside the computation; libtorch keeps that memory until the copy is done.
func (e *Engine) stage(s *torch.Scope, pixels []float32, n, size int) *torch.Tensor {
	shape := []int{n, size, size, e.o.Channels}
	if e.o.Device.Type != torch.CUDAType {
		return torch.FromSlice(s, pixels, shape...).Permute([]int{0, 3, 1, 2}).ToDevice(e.o.Device)
	}
	x := s.EmptyPinned(shape, torch.Float32)
	torch.CopyFromSlice(x, pixels)
	return x.Permute([]int{0, 3, 1, 2}).ToDeviceAsync(e.o.Device)
}

// order draws the order of the patches of each global view.
func (e *Engine) order(s *torch.Scope, index []int, epoch, views int) *torch.Tensor {
	patches := e.mask.Patches(e.recipe.Augment.Size)
	drawn := make([]int, len(index)*patches)
	order := make([]int64, 0, views*len(drawn))
	for v := range views {
		e.mask.Batch(drawn, augment.Key{Seed: ViewSeed(e.o.Seeds.views(e.o.Seed)), Epoch: epoch, View: v}, index)
		for _, p := range drawn {
			order = append(order, int64(p))
		}
	}
	return torch.FromSlice(s, order, views*len(index), patches).ToDevice(e.o.Device)
}
