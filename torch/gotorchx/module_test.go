package gotorchx_test

import (
	"errors"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wangkuiyi/gotorch"
	gnn "github.com/wangkuiyi/gotorch/nn"
	F "github.com/wangkuiyi/gotorch/nn/functional"
	"github.com/wangkuiyi/gotorch/nn/initializer"
	gmodels "github.com/wangkuiyi/gotorch/vision/models"

	"sslmem/torch"
	"sslmem/torch/gotorchx"
	"sslmem/torch/gotorchx/statedict"
	"sslmem/torch/nn"
	"sslmem/torch/optim"
	"sslmem/torch/torchtest"
)

// conv is a gotorch network of all that a module may hold.
type conv struct {
	gnn.Module
	Body  *gnn.SequentialModule
	Heads []*gnn.LinearModule
	Scale gotorch.Tensor
	Step  gotorch.Tensor    `gotorch:"buffer"`
	Extra *gnn.LinearModule // nil
	Width int
}

func newConv() *conv {
	initializer.ManualSeed(1)
	c := &conv{
		Body: gnn.Sequential(
			gnn.Conv2d(1, 2, 3, 1, 1, 1, 1, false, "zeros"),
			gnn.BatchNorm2d(2, 1e-5, .1, true, true),
			gnn.Functional(func(x gotorch.Tensor) gotorch.Tensor { return F.Relu(x, true) })),
		Heads: []*gnn.LinearModule{gnn.Linear(2, 3, true), gnn.Linear(3, 2, false)},
		Scale: gotorch.Full([]int64{2}, 1.5, true),
		Step:  gotorch.Full([]int64{1}, 0, false),
		Width: 2,
	}
	c.Init(c)
	return c
}

func (c *conv) Forward(x gotorch.Tensor) gotorch.Tensor {
	x = c.Body.Forward(x).(gotorch.Tensor)
	x = gotorch.Flatten(F.AdaptiveAvgPool2d(x, []int64{1, 1}), 1, -1)
	for _, h := range c.Heads {
		x = h.Forward(x)
	}
	return gotorch.Mul(x, c.Scale)
}

func wrap(t *testing.T, m gnn.IModule) *gotorchx.Module {
	t.Helper()
	w, err := gotorchx.FromModule(m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nn.Free(w) })
	return w
}

func images(s *torch.Scope, seed uint64, shape ...int) *torch.Tensor {
	return torch.NewGenerator(seed, torch.CPU).Randn(s, shape, torch.Float32)
}

// Names come in the order of the fields, are those that PyTorchName gives, and
// are all that gotorch has.
func TestModuleNames(t *testing.T) {
	torchtest.NoLeak(t)
	m := newConv()
	w := wrap(t, m)
	var got []string
	theirs := m.StateDict()
	for name, x := range nn.State(w) {
		got = append(got, name)
		original := w.Original(name)
		if statedict.PyTorchName(original) != name {
			t.Errorf("%s is %s, but PyTorchName gives %s", original, name, statedict.PyTorchName(original))
		}
		their, ok := theirs[original]
		if !ok {
			t.Errorf("gotorch has no %s", original)
			continue
		}
		s := torch.NewScope()
		if !gotorchx.FromGotorch(s, their).Equal(x) {
			t.Errorf("%s has other values in gotorch", name)
		}
		s.Close()
	}
	want := []string{"body.0.weight", "body.1.weight", "body.1.bias", "body.1.running_mean", "body.1.running_var",
		"heads.0.weight", "heads.0.bias", "heads.1.weight", "scale", "step"}
	if !slices.Equal(got, want) {
		t.Errorf("names %v,\nwant %v", got, want)
	}
	if len(theirs) != len(got) {
		t.Errorf("gotorch has %v", slices.Sorted(maps.Keys(theirs)))
	}
	for name, p := range nn.Parameters(w) {
		if strings.Contains(name, "running") || name == "step" || !p.RequiresGrad() {
			t.Errorf("%s is among the parameters", name)
		}
	}
	if w.Original("nothing") != "" {
		t.Error("a name that is not there has an original")
	}
	runtime.KeepAlive(m)
}

// Our Forward is gotorch's, in both modes, and gradients arrive on both sides.
func TestModuleForward(t *testing.T) {
	torchtest.NoLeak(t)
	m := newConv()
	w := wrap(t, m)
	s := torch.NewScope()
	defer s.Close()
	x := images(s, 1, 4, 1, 5, 5).RequireGrad(true)
	for _, training := range []bool{true, false} {
		nn.SetTraining(w, training)
		y := w.Forward(x)
		if y.Scope() != s {
			t.Error("the result is not in the scope of x")
		}
		if m.IsTraining() != training {
			t.Errorf("the gotorch module is in training: %v", m.IsTraining())
		}
		gotorchx.Hold(func() {
			theirs := gotorchx.FromGotorch(s, m.Forward(gotorchx.ToGotorch(x)))
			torchtest.AllClose(t, y, theirs, 0, 0)
		})
	}
	w.Forward(x).Sum().Backward()
	if x.Grad() == nil {
		t.Error("x has no gradient")
	}
	gotorchx.Hold(func() {
		for name, p := range nn.Parameters(w) {
			g := p.Grad()
			theirs := gotorchx.FromGotorch(s, m.StateDict()[w.Original(name)].Grad())
			torchtest.AllClose(t, g, theirs, 0, 0)
			g.Free()
		}
	})
	torch.ZeroGrad(nn.Tensors(w))
}

