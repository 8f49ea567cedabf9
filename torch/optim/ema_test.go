package optim_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/nn"
	"sslmem/torch/optim"
	"sslmem/torch/torchtest"
)

const (
	listsFile   = "testdata/lists.safetensors"
	listsScript = "testdata/make_lists.py"
)

// emaNet is the network of make_lists.py.
type emaNet struct {
	weight, bias, mean, tracked *torch.Tensor
}

func newEMANet() *emaNet {
	return &emaNet{
		weight:  torch.Root.Zeros([]int{3, 4}, torch.Float32, torch.CPU).RequireGrad(true),
		bias:    torch.Root.Zeros([]int{4}, torch.Float32, torch.CPU).RequireGrad(true),
		mean:    torch.Root.Zeros([]int{4}, torch.Float32, torch.CPU),
		tracked: torch.Root.Zeros([]int{}, torch.Int64, torch.CPU),
	}
}

func (n *emaNet) Register(r *nn.Registry) {
	r.Param("weight", &n.weight)
	r.Param("norm.bias", &n.bias)
	r.Buffer("norm.running_mean", &n.mean)
	r.Buffer("norm.num_batches_tracked", &n.tracked)
}

func TestEMAAgainstPyTorch(t *testing.T) {
	torchtest.NoLeak(t)
	fixture := torchtest.Fixture(t, listsFile)
	for name, buffers := range map[string]bool{"ema": false, "ema with buffers": true} {
		t.Run(name, func(t *testing.T) {
			net, average := newEMANet(), newEMANet()
			defer nn.Free(net)
			defer nn.Free(average)
			ema := optim.NewEMA(average, net, buffers)
			for k := range 6 {
				if err := nn.LoadState(net, torchtest.Group(fixture, fmt.Sprintf("state.%d", k))); err != nil {
					t.Fatal(err)
				}
				if k == 0 {
					ema.Copy()
				} else {
					ema.Update(.9)
				}
				want := torchtest.Group(fixture, fmt.Sprintf("%s.%d", name, k))
				for key, got := range nn.State(average) {
					torchtest.AllClose(t, got, want[key], 1e-6, 1e-7)
				}
			}
		})
	}
}

func TestListsFixture(t *testing.T) { torchtest.Remake(t, listsScript, listsFile, 1e-6, 1e-6) }

// After n updates towards a constant, decayⁿ of the difference is left, and the
// averaged parameter has no history.
func TestEMAClosedForm(t *testing.T) {
	torchtest.NoLeak(t)
	net, average := newEMANet(), newEMANet()
	defer nn.Free(net)
	defer nn.Free(average)
	torch.NoGrad(func() { net.weight.Fill(1) })
	ema := optim.NewEMA(average, net, false)
	for n := range 20 {
		ema.Update(.8)
		for _, got := range torch.ToSlice[float64](average.weight) {
			if want := 1 - math.Pow(.8, float64(n+1)); math.Abs(got-want) > 1e-6 {
				t.Fatalf("after %d updates: %v, want %v", n+1, got, want)
			}
		}
	}
	if !average.weight.IsLeaf() || !average.weight.RequiresGrad() {
		t.Error("the update was recorded, or has changed what requires grad")
	}
}

// Modules that differ are refused, by the name of what differs.
func TestEMARefuses(t *testing.T) {
	torchtest.NoLeak(t)
	net, other := newEMANet(), newEMANet()
	defer nn.Free(net)
	other.bias.Free()
	other.bias = torch.Root.Zeros([]int{5}, torch.Float32, torch.CPU)
	if err := torch.Try(func() { optim.NewEMA(net, other, false) }); err == nil || !strings.Contains(err.Error(), "norm.bias") {
		t.Errorf("another shape: %v", err)
	}
	other.bias.Free()
	other.bias = nil // left out
	defer nn.Free(other)
	if err := torch.Try(func() { optim.NewEMA(net, other, false) }); err == nil || !strings.Contains(err.Error(), "4 tensors") {
		t.Errorf("a tensor less: %v", err)
	}
	if err := torch.Try(func() { optim.NewEMA(other, net, false) }); err == nil || !strings.Contains(err.Error(), "norm.bias") {
		t.Errorf("a tensor more: %v", err)
	}
}

func TestEMACosineClosedForm(t *testing.T) {
	e := optim.EMACosine{Base: .996, Total: 100}
	for step, want := range map[int]float64{0: .996, 50: .998, 100: 1, 1000: 1} {
		if got := e.At(step); math.Abs(got-want) > 1e-15 {
			t.Errorf("step %d: %v, want %v", step, got, want)
		}
	}
	for step := range 100 {
		if e.At(step+1) <= e.At(step) {
			t.Errorf("the decay does not rise at step %d", step)
		}
	}
}
