package device

import (
	"fmt"
	"runtime"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/torch"
)

// Images are the images of a data set on a device, uint8 [N, C, H, W].
type Images struct {
	pixels  *torch.Tensor
	n       int
	c, h, w int
	device  torch.Device
}

// New copies the pixels of d to a device; the copy belongs to s. It returns an
// error if d is empty or the device cannot hold it.
func New(s *torch.Scope, d *data.Dataset, on torch.Device) (*Images, error) {
	if err := d.Check(); err != nil {
		return nil, fmt.Errorf("augment: %w", err)
	}
	if d.Len() == 0 {
		return nil, fmt.Errorf("augment: %q has no images to put on a device", d.Name)
	}
	m := &Images{n: d.Len(), c: d.C, h: d.H, w: d.W, device: on}
	err := torch.Try(func() {
		inner := torch.NewScope()
		defer inner.Close()
		m.pixels = torch.FromSlice(inner, d.Pixels, m.n, m.c, m.h, m.w).ToDevice(on).MoveTo(s)
	})
	if err != nil {
		return nil, fmt.Errorf("augment: the images of %q do not go to %v: %w", d.Name, on, err)
	}
	return m, nil
}

// Free gives the images up, as closing their scope does.
func (m *Images) Free() { m.pixels.Free() }

// Batch returns views of the images idx, float32 [len(idx), C, Size, Size] on
// their device, normalised, in s. It returns an error if the recipe is
// impossible or does not fit the images, idx is empty or a place in it is none,
// or the device fails. No gradient is recorded.
func (m *Images) Batch(s *torch.Scope, r augment.Recipe, idx []int, k augment.Key) (*torch.Tensor, error) {
	p := make([]augment.Params, len(idx))
	r.DrawAll(p, k, idx, m.h, m.w)
	return m.Apply(s, r, idx, p)
}

// Apply is Batch with given parameters, one for each of the images.
func (m *Images) Apply(s *torch.Scope, r augment.Recipe, idx []int, p []augment.Params) (*torch.Tensor, error) {
	if err := r.CheckFor(m.c); err != nil {
		return nil, err
	}
	if len(idx) == 0 || len(idx) != len(p) {
		return nil, fmt.Errorf("augment: %d images with %d parameters, want as many of both, and some", len(idx), len(p))
	}
	for n, i := range idx {
		if i < 0 || i >= m.n {
			return nil, fmt.Errorf("augment: image %d was asked for, but there are the images 0 to %d", i, m.n-1)
		}
		if err := r.CheckParams(&p[n], m.h, m.w); err != nil {
			return nil, err
		}
	}
	var views *torch.Tensor
	err := torch.Try(func() {
		inner := torch.NewScope()
		defer inner.Close()
		torch.NoGrad(func() { views = m.views(inner, r, idx, p).MoveTo(s) })
	})
	if err != nil {
		return nil, fmt.Errorf("augment: making views on %v: %w", m.device, err)
	}
	runtime.KeepAlive(m)
	return views, nil
}

// views makes the views; everything has been checked.
func (m *Images) views(s *torch.Scope, r augment.Recipe, idx []int, p []augment.Params) *torch.Tensor {
	places := make([]int64, len(idx))
	for n, i := range idx {
		places[n] = int64(i)
	}
	c := columns{scope: s, device: m.device, params: p}
	x := m.pixels.IndexSelect(0, torch.FromSlice(s, places, len(places)).ToDevice(m.device)).ToDType(torch.Float32)
	x = m.crop(x, r, c)
	x = jitter(x, c)
	if m.c == 3 && c.any(func(p *augment.Params) bool { return p.Gray }) {
		x = c.flags(func(p *augment.Params) bool { return p.Gray }).Where(gray(x), x)
	}
	if c.any(func(p *augment.Params) bool { return p.Blur > 0 }) {
		x = blur(x, r.Kernel(), c)
	}
	if c.any(func(p *augment.Params) bool { return p.Solarize }) {
		bright := x.GeScalar(0.5).LogicalAnd(c.flags(func(p *augment.Params) bool { return p.Solarize }))
		x = bright.Where(x.Neg().AddScalar(1), x)
	}
	if c.any(func(p *augment.Params) bool { return p.Invert }) {
		x = c.flags(func(p *augment.Params) bool { return p.Invert }).Where(x.Neg().AddScalar(1), x)
	}
	if len(r.Mean) == 0 {
		return x
	}
	scale, shift := make([]float32, m.c), make([]float32, m.c)
	for i := range scale {
		scale[i] = 1 / r.Std[i]
		shift[i] = -r.Mean[i] * scale[i]
	}
	channels := func(v []float32) *torch.Tensor { return torch.FromSlice(s, v, 1, m.c, 1, 1).ToDevice(m.device) }
	return x.Mul(channels(scale)).Add(channels(shift))
}

// columns hands parameters over to the device, one value an image.
type columns struct {
	scope  *torch.Scope
	device torch.Device
	params []augment.Params
}

func (c columns) any(of func(*augment.Params) bool) bool {
	for n := range c.params {
		if of(&c.params[n]) {
			return true
		}
	}
	return false
}

// flags returns bool [N, 1, 1, 1].
func (c columns) flags(of func(*augment.Params) bool) *torch.Tensor {
	v := make([]bool, len(c.params))
	for n := range v {
		v[n] = of(&c.params[n])
	}
	return torch.FromSlice(c.scope, v, len(v), 1, 1, 1).ToDevice(c.device)
}

// factors returns float32 [N, 1, 1, 1].
func (c columns) factors(of func(*augment.Params) float64) *torch.Tensor {
	v := make([]float32, len(c.params))
	for n := range v {
		v[n] = float32(of(&c.params[n]))
	}
	return torch.FromSlice(c.scope, v, len(v), 1, 1, 1).ToDevice(c.device)
}

// numbers returns float64 [N, 1, 1], for the weights of the crop.
func (c columns) numbers(of func(*augment.Params) float64) *torch.Tensor {
	v := make([]float64, len(c.params))
	for n := range v {
		v[n] = of(&c.params[n])
	}
	return torch.FromSlice(c.scope, v, len(v), 1, 1).ToDevice(c.device)
}
