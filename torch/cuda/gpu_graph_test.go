//go:build gpu

package cuda_test

import (
	"slices"
	"strings"
	"testing"

	"sslmem/torch"
	"sslmem/torch/cuda"
	"sslmem/torch/nn"
	"sslmem/torch/optim"
	"sslmem/torch/torchtest"
)

// training is a small network with its data and one step on it.
type training struct {
	net  nn.Sequential
	opt  *optim.SGD
	x, y *torch.Tensor
}

// newTraining makes the same network and data on each call.
func newTraining(device torch.Device) *training {
	g := torch.NewGenerator(1, torch.CPU)
	n := &training{net: nn.Sequential{
		nn.NewConv2d(3, 8, 3, nn.ConvOptions{Padding: 1}, g), nn.NewBatchNorm(8), nn.ReLU{},
	}}
	n.x = g.Randn(torch.Root, []int{4, 3, 8, 8}, torch.Float32).ToDevice(device).Keep()
	n.y = g.Randn(torch.Root, []int{4, 8, 8, 8}, torch.Float32).ToDevice(device).Keep()
	nn.To(n.net, device, torch.ContiguousFormat)
	n.opt = optim.NewSGD(nn.Tensors(n.net), optim.SGDOptions{})
	return n
}

// step is a training step of which nothing waits for the device.
func (n *training) step(s *torch.Scope) *torch.Tensor {
	n.opt.ZeroGrad()
	loss := n.net.Forward(s.Use(n.x)).MSELoss(n.y, torch.ReduceMean)
	loss.Backward()
	n.opt.Step(0.1)
	return loss
}

func (n *training) free() {
	n.opt.Free()
	nn.Free(n.net)
	n.x.Free()
	n.y.Free()
}

// parameters returns all elements of all parameters.
func (n *training) parameters() (all []float64) {
	for _, p := range nn.Tensors(n.net) {
		all = append(all, torch.ToSlice[float64](p)...)
	}
	return all
}

// A captured training step is the eager step, bit for bit, also on data that
// comes later.
func TestGraphTraining(t *testing.T) {
	torchtest.NoLeak(t)
	torch.UseDeterministicAlgorithms(true, false)
	defer torch.UseDeterministicAlgorithms(false, false)
	const warmup, replays = 3, 10
	g := torch.NewGenerator(5, torch.CPU)
	s := torch.NewScope()
	defer s.Close()
	var batches []*torch.Tensor
	for range replays {
		batches = append(batches, g.Randn(s, []int{4, 3, 8, 8}, torch.Float32).ToDevice(gpu))
	}

	eager := newTraining(gpu)
	defer eager.free()
	var losses []float64
	for i := range warmup + replays {
		in := torch.NewScope()
		if i >= warmup {
			eager.x.CopyFrom(batches[i-warmup])
		}
		losses = append(losses, eager.step(in).Item())
		in.Close()
	}

	captured := newTraining(gpu)
	defer captured.free()
	inside := torch.NewScope()
	defer inside.Close()
	var loss *torch.Tensor
	graph, err := cuda.Capture(0, cuda.CaptureOptions{NumWarmupIters: warmup}, func() { loss = captured.step(inside) })
	must(t, err)
	for i := range replays {
		captured.x.CopyFrom(batches[i])
		must(t, graph.Replay())
		if got, want := loss.Item(), losses[warmup+i]; got != want {
			t.Errorf("replay %d has the loss %v, want %v", i, got, want)
		}
	}
	if !slices.Equal(captured.parameters(), eager.parameters()) {
		t.Error("the parameters differ")
	}
	captured.opt.ZeroGrad()
	must(t, graph.Close(), graph.Close())
	if err := graph.Replay(); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("a closed graph: %v", err)
	}
}

