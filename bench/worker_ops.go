package main

import (
	"sslmem/bench/worker"
	"sslmem/torch"
)

// An opsWorker holds the operands of part ops and part scope, float32.
type opsWorker struct {
	a, b    *torch.Tensor // [2, 2]
	m, w    *torch.Tensor // [64, 64]
	x, k    *torch.Tensor // [8, 8, 14, 14] and [8, 8, 3, 3], channels last
	v, s, t *torch.Tensor // [1000]; v requires grad
	big     *torch.Tensor // [2²⁰]: 4 MB
}

func newOpsWorker() *opsWorker {
	return &opsWorker{
		a: wave(2, 2), b: wave(2, 2),
		m: wave(64, 64), w: wave(64, 64).DivScalar(8),
		x: channelsLast(wave(8, 8, 14, 14)), k: channelsLast(wave(8, 8, 3, 3)),
		v: wave(1000).RequireGrad(true), s: wave(1000), t: wave(1000),
		big: torch.Root.Ones([]int{1 << 20}, torch.Float32, torch.CPU),
	}
}

func wave(shape ...int) *torch.Tensor {
	return torch.FromSlice(torch.Root, worker.Wave(shape...), shape...)
}

func channelsLast(t *torch.Tensor) *torch.Tensor { return t.Contiguous(torch.ChannelsLast) }

func (o *opsWorker) actions() map[string]worker.Action {
	return map[string]worker.Action{
		"add": repeat(func(in *torch.Scope) func() *torch.Tensor {
			a := in.Use(o.a)
			return func() *torch.Tensor { return a.Add(o.b) }
		}),
		"mm": repeat(func(in *torch.Scope) func() *torch.Tensor {
			m := in.Use(o.m)
			return func() *torch.Tensor { return m.Mm(o.w) }
		}),
		"conv2d": func(n int) (sum float64) {
			torch.NoGrad(func() { sum = o.conv(n) })
			return sum
		},
		"chain": o.chain,
		"held":  o.held,
	}
}

// closeEvery is how many results a scope gathers in part ops, about as many as
// in a step of a small network.
const closeEvery = 100

// repeat is the action that calls an operation n times and sums the last
// result. Bind enters an operand into the scope of the coming results.
func repeat(bind func(in *torch.Scope) func() *torch.Tensor) worker.Action {
	return func(n int) (sum float64) {
		for n > 0 {
			in := torch.NewScope()
			do := bind(in)
			var y *torch.Tensor
			for range min(n, closeEvery) {
				y = do()
			}
			n -= closeEvery
			if n <= 0 {
				sum = y.Sum().Item()
			}
			in.Close()
		}
		return sum
	}
}

func (o *opsWorker) conv(n int) float64 {
	stride, padding := []int{1, 1}, []int{1, 1}
	return repeat(func(in *torch.Scope) func() *torch.Tensor {
		x := in.Use(o.x)
		return func() *torch.Tensor { return x.Conv2d(o.k, nil, stride, padding, nil, 1) }
	})(n)
}

// chain is ten operations, y = tanh(y·s + t) three times and a sum, and their
// derivatives.
func (o *opsWorker) chain(n int) (total float64) {
	for i := range n {
		in := torch.NewScope()
		v := in.Use(o.v)
		y := v
		for range 3 {
			y = y.Mul(o.s).Add(o.t).Tanh()
		}
		y.Sum().Backward()
		sum := v.Grad().Sum()
		v.SetGrad(nil)
		if i == n-1 {
			total = sum.Item()
		}
		in.Close()
	}
	return total
}

// held adds n times 4 MB to 4 MB, in a scope that is closed after every ten.
func (o *opsWorker) held(n int) (sum float64) {
	for n > 0 {
		in := torch.NewScope()
		big := in.Use(o.big)
		var y *torch.Tensor
		for range min(n, 10) {
			y = big.Add(o.big)
		}
		n -= 10
		if n <= 0 {
			sum = y.Sum().Item()
		}
		in.Close()
	}
	return sum
}