// Training by our optimizer moves the gotorch module's own tensors, also those
// that LoadState has filled since the optimizer was made.
func TestModuleTrains(t *testing.T) {
	torchtest.NoLeak(t)
	m := newConv()
	w := wrap(t, m)
	other := wrap(t, newConv())
	nn.Constant(nn.Tensors(other)[0], .25)
	opt := optim.NewAdam(nn.Tensors(w), optim.AdamOptions{})
	defer opt.Free()
	if err := nn.CopyState(w, other); err != nil {
		t.Fatal(err)
	}
	s := torch.NewScope()
	defer s.Close()
	weight := gotorchx.FromGotorch(s, m.StateDict()["conv.Body.Modules[0].Weight"])
	if weight.Amax(nil, false).Item() != .25 || weight.Amin(nil, false).Item() != .25 {
		t.Fatalf("LoadState did not reach gotorch's tensor: %v", weight)
	}
	x, target := images(s, 2, 8, 1, 4, 4), images(s, 3, 8, 2)
	var first, last float64
	for step := range 30 {
		loss := w.Forward(x).MSELoss(target, torch.ReduceMean)
		loss.Backward()
		opt.Step(.05)
		opt.ZeroGrad()
		if last = loss.Item(); step == 0 {
			first = last
		}
	}
	if last > .95*first {
		t.Errorf("the loss went from %v to %v", first, last)
	}
	if weight.Equal(s.Full([]int{2, 1, 3, 3}, .25, torch.Float32, torch.CPU)) {
		t.Error("gotorch's weight did not move")
	}
	runtime.KeepAlive(m)
}

// What nn.To puts in place of the tensors is what gotorch computes with.
func TestModuleTo(t *testing.T) {
	torchtest.NoLeak(t)
	m := newConv()
	w, err := gotorchx.FromModule(m) // not wrap: what is cleaned up stays reachable, and m with it
	if err != nil {
		t.Fatal(err)
	}
	defer nn.Free(w)
	nn.SetTraining(w, false)
	s := torch.NewScope()
	defer s.Close()
	x := images(s, 1, 4, 1, 5, 5)
	before := w.Forward(x)
	nn.To(w, torch.CPU, torch.ChannelsLast)
	torchtest.AllClose(t, w.Forward(x), before, 1e-5, 1e-6)
	for name, p := range nn.State(w) {
		if theirs := gotorchx.FromGotorch(s, m.StateDict()[w.Original(name)]); p.Dim() == 4 && !theirs.IsContiguous(torch.ChannelsLast) {
			t.Errorf("%s is not shared any more", name)
		}
	}
	nn.ToDType(w, torch.Float64)
	if y := w.Forward(x.ToDType(torch.Float64)); y.DType() != torch.Float64 {
		t.Errorf("the result is %v", y.DType())
	}
}

// gotorch's SetStateDict puts other tensors into the module, which the
// optimizer does not know: that is found.
func TestReplacedTensorsAreFound(t *testing.T) {
	torchtest.NoLeak(t)
	m := newConv()
	w := wrap(t, m)
	if err := m.SetStateDict(newConv().StateDict()); err != nil {
		t.Fatal(err)
	}
	s := torch.NewScope()
	defer s.Close()
	err := torch.Try(func() { w.Forward(images(s, 1, 4, 1, 5, 5)) })
	if err == nil || !strings.Contains(err.Error(), "conv.Body.Modules[0].Weight was replaced") {
		t.Errorf("error %v", err)
	}
}

// hidden keeps a tensor from gotorch, which would panic on it.
type hidden struct {
	gnn.Module
	weight gotorch.Tensor
}

// silent has no Forward.
type silent struct {
	gnn.Module
	FC *gnn.LinearModule
}

