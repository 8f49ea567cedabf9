package torch_test

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// TestRecompute compares gradients with those without it, bit for bit: blocks
// with random numbers of a generator, inside of each other, with a weight that
// all of them use.
func TestRecompute(t *testing.T) {
	noCallback(t)
	s := torch.NewScope()
	defer s.Close()
	g := torch.NewGenerator(3, torch.CPU)
	data := g.Randn(s, []int{16, 32}, torch.Float32)
	w := make([]*torch.Tensor, 5)
	for i := range w {
		w[i] = g.Randn(s, []int{32, 32}, torch.Float32).MulScalar(0.3).Detach().RequireGrad(true)
	}
	noise := torch.NewGenerator(4, torch.CPU)
	block := func(i int) func(x *torch.Tensor) *torch.Tensor {
		return func(x *torch.Tensor) *torch.Tensor {
			mask := noise.Bernoulli(x.Scope().Empty([]int{16, 32}, torch.Float32, torch.CPU), 0.8)
			return x.Mm(w[i]).Gelu().Mul(mask).Mm(w[4]).Tanh()
		}
	}
	type call func(block func(*torch.Tensor) *torch.Tensor, x *torch.Tensor) *torch.Tensor
	plain := func(block func(*torch.Tensor) *torch.Tensor, x *torch.Tensor) *torch.Tensor { return block(x) }
	each := func(block func(*torch.Tensor) *torch.Tensor, x *torch.Tensor) *torch.Tensor {
		return torch.Recompute(block, x, noise)
	}
	run := func(requireGrad bool, outer, inner call) (float64, [][]float32, float64) {
		noise.Seed(5)
		x := data.Detach().RequireGrad(requireGrad)
		torch.ZeroGrad(w)
		y := outer(func(x *torch.Tensor) *torch.Tensor {
			for i := range 4 {
				x = inner(block(i), x)
			}
			return x
		}, x)
		loss := y.Mul(y).Mean()
		loss.Backward()
		grads := make([][]float32, 0, len(w)+1)
		for _, p := range append([]*torch.Tensor{x}, w...) {
			if p.Grad() != nil {
				grads = append(grads, torch.ToSlice[float32](p.Grad()))
			}
		}
		return loss.Item(), grads, noise.Rand(s, []int{1}, torch.Float64).Item()
	}
	for _, requireGrad := range []bool{false, true} {
		loss, want, next := run(requireGrad, plain, plain)
		if (len(want) == 6) != requireGrad || len(want) < 5 {
			t.Fatalf("%d gradients", len(want))
		}
		for name, c := range map[string][2]call{"each": {plain, each}, "all": {each, plain}, "both": {each, each}} {
			gotLoss, got, gotNext := run(requireGrad, c[0], c[1])
			if gotLoss != loss || gotNext != next {
				t.Errorf("%s: loss %v, want %v; the next random number is %v, want %v", name, gotLoss, loss, gotNext, next)
			}
			if len(got) != len(want) {
				t.Fatalf("%s: %d gradients, want %d", name, len(got), len(want))
			}
			for i := range want {
				for j := range want[i] {
					if got[i][j] != want[i][j] {
						t.Fatalf("%s: gradient %d is %v at %d, want %v", name, i, got[i][j], j, want[i][j])
					}
				}
			}
		}
	}
}

// TestRecomputeAutocast ends the Autocast before the backward pass: the second
// run must have it all the same, and the casts of the first, which was not
// recorded, must not be used by what follows.
func TestRecomputeAutocast(t *testing.T) {
	noCallback(t)
	s := torch.NewScope()
	defer s.Close()
	g := torch.NewGenerator(3, torch.CPU)
	x, w := g.Randn(s, []int{8, 8}, torch.Float32), g.Randn(s, []int{8, 8}, torch.Float32).RequireGrad(true)
	block := func(x *torch.Tensor) *torch.Tensor { return x.Mm(w).Gelu().Mm(x) }
	run := func(first func(x *torch.Tensor) *torch.Tensor) ([]float64, []float64) {
		torch.ZeroGrad([]*torch.Tensor{w})
		var y *torch.Tensor
		torch.Autocast(torch.CPU.Type, torch.BFloat16, func() { y = first(x).Mm(w) })
		if y.DType() != torch.BFloat16 {
			t.Errorf("computed in %v", y.DType())
		}
		y.Sum().Backward()
		return torch.ToSlice[float64](y.Detach()), torch.ToSlice[float64](w.Grad())
	}
	wantY, want := run(block)
	gotY, got := run(func(x *torch.Tensor) *torch.Tensor { return torch.Recompute(block, x) })
	torchtest.Close(t, gotY, wantY, nil, 0, 0)
	// The two uses of w are added in bfloat16 there, in float32 here.
	torchtest.Close(t, got, want, nil, 0.01, 0.25)
}

