package fused

import (
	"fmt"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/picture"
)

// Images writes a view of each of some images, which may differ in size, to
// dst: what data.Loader decodes becomes a batch. idx holds their places in the
// data set, which fix the views together with r, k and the images. The rest is
// as with Batch.
func Images(dst []float32, r augment.Recipe, images []picture.Image, idx []int, k augment.Key, l Layout, workers int) error {
	if len(images) != len(idx) {
		return fmt.Errorf("augment: %d images with %d places in the data set", len(images), len(idx))
	}
	if len(images) == 0 {
		return nil
	}
	channels := images[0].C
	for n, m := range images {
		if m.C != channels || m.H < 1 || m.W < 1 || len(m.Pixels) != m.C*m.H*m.W {
			return fmt.Errorf("augment: image %d has %d bytes for %d×%d×%d, and the first has %d channels", idx[n], len(m.Pixels), m.C, m.H, m.W, channels)
		}
	}
	if err := r.CheckFor(channels); err != nil {
		return err
	}
	l, err := l.check(len(dst), len(idx), channels, r.Size)
	if err != nil {
		return err
	}
	each(len(images), 1, workers, func(w *worker, n, _ int) {
		m := &images[n]
		d := data.Dataset{C: m.C, H: m.H, W: m.W, Pixels: m.Pixels}
		w.prepare(&r, &d, l)
		r.DrawAll(w.room(1), k, idx[n:n+1], m.H, m.W)
		call(w, dst[n*l.Every:], &d, []int{0}, best)
	})
	return nil
}
