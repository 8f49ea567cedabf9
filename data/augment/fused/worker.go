package fused

/*
#cgo noescape fused_views
#cgo nocallback fused_views
#cgo nocallback fused_best
#cgo noescape fused_scratch
#cgo nocallback fused_scratch
#include "view.h"
*/
import "C"

import (
	"sync"
	"unsafe"

	"sslmem/data"
	"sslmem/data/augment"
	"sslmem/data/augment/internal/filter"
)

// best is the level of instructions that views are made with.
var best = int(C.fused_best())

// A worker is what one goroutine needs to call C again and again without
// allocating. C gets weights as places in arrays, as memory of Go that is given
// to C may hold no pointers.
type worker struct {
	recipe augment.Recipe
	job    C.fused_job
	params []augment.Params
	views  []C.fused_view

	size    int // of the views, and the kind of resize, that weights are for
	kind    filter.Kind
	places  map[int]C.fused_axis // by side of the crop
	weight  []float32
	start   []int32
	resize  filter.Resize
	gauss   []float32 // weights of the blur of each view
	scratch []float32
}

// maxWeights is how many weights, 16 MB, are kept from call to call.
const maxWeights = 4 << 20

var pool = sync.Pool{New: func() any { return &worker{places: map[int]C.fused_axis{}} }}

// prepare sets up what all views of a batch have in common.
func (w *worker) prepare(r *augment.Recipe, d *data.Dataset, l Layout) {
	w.recipe = *r
	w.job = C.fused_job{
		channels: C.int32_t(d.C), height: C.int32_t(d.H), width: C.int32_t(d.W), size: C.int32_t(r.Size),
		kernel: C.int32_t(r.Kernel()), every: C.int64_t(l.Every),
		scale: [3]C.float{1, 1, 1},
	}
	if r.Interpolation == augment.Bicubic {
		w.job.clamp = 1
	}
	if l.ChannelsLast {
		w.job.channels_last = 1
	}
	for c := range r.Mean {
		scale := 1 / r.Std[c]
		w.job.scale[c], w.job.shift[c] = C.float(scale), C.float(-r.Mean[c]*scale)
	}
	w.scratch = filter.Resized(w.scratch, int(C.fused_scratch(&w.job)))
	if kind := r.Filter(); w.size != r.Size || w.kind != kind {
		w.size, w.kind = r.Size, kind
		w.forget()
	}
}

// forget drops all weights.
func (w *worker) forget() {
	clear(w.places)
	w.weight, w.start = w.weight[:0], w.start[:0]
}

// room returns a slice for the parameters of n views.
func (w *worker) room(n int) []augment.Params {
	w.params = filter.Resized(w.params, n)
	w.views = filter.Resized(w.views, n)
	return w.params
}

// axis returns the place of the weights for a side of a crop.
func (w *worker) axis(side int) C.fused_axis {
	if at, ok := w.places[side]; ok {
		return at
	}
	w.resize.Set(side, w.size, w.kind)
	at := C.fused_axis{weight: C.int64_t(len(w.weight)), start: C.int64_t(len(w.start)), taps: C.int32_t(w.resize.Taps)}
	w.weight = append(w.weight, w.resize.Weight...)
	w.start = append(w.start, w.resize.Start...)
	w.places[side] = at
	return at
}

// call makes the views of the images idx with the parameters in w.params.
func call[E float32 | uint16](w *worker, dst []E, d *data.Dataset, idx []int, level int) {
	if len(w.weight) > maxWeights {
		w.forget()
	}
	kernel := int(w.job.kernel)
	image := d.C * d.H * d.W
	blurred := false
	for n := range w.params {
		p := &w.params[n]
		w.views[n] = C.fused_view{
			image: C.int64_t(idx[n] * image),
			x:     w.axis(p.Width), y: w.axis(p.Height),
			top: C.int32_t(p.Top), left: C.int32_t(p.Left), height: C.int32_t(p.Height), width: C.int32_t(p.Width),
			flip: bit(p.Flip), vflip: bit(p.VFlip), gray: bit(p.Gray), blur: bit(p.Blur > 0), solarize: bit(p.Solarize), invert: bit(p.Invert),
		}
		jitter(&w.views[n], p, d.C)
		blurred = blurred || p.Blur > 0
	}
	if blurred {
		w.gauss = filter.Resized(w.gauss, len(w.params)*kernel)
		for n := range w.params {
			if sigma := w.params[n].Blur; sigma > 0 {
				filter.Gaussian(w.gauss[n*kernel:(n+1)*kernel], sigma)
			}
		}
	}
	if unsafe.Sizeof(dst[0]) == 2 {
		w.job.bfloat16 = 1
	}
	C.fused_views(C.int(level), &w.job, unsafe.SliceData(w.views), C.int64_t(len(w.views)),
		(*C.uint8_t)(unsafe.SliceData(d.Pixels)),
		(*C.float)(unsafe.SliceData(w.weight)), (*C.int32_t)(unsafe.SliceData(w.start)), (*C.float)(unsafe.SliceData(w.gauss)),
		(*C.float)(unsafe.SliceData(w.scratch)), unsafe.Pointer(unsafe.SliceData(dst)))
}

// jitter notes the colour steps that change something.
func jitter(v *C.fused_view, p *augment.Params, channels int) {
	for op, f := range [4]float64{p.Brightness, p.Contrast, p.Saturation, p.Hue} {
		v.factor[op] = C.float(f)
	}
	for _, op := range p.Order {
		switch {
		case op == augment.Brightness && p.Brightness != 1,
			op == augment.Contrast && p.Contrast != 1,
			op == augment.Saturation && p.Saturation != 1 && channels == 3,
			op == augment.Hue && p.Hue != 0 && channels == 3:
			v.step[v.steps] = C.uint8_t(op)
			v.steps++
		}
	}
}

func bit(on bool) C.uint8_t {
	if on {
		return 1
	}
	return 0
}
