package torch

/*
#cgo noescape ct_lerp_all
#cgo nocallback ct_lerp_all
#cgo noescape ct_copy_all
#cgo nocallback ct_copy_all
#cgo noescape ct_clip_grad_norm
#cgo nocallback ct_clip_grad_norm
#cgo noescape ct_clip_grad_norm_each
#cgo nocallback ct_clip_grad_norm_each
#cgo noescape ct_clip_grad_value
#cgo nocallback ct_clip_grad_value
#cgo noescape ct_unscale_grads
#cgo nocallback ct_unscale_grads
#cgo nocallback ct_update_scale
#include "shim/api_gen.h"
*/
import "C"

import "runtime"

// LerpAll moves each target towards its source, t += weight·(s − t), in one
// call and unseen by autograd: an exponential moving average with decay
// 1 − weight. Integer targets get the weighted mean, cut off towards zero. It
// panics if the lists differ in length or a pair in shape or dtype.
func LerpAll(targets, sources []*Tensor, weight float64) {
	const op = "lerp_all"
	h := stepLists(op, targets, sources)
	check(op, C.ct_lerp_all(h.at(0), h.at(1), h.n(), C.double(weight)), targets...)
	h.keep()
}

// CopyAll copies each source into its target, converted to its dtype and
// device, in one call and unseen by autograd. It panics if the lists differ in
// length or a pair in shape.
func CopyAll(targets, sources []*Tensor) {
	const op = "copy_all"
	h := stepLists(op, targets, sources)
	check(op, C.ct_copy_all(h.at(0), h.at(1), h.n()), targets...)
	h.keep()
}

// ClipGradNorm scales all gradients of params by one factor, so that the norm
// of all of them together is at most maxNorm, as
// torch.nn.utils.clip_grad_norm_ does, and returns the norm before as a scalar
// tensor of s: zero if there is no gradient. NormType is the p of the norm; an
// infinite one means the largest absolute value. A norm that is not finite
// makes the gradients NaN or zero, as in PyTorch. It does not wait for a GPU.
func ClipGradNorm(s *Scope, params []*Tensor, maxNorm, normType float64) *Tensor {
	const op = "clip_grad_norm"
	s.mustOpen(op)
	h := stepLists(op, params)
	return adopt(op, s, C.ct_clip_grad_norm(h.at(0), h.n(), C.double(maxNorm), C.double(normType)), params...)
}

// ClipGradNormEach scales the gradient of each parameter by a factor of its own,
// so that its norm is at most maxNorm: by maxNorm/(norm + 1e-6) where that is
// less than 1, as the code of DINO does (Caron et al. 2021, arXiv:2104.14294).
// It returns the norms before, a tensor [len(params)] of s with a zero for each
// parameter without gradient. NormType is as in [ClipGradNorm]. A gradient whose
// norm is not finite becomes NaN or zero, the others stay as they are. It does
// not wait for a GPU.
func ClipGradNormEach(s *Scope, params []*Tensor, maxNorm, normType float64) *Tensor {
	const op = "clip_grad_norm_each"
	s.mustOpen(op)
	h := stepLists(op, params)
	return adopt(op, s, C.ct_clip_grad_norm_each(h.at(0), h.n(), C.double(maxNorm), C.double(normType)), params...)
}

// ClipGradValue limits every element of the gradients of params to
// [−clip, clip], as torch.nn.utils.clip_grad_value_ does.
func ClipGradValue(params []*Tensor, clip float64) {
	const op = "clip_grad_value"
	h := stepLists(op, params)
	check(op, C.ct_clip_grad_value(h.at(0), h.n(), C.double(clip)), params...)
}

// UnscaleGrads divides the gradients of params by scale, a float32 scalar
// tensor, sets the float32 scalar foundInf to 1 if one of their elements is
// infinite or NaN, and reports whether there was any gradient. Both scalars must
// be on the device of the parameters. It panics for float16 gradients. Package
// amp uses it.
func UnscaleGrads(params []*Tensor, foundInf, scale *Tensor) bool {
	const op = "unscale_grads"
	join(op, foundInf, scale)
	h := stepLists(op, params)
	any := flag(op, C.ct_unscale_grads(h.at(0), h.n(), foundInf.h, scale.h), params...)
	runtime.KeepAlive(foundInf)
	runtime.KeepAlive(scale)
	return any
}

// UpdateScale moves a loss scale, a float32 scalar tensor, on: times backoff if
// foundInf is not zero, else times growth whenever growthTracker, an int32
// scalar, has counted interval steps in a row without one. Package amp uses it.
func UpdateScale(scale, growthTracker, foundInf *Tensor, growth, backoff float64, interval int) {
	const op = "update_scale"
	join(op, scale, growthTracker, foundInf)
	check(op, C.ct_update_scale(scale.h, growthTracker.h, foundInf.h, C.double(growth), C.double(backoff), C.int64_t(interval)),
		scale, growthTracker, foundInf)
}