func TestModulesThatCannotBeUsed(t *testing.T) {
	h := &hidden{weight: gotorch.Tensor{}}
	h.Init(h)
	q := &silent{FC: gnn.Linear(1, 1, false)}
	q.Init(q)
	for name, m := range map[string]gnn.IModule{
		"does not export weight": h,
		"no method Forward":      q,
		"not <nil>":              nil,
		"not *nn.LinearModule":   (*gnn.LinearModule)(nil),
	} {
		if w, err := gotorchx.FromModule(m); err == nil || w != nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// A mistake in gotorch's Forward is an error of ours, and a Backward that fails
// is one too instead of the end of the process.
func TestGotorchFailuresAreErrors(t *testing.T) {
	torchtest.NoLeak(t)
	w := wrap(t, newConv())
	s := torch.NewScope()
	defer s.Close()
	var e *torch.Error
	if err := torch.Try(func() { w.Forward(images(s, 1, 4, 3, 5, 5)) }); !errors.As(err, &e) || !strings.Contains(err.Error(), "channels") {
		t.Errorf("three channels: error %v", err)
	}
	loss := w.Forward(images(s, 1, 4, 1, 5, 5)).Sum()
	loss.Backward()
	if err := torch.Try(loss.Backward); !errors.As(err, &e) {
		t.Errorf("Backward twice: error %v", err)
	}
	torch.ZeroGrad(nn.Tensors(w))
	defer func() {
		if r := recover(); r != 42 {
			t.Errorf("another panic came out as %v", r)
		}
	}()
	gotorchx.Hold(func() { panic(42) })
}

// A layer of ours inside a gotorch network trains by gotorch's optimizer and
// follows gotorch's Train.
func TestLayerInGotorch(t *testing.T) {
	torchtest.NoLeak(t)
	g := torch.NewGenerator(1, torch.CPU)
	norm := nn.NewBatchNorm(3)
	layer := nn.Sequential{nn.NewLinear(4, 3, true, g), norm, nn.GELU{}}
	defer nn.Free(layer)
	m := gotorchx.ToModule(layer)
	net := gnn.Sequential(m, gnn.Linear(3, 1, false))
	s := torch.NewScope()
	defer s.Close()
	x := images(s, 2, 8, 4)

	gotorchx.Hold(func() {
		if got, want := len(m.Parameters()), 4; got != want {
			t.Errorf("gotorch sees %d parameters, want %d", got, want)
		}
		if got, want := len(m.NamedBuffers()), 3; got != want {
			t.Errorf("gotorch sees %d buffers, want %d", got, want)
		}
		opt := gotorch.SGD(.1, 0, 0, 0, false)
		params := net.Parameters()
		opt.AddParameters(params)
		before := torch.ToSlice[float32](nn.Tensors(layer)[0])
		y := gotorchx.FromGotorch(s, net.Forward(gotorchx.ToGotorch(x)).(gotorch.Tensor))
		y.Mul(y).Sum().Backward()
		opt.Step()
		opt.ZeroGrad()
		runtime.KeepAlive(params)
		if slices.Equal(before, torch.ToSlice[float32](nn.Tensors(layer)[0])) {
			t.Error("gotorch's optimizer did not move our weight")
		}
		if n := norm.NumBatchesTracked.ItemInt(); n != 1 {
			t.Errorf("%d batches tracked, want 1", n)
		}
		net.Train(false)
		torchtest.AllClose(t, gotorchx.FromGotorch(s, m.Forward(gotorchx.ToGotorch(x))), layer.Forward(x), 0, 0)
		if norm.Training {
			t.Error("gotorch's Train(false) did not reach our layer")
		}
	})
	torch.ZeroGrad(nn.Tensors(layer))
	runtime.KeepAlive(m)
}

// gotorch's ResNet-18 and our layers with the same weights give the same
// features, from the first stage on. The stems differ: gotorch's, as
// torchvision's, halves the image twice before, and ours, as SimCLR's, does not.
func TestResNetStages(t *testing.T) {
	torchtest.NoLeak(t)
	theirs := gmodels.Resnet18()
	w := wrap(t, theirs)
	w.Rename(statedict.ResNetName)
	ours := newResNet18(t)
	missing, unexpected, err := nn.LoadMatching(ours, withoutStem(w))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range missing {
		if !strings.HasSuffix(name, "num_batches_tracked") && name != "conv1.weight" {
			t.Errorf("gotorch has no %s", name)
		}
	}
	if want := []string{"fc.bias", "fc.weight"}; !slices.Equal(unexpected, want) {
		t.Errorf("our network has no %v, want %v", unexpected, want)
	}
	s := torch.NewScope()
	defer s.Close()
	x := images(s, 1, 2, 64, 8, 8)
	for _, training := range []bool{true, false} {
		nn.SetTraining(ours, training)
		theirs.Train(training)
		y := x
		for _, stage := range ours.Stages {
			for _, block := range stage {
				y = block.Forward(y)
			}
		}
		gotorchx.Hold(func() {
			z := gotorchx.ToGotorch(x)
			for _, stage := range []*gnn.SequentialModule{theirs.L1, theirs.L2, theirs.L3, theirs.L4} {
				z = stage.Forward(z).(gotorch.Tensor)
			}
			torchtest.AllClose(t, y, gotorchx.FromGotorch(s, z), 1e-5, 1e-5)
		})
	}
}

// The result of Forward may be held over gotorch.GC, which waits for all tensors
// that gotorch has made since.
func TestForwardBetweenGCs(t *testing.T) {
	torchtest.NoLeak(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	w := wrap(t, newConv())
	s := torch.NewScope()
	defer s.Close()
	gotorch.GC()
	y := w.Forward(images(s, 1, 4, 1, 5, 5))
	done := make(chan bool)
	go func() {
		select {
		case <-done:
		case <-time.After(time.Minute):
			panic("gotorch.GC waits for a tensor of Forward")
		}
	}()
	gotorch.FinishGC()
	close(done)
	if y.Numel() != 8 {
		t.Error("the result is gone")
	}
}
