package augment

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"sslmem/data"
	"sslmem/data/augment/internal/filter"
)

// scratch is what one worker needs to make views without allocating. It is
// taken from a pool and may be used by one goroutine at a time.
type scratch struct {
	source  source
	weights filter.Cache
	rows    []float32 // crop resized along x, shape [crop height, size]
	blur    blurScratch
}

var pool = sync.Pool{New: func() any {
	s := new(scratch)
	s.source.init()
	return s
}}

// Batch writes a view of each of the images idx of d to dst, float32 of shape
// [len(idx), C, Size, Size], normalised. The view of image i depends on r, k, i
// and the image, and on nothing else.
//
// The work is divided among the given number of goroutines; 0 means as many
// as Go uses processors. Batch only reads d and idx, and returns when all
// views are written. It returns an error, and leaves dst as it was, if the
// recipe is impossible or does not fit the images, dst has another length or
// an index is not in d.
func (r Recipe) Batch(dst []float32, d *data.Dataset, idx []int, k Key, workers int) error {
	if err := r.checkBatch(dst, d, idx); err != nil {
		return err
	}
	r.each(dst, d, idx, workers, func(s *scratch, i int) Params {
		return r.draw(&s.source, k, i, d.H, d.W)
	})
	return nil
}

// Plain writes the images idx of d to dst as they are: resized to Size×Size if
// they are of another size, and normalised. Nothing is random. Shapes and
// errors are those of Batch.
func (r Recipe) Plain(dst []float32, d *data.Dataset, idx []int) error {
	if err := r.checkBatch(dst, d, idx); err != nil {
		return err
	}
	r.each(dst, d, idx, 0, func(*scratch, int) Params { return Whole(d.H, d.W) })
	return nil
}

// Apply writes the view of one image with the given parameters to dst, float32
// of shape [c, Size, Size], normalised. The image has shape [c, h, w] with c
// equal to 1 or 3. Of the recipe only Size, Interpolation,
// Aliased, BlurKernel, Mean and Std are used. Apply
// returns an error if lengths or parameters do not fit.
func (r Recipe) Apply(dst []float32, img []uint8, c, h, w int, p Params) error {
	d, err := One(img, c, h, w)
	if err != nil {
		return err
	}
	if err := r.checkBatch(dst, d, []int{0}); err != nil {
		return err
	}
	if err := r.CheckParams(&p, h, w); err != nil {
		return err
	}
	s := pool.Get().(*scratch)
	r.apply(s, dst, img, c, w, &p)
	pool.Put(s)
	return nil
}

// checkBatch returns an error if r, dst, d and idx do not fit together.
func (r *Recipe) checkBatch(dst []float32, d *data.Dataset, idx []int) error {
	if err := r.CheckImages(d, idx); err != nil {
		return err
	}
	if want := len(idx) * d.C * r.Size * r.Size; len(dst) != want {
		return fmt.Errorf("augment: dst has %d elements, but %d views of shape %d×%d×%d need %d", len(dst), len(idx), d.C, r.Size, r.Size, want)
	}
	return nil
}

// CheckImages returns an error if r is impossible, cannot be applied to the
// images of d, or an index is not in d.
func (r Recipe) CheckImages(d *data.Dataset, idx []int) error {
	if err := r.CheckFor(d.C); err != nil {
		return err
	}
	n := d.Len()
	for _, i := range idx {
		if i < 0 || i >= n {
			return fmt.Errorf("augment: image %d was asked for, but %q has the images 0 to %d", i, d.Name, n-1)
		}
	}
	return nil
}

// One returns, for the engines beside this package, the data set of one image of
// shape [c, h, w], whose pixels it shares, or an error if img is none.
func One(img []uint8, c, h, w int) (*data.Dataset, error) {
	d := &data.Dataset{Name: "image", C: c, H: h, W: w, Pixels: img}
	if err := d.Check(); err != nil {
		return nil, fmt.Errorf("augment: %w", err)
	}
	if d.Len() != 1 {
		return nil, fmt.Errorf("augment: %d bytes of pixels, but one image of %d×%d×%d has %d", len(img), c, h, w, c*h*w)
	}
	return d, nil
}

// chunk is the number of views that a worker takes at a time.
const chunk = 16

// each makes the view of every image with the parameters that draw returns.
func (r *Recipe) each(dst []float32, d *data.Dataset, idx []int, workers int, draw func(s *scratch, i int) Params) {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	workers = min(workers, (len(idx)+chunk-1)/chunk)
	size := d.C * r.Size * r.Size
	var next atomic.Int64
	work := func() {
		s := pool.Get().(*scratch)
		defer pool.Put(s)
		for {
			hi := int(next.Add(chunk))
			lo := hi - chunk
			if lo >= len(idx) {
				return
			}
			for n := lo; n < min(hi, len(idx)); n++ {
				p := draw(s, idx[n])
				r.apply(s, dst[n*size:(n+1)*size], d.Image(idx[n]), d.C, d.W, &p)
			}
		}
	}
	if workers <= 1 {
		work()
		return
	}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(work)
	}
	wg.Wait()
}

// apply makes one view; everything has been checked.
func (r *Recipe) apply(s *scratch, dst []float32, img []uint8, c, w int, p *Params) {
	plane, area := len(img)/c, r.Size*r.Size
	for ch := range c {
		s.resize(dst[ch*area:(ch+1)*area], img[ch*plane:(ch+1)*plane], w, r.Size, r.Filter(), p)
	}
	if r.Interpolation == Bicubic {
		affine(dst, 1, 0) // clamp what overshoots
	}
	jitter(dst, c, p)
	if p.Gray && c == 3 {
		grayscale(dst)
	}
	if p.Blur > 0 {
		s.blur.weights(r.Kernel(), p.Blur)
		for ch := range c {
			s.blur.apply(dst[ch*area:(ch+1)*area], r.Size)
		}
	}
	if p.Solarize {
		solarize(dst)
	}
	if p.Invert {
		invert(dst)
	}
	for ch := range len(r.Mean) {
		scale := 1 / r.Std[ch]
		shift := -r.Mean[ch] * scale
		x := dst[ch*area : (ch+1)*area]
		for i, v := range x {
			x[i] = v*scale + shift
		}
	}
}
