// Command gotorch is the side of github.com/wangkuiyi/gotorch in part ops and
// part scope of the benchmark: the twin of bench/worker_ops.go, in gotorch's
// own manner. Its tensors are freed by finalizers, which its GC waits for.
//
//	bench-gotorch THREADS
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"unsafe"

	"github.com/wangkuiyi/gotorch"
	F "github.com/wangkuiyi/gotorch/nn/functional"

	"sslmem/bench/worker"
	"sslmem/torch"
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "bench-gotorch:", err)
		os.Exit(1)
	}
}

func serve() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("the number of threads is wanted")
	}
	threads, err := strconv.Atoi(os.Args[1])
	if err != nil {
		return fmt.Errorf("number of threads: %w", err)
	}
	if err := torch.Init(); err != nil { // only to tell the version
		return err
	}
	gotorch.SetNumThreads(int32(threads))
	return worker.Serve(os.Stdin, os.Stdout, newOperands().actions())
}

// operands are the tensors that bench/worker_ops.go describes.
type operands struct{ a, b, m, w, x, k, v, s, t, big gotorch.Tensor }

func newOperands() *operands {
	o := &operands{
		a: wave(2, 2), b: wave(2, 2),
		m: wave(64, 64), w: gotorch.Div(wave(64, 64), gotorch.Full([]int64{1}, 8, false)),
		x: wave(8, 8, 14, 14), k: wave(8, 8, 3, 3), // gotorch has no memory formats
		v: gotorch.Empty([]int64{1000}, true), s: wave(1000), t: wave(1000),
		big: gotorch.Ones([]int64{1 << 20}, false),
	}
	o.v.SetData(wave(1000))
	return o
}

func wave(shape ...int64) gotorch.Tensor {
	values := worker.Wave(shape...)
	defer runtime.KeepAlive(values)
	return gotorch.FromBlob(unsafe.Pointer(unsafe.SliceData(values)), gotorch.Float, shape)
}

func (o *operands) actions() map[string]worker.Action {
	return map[string]worker.Action{
		"add": repeat(func() gotorch.Tensor { return gotorch.Add(o.a, o.b, 1) }),
		"mm":  repeat(func() gotorch.Tensor { return gotorch.MM(o.m, o.w) }),
		"conv2d": repeat(func() gotorch.Tensor {
			one := []int64{1, 1}
			return F.Conv2d(o.x, o.k, gotorch.Tensor{}, one, one, one, 1)
		}),
		"chain": o.chain,
		"held":  o.held,
	}
}

// collectEvery is how many results gather before they are freed, as many as in
// a scope of bench/worker_ops.go.
const collectEvery = 100

func repeat(do func() gotorch.Tensor) worker.Action {
	return func(n int) float64 {
		var y gotorch.Tensor
		for i := range n {
			if y = do(); i%collectEvery == collectEvery-1 {
				runtime.GC()
			}
		}
		return float64(y.Sum().Item().(float32))
	}
}

// chain is ten operations and their derivatives. The gradient is removed by an
// optimizer, which is gotorch's only way.
func (o *operands) chain(n int) float64 {
	optimizer := gotorch.SGD(0, 0, 0, 0, false)
	optimizer.AddParameters([]gotorch.Tensor{o.v})
	var total gotorch.Tensor
	for i := range n {
		y := o.v
		for range 3 {
			y = gotorch.Tanh(gotorch.Add(gotorch.Mul(y, o.s), o.t, 1))
		}
		y.Sum().Backward()
		total = o.v.Grad().Sum()
		optimizer.ZeroGrad()
		if i%(collectEvery/10) == collectEvery/10-1 {
			runtime.GC()
		}
	}
	return float64(total.Item().(float32))
}

func (o *operands) held(n int) float64 {
	var y gotorch.Tensor
	for i := range n {
		if y = gotorch.Add(o.big, o.big, 1); i%10 == 9 {
			runtime.GC()
		}
	}
	return float64(y.Sum().Item().(float32))
}