// Each replay draws new numbers: those that the generator gives without a graph.
func TestGraphRandom(t *testing.T) {
	torchtest.NoLeak(t)
	s := torch.NewScope()
	defer s.Close()
	x := s.Empty([]int{1000}, torch.Float32, gpu)
	eager := torch.NewGenerator(7, gpu)
	var want [][]float32
	for range 3 {
		want = append(want, torch.ToSlice[float32](eager.Uniform(x, 0, 1)))
	}
	gen := torch.NewGenerator(7, gpu)
	graph, err := cuda.Capture(0, cuda.CaptureOptions{NumWarmupIters: -1, Generators: []*torch.Generator{gen}}, func() { gen.Uniform(x, 0, 1) })
	must(t, err)
	for i := range want {
		must(t, graph.Replay())
		if !slices.Equal(torch.ToSlice[float32](x), want[i]) {
			t.Errorf("replay %d draws other numbers", i)
		}
	}
	must(t, graph.Close())
}

// What must not be captured is an error, and the device works on.
func TestGraphErrors(t *testing.T) {
	s := torch.NewScope()
	defer s.Close()
	x := s.Ones([]int{3}, torch.Float32, gpu)
	home := value(t, cuda.CurrentStream)
	if _, err := cuda.Capture(0, cuda.CaptureOptions{}, func() { x.Sum().Item() }); err == nil {
		t.Error("Item was captured")
	}
	if _, err := cuda.Capture(0, cuda.CaptureOptions{}, func() { x.Add(s.Ones([]int{2}, torch.Float32, gpu)) }); err == nil || !strings.Contains(err.Error(), "add") {
		t.Errorf("shapes that do not fit: %v", err)
	}
	if now := value(t, cuda.CurrentStream); now != home {
		t.Errorf("the stream is %v, want %v", now, home)
	}
	if sum := x.Sum().Item(); sum != 3 {
		t.Errorf("sum %v after a failed capture", sum)
	}
}

// CPU and GPU train alike.
func TestTrainingParity(t *testing.T) {
	torchtest.NoLeak(t)
	torch.CuDNNAllowTF32.Set(false)
	defer torch.CuDNNAllowTF32.Set(true)
	var losses, parameters [2][]float64
	for i, device := range []torch.Device{torch.CPU, gpu} {
		n := newTraining(device)
		for range 20 {
			s := torch.NewScope()
			losses[i] = append(losses[i], n.step(s).Item())
			s.Close()
		}
		parameters[i] = n.parameters()
		n.free()
	}
	torchtest.Close(t, losses[1], losses[0], nil, 1e-4, 1e-6)
	torchtest.Close(t, parameters[1], parameters[0], nil, 1e-3, 1e-5)
}

// Memory stays flat over many steps.
func TestTrainingMemory(t *testing.T) {
	torchtest.NoLeak(t)
	n := newTraining(gpu)
	defer n.free()
	var allocated, reserved int64
	for i := range 500 {
		s := torch.NewScope()
		n.step(s)
		s.Close()
		if i == 20 {
			allocated, reserved = value(t, cuda.MemoryAllocated), value(t, cuda.MemoryReserved)
		}
	}
	if now := value(t, cuda.MemoryAllocated); now != allocated {
		t.Errorf("%d bytes are allocated, %d before", now, allocated)
	}
	if now := value(t, cuda.MemoryReserved); now != reserved {
		t.Errorf("%d bytes are reserved, %d before", now, reserved)
	}
}

// In deterministic mode the same step gives the same bits.
func TestDeterministicOnGPU(t *testing.T) {
	torchtest.NoLeak(t)
	torch.UseDeterministicAlgorithms(true, false)
	defer torch.UseDeterministicAlgorithms(false, false)
	var runs [2][]float64
	for i := range runs {
		n := newTraining(gpu)
		for range 5 {
			s := torch.NewScope()
			n.step(s)
			s.Close()
		}
		runs[i] = n.parameters()
		n.free()
	}
	if !slices.Equal(runs[0], runs[1]) {
		t.Error("two runs differ")
	}
}