func TestRecomputeList(t *testing.T) {
	noCallback(t)
	s := torch.NewScope()
	defer s.Close()
	x, y := torch.FromSlice(s, []float64{1, 2}).RequireGrad(true), torch.FromSlice(s, []float64{3, 4})
	index := torch.FromSlice(s, []int64{1, 0, 1})
	out := torch.RecomputeList(func(in []*torch.Tensor) []*torch.Tensor {
		picked := in[0].Index(in[2])
		return []*torch.Tensor{picked.Mul(picked), in[1].Neg(), in[0].Mul(in[1]), in[0].Argmax(0, false)}
	}, []*torch.Tensor{x, y, index})
	torchtest.AllClose(t, out[0], torch.FromSlice(s, []float64{4, 1, 4}), 0, 0)
	out[0].Sum().Backward()
	torchtest.AllClose(t, x.Grad(), torch.FromSlice(s, []float64{2, 8}), 0, 0)
	if y.Grad() != nil {
		t.Error("y requires no grad")
	}
	torch.NoGrad(func() {
		if torch.Recompute((*torch.Tensor).Exp, x).RequiresGrad() {
			t.Error("recorded inside NoGrad")
		}
	})
}

func TestRecomputeFails(t *testing.T) {
	noCallback(t)
	s := torch.NewScope()
	defer s.Close()
	x := torch.FromSlice(s, []float64{1, 2}).RequireGrad(true)
	y := torch.Recompute((*torch.Tensor).Exp, x).Sum()
	in := []*torch.Tensor{x}
	mustFail(t, torch.Value, func() { torch.GradientsWith([]*torch.Tensor{y}, in, torch.GradientsOptions{RetainGraph: true}) }, "Recompute", "Gradients")
	mustFail(t, torch.Value, func() { y.BackwardWith(torch.BackwardOptions{RetainGraph: true, Inputs: in}) }, "Recompute", "Inputs")
	mustFail(t, torch.Value, func() { y.BackwardWith(torch.BackwardOptions{CreateGraph: true}) }, "Recompute", "second derivatives")
	y.Backward()
	torchtest.AllClose(t, x.Grad(), x.Exp(), 1e-15, 0)
	mustFail(t, torch.Runtime, y.Backward, "second time")
	runs := 0
	y = torch.Recompute(func(x *torch.Tensor) *torch.Tensor {
		if runs++; runs == 2 {
			return x.Softmax(4)
		}
		return x.Exp()
	}, x).Sum()
	mustFail(t, torch.Index, y.Backward, "softmax")
}

// deepNet trains one step of 24 blocks with 12 MB of activations each and
// returns the peak of resident memory in MB.
func deepNet(recompute bool) int {
	s := torch.NewScope()
	defer s.Close()
	x := s.Ones([]int{1024, 1024}, torch.Float32, torch.CPU).RequireGrad(true)
	before := peakRSS()
	y := s.Use(x)
	block := func(x *torch.Tensor) *torch.Tensor { return x.Tanh().Exp().Sigmoid() }
	for range 24 {
		in := s.Child()
		next := block
		if recompute {
			next = func(x *torch.Tensor) *torch.Tensor { return torch.Recompute(block, x) }
		}
		y = next(in.Use(y)).MoveTo(s)
		in.Close()
	}
	y.Sum().Backward()
	return peakRSS() - before
}

// TestRecomputeMemory compares the peaks of two processes: 24·3 activations of
// 4 MB, against 24 and three, some gradients and what malloc keeps.
func TestRecomputeMemory(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("the peak is read from /proc")
	}
	peak := func(child string) int {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "SSLMEM_TEST_CHILD="+child)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		n, err := strconv.Atoi(strings.TrimSpace(string(out)))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	with, without := peak("recompute"), peak("keep")
	t.Logf("%d MB with Recompute, %d MB without", with, without)
	if 3*with > 2*without {
		t.Errorf("%d MB with Recompute, %d MB without", with, without)
	}
}
