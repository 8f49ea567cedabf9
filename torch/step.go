package torch

/*
#cgo noescape ct_adam_step
#cgo nocallback ct_adam_step
#cgo noescape ct_sgd_step
#cgo nocallback ct_sgd_step
#cgo noescape ct_lars_step
#cgo nocallback ct_lars_step
#cgo noescape ct_lamb_step
#cgo nocallback ct_lamb_step
#include "shim/api_gen.h"
*/
import "C"

import (
	"runtime"
	"unsafe"
)

// AdamArgs are the numbers of one [AdamStep].
type AdamArgs struct {
	LR, Beta1, Beta2, Eps float64
	WeightDecay           float64
	Decoupled             bool // weight decay as in AdamW
}

// AdamStep updates all params in one call from their accumulated gradients, as
// torch.optim.Adam does (Kingma and Ba 2015, algorithm 1), or torch.optim.AdamW
// where Decoupled is set. The moments expAvgs and expAvgSqs have the shapes of
// the parameters; steps are float32 scalars on their devices that count the
// updates of each. Parameters without a gradient stay as they are, and so do
// their moments and counts. It panics if the lists differ in length. Package
// optim keeps the state.
func AdamStep(params, expAvgs, expAvgSqs, steps []*Tensor, a AdamArgs) {
	const op = "adam_step"
	h := stepLists(op, params, expAvgs, expAvgSqs, steps)
	check(op, C.ct_adam_step(h.at(0), h.at(1), h.at(2), h.at(3), h.n(),
		C.double(a.LR), C.double(a.Beta1), C.double(a.Beta2), C.double(a.Eps), C.double(a.WeightDecay), C.bool(a.Decoupled)), params...)
	h.keep()
}

// SGDArgs are the numbers of one [SGDStep].
type SGDArgs struct {
	LR, Momentum, Dampening, WeightDecay float64
	Nesterov                             bool
}

// SGDStep updates all params in one call from their accumulated gradients, as
// torch.optim.SGD does. The momentum buffers have the shapes of the parameters;
// steps are float32 scalars on the CPU that count the updates of each: the first
// sets the buffer to the gradient. Without momentum both lists are nil.
// Parameters without a gradient stay as they are. It panics if the lists differ
// in length.
func SGDStep(params, buffers, steps []*Tensor, a SGDArgs) {
	const op = "sgd_step"
	h := stepLists(op, params)
	if a.Momentum != 0 {
		h = stepLists(op, params, buffers, steps)
	}
	check(op, C.ct_sgd_step(h.at(0), h.at(1), h.at(2), h.n(),
		C.double(a.LR), C.double(a.Momentum), C.double(a.Dampening), C.double(a.WeightDecay), C.bool(a.Nesterov)), params...)
	h.keep()
}

// LARSArgs are the numbers of one [LARSStep].
type LARSArgs struct {
	LR, Momentum, WeightDecay float64
	Trust, Eps                float64
	Adapt                     bool // scale each parameter's update by its trust ratio
	LRInside                  bool // the buffers sum updates that are multiplied by LR already
	Clip                      bool // the trust ratio is divided by LR and at most 1; not with LRInside
}

// LARSStep updates all params in one call from their accumulated gradients, by
// layer-wise adaptive rate scaling (You, Gitman and Ginsburg 2017); see
// optim.LARS for the formulas. The momentum buffers have the shapes of the
// parameters and start at zero. Parameters without a gradient stay as they are.
// It panics if the lists differ in length, or if LRInside and Clip are both set.
func LARSStep(params, buffers []*Tensor, a LARSArgs) {
	const op = "lars_step"
	h := stepLists(op, params, buffers)
	check(op, C.ct_lars_step(h.at(0), h.at(1), h.n(), C.double(a.LR), C.double(a.Momentum), C.double(a.WeightDecay),
		C.double(a.Trust), C.double(a.Eps), C.bool(a.Adapt), C.bool(a.LRInside), C.bool(a.Clip)), params...)
	h.keep()
}

// LAMBArgs are the numbers of one [LAMBStep].
type LAMBArgs struct {
	LR, Beta1, Beta2, Eps float64
	WeightDecay           float64
	MaxWeightNorm         float64 // upper bound of the norm in the trust ratio; 0 means none
	Adapt                 bool    // scale each parameter's update by its trust ratio
	CorrectBias           bool    // of the moments, as in Adam
}

// LAMBStep updates all params in one call from their accumulated gradients, as
// LAMB does (You et al. 2020, algorithm 2); see optim.LAMB for the formulas. The
// moments have the shapes of the parameters; steps are float32 scalars on the
// CPU that count the updates of each. Parameters without a gradient stay as
// they are. It panics if the lists differ in length.
func LAMBStep(params, expAvgs, expAvgSqs, steps []*Tensor, a LAMBArgs) {
	const op = "lamb_step"
	h := stepLists(op, params, expAvgs, expAvgSqs, steps)
	check(op, C.ct_lamb_step(h.at(0), h.at(1), h.at(2), h.at(3), h.n(), C.double(a.LR), C.double(a.Beta1), C.double(a.Beta2),
		C.double(a.Eps), C.double(a.WeightDecay), C.double(a.MaxWeightNorm), C.bool(a.Adapt), C.bool(a.CorrectBias)), params...)
	h.keep()
}

// handleLists are the handles of some lists of one length.
type handleLists struct {
	tensors [][]*Tensor
	handles [][]C.ct_tensor
}

// stepLists checks the operands of op and returns their handles.
func stepLists(op string, lists ...[]*Tensor) handleLists {
	mustInit(op) // all lists may be empty
	h := handleLists{tensors: lists}
	for _, list := range lists {
		if len(list) != len(lists[0]) {
			panic(&Error{Op: op, Kind: Value, Msg: "the lists of tensors differ in length"})
		}
		join(op, list...)
		h.handles = append(h.handles, handles(nil, list))
	}
	return h
}

// at returns list i for C, or nil beyond the last.
func (h handleLists) at(i int) *C.ct_tensor {
	if i >= len(h.handles) {
		return nil
	}
	return unsafe.SliceData(h.handles[i])
}

func (h handleLists) n() C.int64_t { return C.int64_t(len(h.handles[0])) }

// keep holds all tensors until here.
func (h handleLists) keep() { runtime.KeepAlive(h.tensors) }
