package torch

/*
#cgo noescape ct_generator_new
#cgo nocallback ct_generator_new
#cgo nocallback ct_generator_free
#cgo nocallback ct_generator_seed
#cgo nocallback ct_generator_state
#cgo nocallback ct_generator_restore
#cgo nocallback ct_fill_normal
#cgo nocallback ct_fill_uniform
#cgo nocallback ct_fill_bernoulli
#cgo nocallback ct_randperm
#include "shim/api_gen.h"
*/
import "C"

import (
	"runtime"
	"unsafe"
)

// A Generator is a stream of random numbers of its own on one device. The same
// seed gives the numbers that a torch.Generator of PyTorch gives. It is for
// one goroutine at a time.
type Generator struct {
	h      C.ct_generator
	device Device
}

// NewGenerator returns a generator for tensors on device. It panics if the
// device cannot be used.
func NewGenerator(seed uint64, device Device) *Generator {
	mustHave("Generator", device)
	g := &Generator{device: device}
	check("Generator", C.ct_generator_new(C.uint64_t(seed), C.int8_t(device.Type), C.int8_t(device.Index), &g.h))
	runtime.AddCleanup(g, func(h C.ct_generator) { C.ct_generator_free(h) }, g.h)
	return g
}

// handle returns the generator that op draws from.
func (g *Generator) handle(op string) C.ct_generator {
	if g == nil {
		panic(&Error{Op: op, Kind: Value, Msg: "the generator is nil; give one of NewGenerator, which keeps the numbers reproducible"})
	}
	return g.h
}

// Device returns the device of the generator.
func (g *Generator) Device() Device {
	g.handle("Device")
	return g.device
}

// Handle returns the at::Generator* of g, which lives as long as g. It exists
// for bindings beside this one, as NewHandle does for tensors.
func (g *Generator) Handle() unsafe.Pointer { return handlePointer(uintptr(g.h)) }

// Seed starts the stream over from seed.
func (g *Generator) Seed(seed uint64) {
	check("manual_seed", C.ct_generator_seed(g.handle("manual_seed"), C.uint64_t(seed)))
	runtime.KeepAlive(g)
}

// State returns the position in the stream, to be given to SetState later.
func (g *Generator) State() []byte {
	s := NewScope()
	defer s.Close()
	t := adopt("get_state", s, C.ct_generator_state(g.handle("get_state")))
	runtime.KeepAlive(g)
	return ToSlice[uint8](t)
}

// SetState returns to a position that State reported. It panics if the state
// is of another kind of generator.
func (g *Generator) SetState(state []byte) {
	s := NewScope()
	defer s.Close()
	t := FromSlice(s, state)
	check("set_state", C.ct_generator_restore(g.handle("set_state"), t.h), t)
	runtime.KeepAlive(g)
}

// Normal fills t with numbers of a normal distribution and returns t.
func (g *Generator) Normal(t *Tensor, mean, std float64) *Tensor {
	join("normal_", t)
	check("normal_", C.ct_fill_normal(t.h, C.double(mean), C.double(std), g.handle("normal_")), t)
	runtime.KeepAlive(g)
	return t
}

// Uniform fills t with numbers from [from, to) and returns t.
func (g *Generator) Uniform(t *Tensor, from, to float64) *Tensor {
	join("uniform_", t)
	check("uniform_", C.ct_fill_uniform(t.h, C.double(from), C.double(to), g.handle("uniform_")), t)
	runtime.KeepAlive(g)
	return t
}

// Bernoulli fills t with ones, each with probability p, and zeros, and returns t.
func (g *Generator) Bernoulli(t *Tensor, p float64) *Tensor {
	join("bernoulli_", t)
	check("bernoulli_", C.ct_fill_bernoulli(t.h, C.double(p), g.handle("bernoulli_")), t)
	runtime.KeepAlive(g)
	return t
}

// Randn returns a tensor of s with standard normal elements on g's device.
func (g *Generator) Randn(s *Scope, shape []int, dtype DType) *Tensor {
	return g.Normal(s.Empty(shape, dtype, g.Device()), 0, 1)
}

// Rand returns a tensor of s with elements from [0, 1) on g's device.
func (g *Generator) Rand(s *Scope, shape []int, dtype DType) *Tensor {
	return g.Uniform(s.Empty(shape, dtype, g.Device()), 0, 1)
}

// Randperm returns a random permutation of 0 … n−1 as an int64 vector of s.
func (g *Generator) Randperm(s *Scope, n int) *Tensor {
	s.mustOpen("randperm")
	t := adopt("randperm", s, C.ct_randperm(C.int64_t(n), g.handle("randperm")))
	runtime.KeepAlive(g)
	return t
}
