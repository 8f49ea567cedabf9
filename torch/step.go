package torch

/*
#cgo noescape ct_adam_step
#cgo nocallback ct_adam_step
#include "shim/api_gen.h"
*/
import "C"

import "unsafe"

// AdamStep updates all params in one call from their accumulated gradients,
// with the moments expAvgs and expAvgSqs of the same shapes, as torch.optim.Adam
// does (Kingma and Ba 2015, algorithm 1), or torch.optim.AdamW where decoupled
// is true. Step counts from 1. Parameters without a gradient stay as they are.
// It panics if the lists differ in length. Package optim keeps the state.
func AdamStep(params, expAvgs, expAvgSqs []*Tensor, step int64, lr, beta1, beta2, eps, weightDecay float64, decoupled bool) {
	if len(expAvgs) != len(params) || len(expAvgSqs) != len(params) {
		panic(&Error{Op: "adam_step", Kind: Value, Msg: "the lists of parameters and moments differ in length"})
	}
	join("adam_step", params...)
	join("adam_step", expAvgs...)
	join("adam_step", expAvgSqs...)
	p, m, v := handles(nil, params), handles(nil, expAvgs), handles(nil, expAvgSqs)
	check("adam_step", C.ct_adam_step(unsafe.SliceData(p), unsafe.SliceData(m), unsafe.SliceData(v), C.int64_t(len(p)),
		C.int64_t(step), C.double(lr), C.double(beta1), C.double(beta2), C.double(eps), C.double(weightDecay), C.bool(decoupled)), params...)
	keepAlive(expAvgs)
	keepAlive(expAvgSqs)
}
